using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// An attempt at a round whose updates the coordinator does not see, as it is when one of its steps is opened: what the sites are given, and what they must answer. It is made anew from the
/// committed steps of the attempt and their results; nothing of it is kept elsewhere, so that it is the same after every restart.
/// </summary>
public abstract class RoundAttempt
{
    private protected RoundAttempt()
    {
    }

    /// <summary>What the attempt is about.</summary>
    public abstract AggregationTerms Terms { get; }

    /// <summary>The attempt at one of its steps.</summary>
    /// <param name="study">The run's study.</param>
    /// <param name="run">The run's state, at that step.</param>
    /// <param name="step">The step.</param>
    /// <param name="dimension">Values of an update.</param>
    /// <param name="results">Where the results are.</param>
    /// <exception cref="IOException">A result is not there, or was changed.</exception>
    public static RoundAttempt At(Study study, RunState run, StepId step, int dimension, ResultStore results)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Federation.IsEncrypted ? new EncryptedAttempt(study, run, step, dimension, results) : new MaskedAttempt(study, run, step, dimension, results);
    }

    /// <summary>What a site is given for the step.</summary>
    public abstract ReadOnlyMemory<byte> InputsFor(SiteId site);

    /// <summary>The encoding of a release for the step.</summary>
    public abstract string Encoding { get; }

    /// <summary>Bytes with which a site's release for the step begins, before its message.</summary>
    public abstract long VectorLengthOf(SiteId site);

    /// <summary>Longest message for the step.</summary>
    public abstract int LongestMessage { get; }

    /// <summary>What those bytes must be; null where every value is as good as another.</summary>
    public virtual PackedLayout? Layout => null;

    /// <summary>Why the step does not take a message of the site that sent it; null where it does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="vector">SHA-256 of the bytes before it; of no bytes where there are none.</param>
    public abstract AggregationRefusal? RefusalOf(AggregationMessage message, Sha256Digest vector);

    /// <summary>The sum of an attempt, once it is committed: its digest, and what the weights in it add up to.</summary>
    public static (Sha256Digest Sum, long TotalWeight) SumOf(RunState run, StepId step)
    {
        ArgumentNullException.ThrowIfNull(run);
        var summed = run.History.Single(ended => IsBefore(ended, step) && ended.Id.Kind == StepKind.Training);
        return (summed.Result!.Value, summed.Participants.Sum(site => (long)((AcceptedAnswer)summed.Sites[site]).Weight));
    }

    /// <summary>Whether a step is a committed one of the same attempt, before this one.</summary>
    private protected static bool IsBefore(EndedStep ended, StepId step) =>
        ended.Result is not null && ended.Id.Round == step.Round && ended.Id.Kind.Part() == StepKind.Training && ended.Id.Attempt == step.Attempt && ended.Id.Kind.Phase() < step.Kind.Phase();

    private protected static AggregationRefusal Refuse(AggregationFault fault, string sentence) => new(fault, null, sentence);

    private protected static AggregationRefusal OtherVector() => Refuse(AggregationFault.AskedOtherwise, "The message answers for other bytes than those that come before it.");

    // Results are read by their digest, and were written by this program: another message is a fault of the program.
    private protected static T Message<T>(ReadOnlySpan<byte> bytes)
        where T : AggregationMessage => (T)AggregationMessage.Read(bytes)!;
}
