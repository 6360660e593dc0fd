using System.Collections.Immutable;
using System.Text.Json.Serialization;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>What happened to a run; journaled before it takes effect. A closed hierarchy; its JSON is <see cref="RunEventCodec"/>'s.</summary>
/// <param name="At">When it was decided, to the millisecond.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(RunCreated), nameof(RunCreated))]
[JsonDerivedType(typeof(RunStarted), nameof(RunStarted))]
[JsonDerivedType(typeof(StepOpened), nameof(StepOpened))]
[JsonDerivedType(typeof(ReleaseAccepted), nameof(ReleaseAccepted))]
[JsonDerivedType(typeof(ReleaseRefused), nameof(ReleaseRefused))]
[JsonDerivedType(typeof(SiteDeclined), nameof(SiteDeclined))]
[JsonDerivedType(typeof(SiteLeft), nameof(SiteLeft))]
[JsonDerivedType(typeof(StepClosed), nameof(StepClosed))]
[JsonDerivedType(typeof(StepCommitted), nameof(StepCommitted))]
[JsonDerivedType(typeof(StepAbandoned), nameof(StepAbandoned))]
[JsonDerivedType(typeof(RoundHeldBack), nameof(RoundHeldBack))]
[JsonDerivedType(typeof(RoundRecorded), nameof(RoundRecorded))]
[JsonDerivedType(typeof(RunPaused), nameof(RunPaused))]
[JsonDerivedType(typeof(RunResumed), nameof(RunResumed))]
[JsonDerivedType(typeof(RunCancelled), nameof(RunCancelled))]
[JsonDerivedType(typeof(RunFailed), nameof(RunFailed))]
[JsonDerivedType(typeof(RunCompleted), nameof(RunCompleted))]
[JsonDerivedType(typeof(RunProfiled), nameof(RunProfiled))]
[JsonDerivedType(typeof(RunCompared), nameof(RunCompared))]
[JsonDerivedType(typeof(RunMonitored), nameof(RunMonitored))]
[JsonDerivedType(typeof(RunRegistered), nameof(RunRegistered))]
public abstract record RunEvent(DateTimeOffset At)
{
    /// <summary>Whether the run is over with this event: nothing follows it.</summary>
    [JsonIgnore]
    public bool Ends => this is RunRegistered or RunProfiled or RunCompared or RunMonitored or RunFailed or RunCancelled;
}

/// <summary>The run was created.</summary>
public sealed record RunCreated(DateTimeOffset At, RunPlan Plan) : RunEvent(At);

/// <summary>The run was started.</summary>
public sealed record RunStarted(DateTimeOffset At) : RunEvent(At);

/// <summary>A step was opened: from here on it may be offered to the invited sites.</summary>
public sealed record StepOpened(DateTimeOffset At, StepId Step, ImmutableArray<SiteId> Invited, DateTimeOffset Deadline) : RunEvent(At);

/// <summary>A site's release counts, once, if the step is closed with it.</summary>
public sealed record ReleaseAccepted(DateTimeOffset At, StepId Step, SiteId Site, Sha256Digest Release, int Weight, ReleaseOrigin Origin) : RunEvent(At);

/// <summary>A site's release was refused for good: the site has answered, and does not take part in this attempt.</summary>
public sealed record ReleaseRefused(DateTimeOffset At, StepId Step, SiteId Site, RoundFault Fault) : RunEvent(At);

/// <summary>A site said no to this attempt.</summary>
public sealed record SiteDeclined(DateTimeOffset At, StepId Step, SiteId Site, SiteReason Reason) : RunEvent(At);

/// <summary>A site takes no further part in the run; what it gave to a step that is still open does not count.</summary>
public sealed record SiteLeft(DateTimeOffset At, SiteId Site, GoneReason Reason) : RunEvent(At);

/// <summary>The step is to be merged from exactly these participants.</summary>
public sealed record StepClosed(DateTimeOffset At, StepId Step, ImmutableArray<SiteId> Participants) : RunEvent(At);

