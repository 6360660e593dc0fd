using System.Buffers.Binary;
using System.Collections.Immutable;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// An attempt at a masked round, made anew from the committed steps of it and their results: nothing of it is kept elsewhere, so that it is the same after every
/// restart. The committed steps hold what was checked when it was staged; here it is not checked again.
/// </summary>
internal static class MaskedAttempt
{
    /// <summary>The attempt as it is when one of its steps is opened.</summary>
    /// <param name="study">The run's study.</param>
    /// <param name="run">The run's state, at that step.</param>
    /// <param name="step">The step.</param>
    /// <param name="dimension">Values of an update.</param>
    /// <param name="results">Where the results are.</param>
    /// <exception cref="IOException">A result is not there, or was changed.</exception>
    public static ServerState At(Study study, RunState run, StepId step, int dimension, ResultStore results)
    {
        var state = new ServerState(StudyTerms.Of(study, run.Plan.Members!, step, run.Parameters, dimension));
        foreach (var ended in run.History.Where(ended => IsBefore(ended, step)))
        {
            foreach (var (sender, message) in MessagesOf(ended, results))
                state = state.Apply(new MessageAccepted(sender, message));
            state = state.Apply(new StageClosed(state.Stage, MemberSet.Of(ended.Participants.Select(state.Terms.Members.IndexOf))));
        }

        return state;
    }

    /// <summary>What a site is given for the step that the attempt is at.</summary>
    public static ReadOnlyMemory<byte> InputsFor(ServerState attempt, SiteId site) =>
        attempt.Stage == AggregationStage.Keys ? attempt.Terms.Members.Encode() : attempt.RequestFor(attempt.Terms.Members.IndexOf(site))?.Encode();

    /// <summary>The masked sum of an attempt, once it is committed: its digest, and what the weights in it add up to.</summary>
    public static (Sha256Digest Sum, long TotalWeight) SumOf(RunState run, StepId step)
    {
        var summed = run.History.Single(ended => IsBefore(ended, step) && ended.Id.Kind == StepKind.Training);
        return (summed.Result!.Value, summed.Participants.Sum(site => (long)((AcceptedAnswer)summed.Sites[site]).Weight));
    }

    /// <summary>What the sites shared, as the result of that step: each site's message with its length before it.</summary>
    public static byte[] Join(IEnumerable<AggregationMessage> messages)
    {
        using var joined = new MemoryStream();
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var message in messages.Select(message => message.Encode()))
        {
            BinaryPrimitives.WriteInt32BigEndian(length, message.Length);
            joined.Write(length);
            joined.Write(message);
        }

        return joined.ToArray();
    }

    private static bool IsBefore(EndedStep ended, StepId step) =>
        ended.Result is not null && ended.Id.Round == step.Round && ended.Id.Kind.Part() == StepKind.Training && ended.Id.Attempt == step.Attempt && ended.Id.Kind.Phase() < step.Kind.Phase();

    private static IEnumerable<(int Sender, AggregationMessage Message)> MessagesOf(EndedStep ended, ResultStore results)
    {
        if (ended.Id.Kind == StepKind.Training)
            return []; // what follows needs who survived, and nothing of the heads
        var result = results.Read(ended.Result!.Value, int.MaxValue);
        return ended.Id.Kind switch
        {
            StepKind.KeyAgreement => Message<KeyRoster>(result).Keys.Select(message => (message.Sender, (AggregationMessage)message)),
            StepKind.Agreement => Message<SurvivorProof>(result).Signatures.Select(message => (message.Sender, (AggregationMessage)message)),
            _ => Split(result).Select(message => (message.Shares[0].Sender, (AggregationMessage)message)),
        };
    }

    private static List<ShareBatch> Split(ReadOnlySpan<byte> joined)
    {
        var batches = new List<ShareBatch>();
        while (!joined.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(joined);
            batches.Add(Message<ShareBatch>(joined.Slice(sizeof(int), length)));
            joined = joined[(sizeof(int) + length)..];
        }

        return batches;
    }

    // Results are read by their digest, and were written by this program: another message is a fault of the program.
    private static T Message<T>(ReadOnlySpan<byte> bytes)
        where T : AggregationMessage => (T)AggregationMessage.Read(bytes)!;
}
