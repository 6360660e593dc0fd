using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>Makes the results of the steps of a masked round: rosters, shares and proofs, the masked sum, and at last the new parameters.</summary>
/// <param name="study">The run's study.</param>
/// <param name="results">Where results go, and come from.</param>
/// <param name="roots">Of the noise that this coordinator adds.</param>
internal sealed class MaskedMerge(Study study, ResultStore results, NoiseRoots roots)
{
    /// <summary>Merges a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="payloads">Its participants' releases.</param>
    /// <param name="parameters">The parameters from which the sites started.</param>
    /// <param name="masked">The attempt, and of the unmasking the sum.</param>
    public MergeOutcome Merge(StepId step, IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, Sha256Digest parameters, MaskedStep masked)
    {
        if (step.Kind == StepKind.Training)
            return Fold(step, payloads, masked.Attempt.Terms);
        if (Collect(payloads, ((MaskedAttempt)masked.Attempt).State, out var refusal) is not { } attempt)
            return new MergeOutcome(default, 0, RoundFault.MessagesDisagree, refusal?.Sentence);
        return step.Kind switch
        {
            StepKind.KeyAgreement => Store(attempt.Roster!.Encode()),
            StepKind.Sharing => Store(MessageList.Join(payloads.Select(item => Message<AggregationMessage>(item.Payload)))),
            StepKind.Agreement => Store(attempt.RequestFor(attempt.Expected.Indices.First())!.Encode()),
            _ => Unmask(step, attempt, parameters, masked),
        };
    }

    // What was right by itself when it was staged may not go with another site's: two that use one key, for example.
    private static ServerState? Collect(IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, ServerState attempt, out AggregationRefusal? refusal)
    {
        refusal = null;
        var stage = attempt.Stage;
        foreach (var (_, payload) in payloads)
        {
            var decided = ServerMachine.Decide(attempt, new TakeMessage(Message<AggregationMessage>(payload)));
            if (decided.Refusal is { } refused)
            {
                refusal = refused;
                return null;
            }

            attempt = decided.Events.Aggregate(attempt, (state, happened) => state.Apply(happened));
        }

        if (attempt.Stage == stage)
            attempt = ServerMachine.Decide(attempt, new CloseStage()).Events.Aggregate(attempt, (state, happened) => state.Apply(happened));
        return attempt.Stage == AggregationStage.Failed ? null : attempt;
    }

    // Words wrap, so that neither blocks nor order decide anything; the sum is durable when this returns, and the step is committed after that.
    private MergeOutcome Fold(StepId step, IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, AggregationTerms terms)
    {
        var word = terms.Declared.Word;
        var (sum, block) = (new byte[ServerStep.BlockValues * word.Bytes()], new byte[ServerStep.BlockValues * word.Bytes()]);
        using var writer = results.Begin(step.ToString());
        for (long start = 0; start < terms.PayloadLength; start += sum.Length)
        {
            var count = (int)Math.Min(sum.Length, terms.PayloadLength - start);
            Array.Clear(sum);
            foreach (var (_, payload) in payloads)
            {
                payload.Read(start, block.AsSpan(0, count));
                MaskedVector.Add(word, sum.AsSpan(0, count), block.AsSpan(0, count));
            }

            writer.Write(sum.AsSpan(0, count));
        }

        FaultPoint.Reached("merge-written");
        var length = writer.Length;
        return new MergeOutcome(writer.Complete(), length, null);
    }

    private MergeOutcome Unmask(StepId step, ServerState attempt, Sha256Digest parameters, MaskedStep masked)
    {
        using var masks = Unmasking.Masks(attempt, out var refusal);
        if (masks is null)
            return new MergeOutcome(default, 0, RoundFault.SharesUnfit, refusal?.Sentence);
        var words = results.Read(masked.Sum, int.MaxValue);
        masks.Apply(words);
        return new WordUpdate(study, results, roots).Make(step, parameters, words, attempt.Terms.Declared.Word, masked.TotalWeight);
    }

    private MergeOutcome Store(ReadOnlySpan<byte> result) => new(results.Write(result), result.Length, null);

    /// <summary>A staged message, or the one at the end of a release; it was read when it was staged.</summary>
    internal static T Message<T>(StagedPayload payload, long offset = 0)
        where T : AggregationMessage
    {
        var bytes = new byte[payload.Length - offset]; // at most a message's length: the upload was held against that
        payload.Read(offset, bytes);
        return (T)AggregationMessage.Read(bytes)!;
    }
}

/// <summary>What the merge of a masked or encrypted round's step needs beside the releases.</summary>
/// <param name="Attempt">The attempt as it was when the step was opened.</param>
/// <param name="Sum">Of the last step: SHA-256 of the masked or encrypted sum.</param>
/// <param name="TotalWeight">Of the last step: what the weights in the sum add up to.</param>
public sealed record MaskedStep(RoundAttempt Attempt, Sha256Digest Sum, long TotalWeight);