/// <summary>The step's result is final.</summary>
/// <param name="At">When.</param>
/// <param name="Step">The step.</param>
/// <param name="Result">SHA-256 of the result.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Sum">Of new parameters: SHA-256 of the sum that they were made of; null otherwise, and in what a version wrote that kept no sums.</param>
public sealed record StepCommitted(
    DateTimeOffset At, StepId Step, Sha256Digest Result, long Length, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Sha256Digest? Sum = null) : RunEvent(At);

/// <summary>The attempt came to nothing.</summary>
/// <param name="At">When.</param>
/// <param name="Step">The step.</param>
/// <param name="Sentence">Why, for people.</param>
public sealed record StepAbandoned(DateTimeOffset At, StepId Step, string Sentence) : RunEvent(At);

/// <summary>The round's parameters are not gone on with, by the study's rule of how far its metrics may fall; with the commit of its evaluation.</summary>
/// <param name="At">When.</param>
/// <param name="Round">The round.</param>
/// <param name="Kept">The last round that was kept, which the run goes on from; 0 is the beginning.</param>
/// <param name="Parameters">SHA-256 of its parameters.</param>
/// <param name="Metrics">SHA-256 of its evaluation; null at the beginning.</param>
public sealed record RoundHeldBack(DateTimeOffset At, RoundNumber Round, RoundNumber Kept, Sha256Digest Parameters, Sha256Digest? Metrics) : RunEvent(At);

/// <summary>The signed record of a round that is over; in the journal before, and together with, the event that follows the round.</summary>
/// <param name="At">When.</param>
/// <param name="Round">The round.</param>
/// <param name="Record">Canonical JSON (see <see cref="RoundRecord"/>).</param>
/// <param name="Signature">The coordinator's signature over the record's UTF-8 bytes, in base64.</param>
public sealed record RoundRecorded(DateTimeOffset At, RoundNumber Round, string Record, string Signature) : RunEvent(At);

/// <summary>The run pauses.</summary>
/// <param name="At">When.</param>
/// <param name="Remaining">What was left of the open step's time; null where no step collects.</param>
public sealed record RunPaused(DateTimeOffset At, TimeSpan? Remaining) : RunEvent(At);

/// <summary>The run goes on.</summary>
/// <param name="At">When.</param>
/// <param name="Deadline">The open step's new deadline; null where no step collects.</param>
public sealed record RunResumed(DateTimeOffset At, DateTimeOffset? Deadline) : RunEvent(At);

/// <summary>The run was ended by a person, without a model.</summary>
public sealed record RunCancelled(DateTimeOffset At) : RunEvent(At);

/// <summary>The run cannot succeed any more.</summary>
/// <param name="At">When.</param>
/// <param name="Sentence">Why, for people.</param>
public sealed record RunFailed(DateTimeOffset At, string Sentence) : RunEvent(At);

/// <summary>All rounds are committed.</summary>
/// <param name="At">When.</param>
/// <param name="Parameters">SHA-256 of the final parameters.</param>
/// <param name="Participation">For every committed step, who took part and who did not.</param>
public sealed record RunCompleted(DateTimeOffset At, Sha256Digest Parameters, ImmutableArray<StepParticipation> Participation) : RunEvent(At);

/// <summary>The profile that the run asked for is there.</summary>
/// <param name="At">When.</param>
/// <param name="Profile">SHA-256 of it.</param>
public sealed record RunProfiled(DateTimeOffset At, Sha256Digest Profile) : RunEvent(At);

/// <summary>The comparison that the run asked for is there.</summary>
public sealed record RunCompared(DateTimeOffset At, Sha256Digest Comparison) : RunEvent(At);

/// <summary>What the sites tell of a served version is there.</summary>
public sealed record RunMonitored(DateTimeOffset At, Sha256Digest Monitoring) : RunEvent(At);

/// <summary>The model is in the registry.</summary>
public sealed record RunRegistered(DateTimeOffset At, Sha256Digest Model) : RunEvent(At);

/// <summary>Who took part in a committed step.</summary>
public sealed record StepParticipation(StepId Step, ImmutableArray<SiteId> Participants, ImmutableArray<SiteId> Absent);
