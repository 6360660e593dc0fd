using System.Collections.Immutable;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>Where a run stands.</summary>
public enum RunStatus
{
    /// <summary>Created; nothing has been asked of any site.</summary>
    Created,

    /// <summary>Steps follow one another.</summary>
    Running,

    /// <summary>No new step opens; the open one still takes answers.</summary>
    Paused,

    /// <summary>All rounds are committed; the model is being registered.</summary>
    Completed,

    /// <summary>The model is in the registry.</summary>
    Registered,

    /// <summary>The profile that was asked for is there.</summary>
    Profiled,

    /// <summary>The comparison that was asked for is there.</summary>
    Compared,

    /// <summary>What the sites tell of a served version is there.</summary>
    Monitored,

    /// <summary>Ended without a model, by the study's rules.</summary>
    Failed,

    /// <summary>Ended without a model, by a person.</summary>
    Cancelled,
}

/// <summary>What holds for states of a run.</summary>
public static class RunStatuses
{
    /// <summary>Whether nothing more happens.</summary>
    public static bool IsEnd(this RunStatus status) => status is RunStatus.Registered or RunStatus.Profiled or RunStatus.Compared or RunStatus.Monitored or RunStatus.Failed or RunStatus.Cancelled;
}

/// <summary>The state of a run: a fold of <see cref="RoundMachine.Apply"/> over its events.</summary>
public sealed record RunState
{
    /// <summary>What the run has to do.</summary>
    public required RunPlan Plan { get; init; }

    /// <summary>Where it stands.</summary>
    public RunStatus Status { get; init; } = RunStatus.Created;

    /// <summary>Sites that take no further part.</summary>
    public ImmutableSortedDictionary<SiteId, GoneReason> Gone { get; init; } = ImmutableSortedDictionary<SiteId, GoneReason>.Empty;

    /// <summary>The step that collects or is being merged; null between steps.</summary>
    public StepState? Step { get; init; }

    /// <summary>The step to open next, where a pause keeps it waiting; null while a step is open and after the last.</summary>
    public StepAim? Next { get; init; }

    /// <summary>SHA-256 of the newest committed parameters; of those of the last round that was kept, where one was held back.</summary>
    public required Sha256Digest Parameters { get; init; }

    /// <summary>SHA-256 of the preprocessing constants; null until they are learned.</summary>
    public required Sha256Digest? Constants { get; init; }

    /// <summary>SHA-256 of the newest evaluation's metrics, but of those that were held back; null before the first.</summary>
    public Sha256Digest? Metrics { get; init; }

    /// <summary>The last round that was evaluated and kept, with its parameters; 0 with the initial ones before the first.</summary>
    public required (RoundNumber Round, Sha256Digest Parameters) Kept { get; init; }

    /// <summary>Rounds that were held back, in order.</summary>
    public ImmutableList<RoundHeldBack> HeldBack { get; init; } = [];

    /// <summary>SHA-256 of the sites' own metrics of the final parameters; null before, and where the study asks for none.</summary>
    public Sha256Digest? SiteMetrics { get; init; }

    /// <summary>Steps that are over, in order.</summary>
    public ImmutableList<EndedStep> History { get; init; } = [];

    /// <summary>The last round whose record is in the journal; null before the first.</summary>
    public RoundNumber? Recorded { get; init; }

    /// <summary>When the last round was committed; null before.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Why the run failed; null otherwise.</summary>
    public string? Failure { get; init; }

    /// <summary>SHA-256 of the registry entry's manifest; null before registration.</summary>
    public Sha256Digest? Model { get; init; }

    /// <summary>SHA-256 of what every site is given as a file for the open step: of an encrypted round, what the step before it came to; of a comparison, the other model's parameters; null otherwise.</summary>
    public Sha256Digest? File => Plan.Against is { } other && Step is not null ? other.Parameters : Plan.Encrypted && Step is { Id.Kind: StepKind.Training or StepKind.Decryption } ? History[^1].Result : null;

    /// <summary>Whether nothing more happens.</summary>
    public bool Ended => Status.IsEnd();

    /// <summary>The round that is under way; null before the start and after the last.</summary>
    public RoundNumber? Round => Step?.Id.Round ?? Next?.Round;

    /// <summary>The sites that the next step would invite.</summary>
    public IEnumerable<SiteId> Present => Plan.Sites.Where(site => !Gone.ContainsKey(site));
}

/// <summary>A step that collects or is being merged.</summary>
/// <param name="Id">The step.</param>
/// <param name="Opened">When it was opened.</param>
/// <param name="Invited">The sites that were asked.</param>
/// <param name="Deadline">When it closes at the latest; meaningless while the run is paused.</param>
/// <param name="Remaining">What was left of its time when the run was paused; null while it runs.</param>
/// <param name="Answers">What the sites answered. A site that left has none here.</param>
/// <param name="Participants">Once closed: whom the result is made of; null while it collects.</param>
public sealed record StepState(
    StepId Id,
    DateTimeOffset Opened,
    ImmutableArray<SiteId> Invited,
    DateTimeOffset Deadline,
    TimeSpan? Remaining,
    ImmutableSortedDictionary<SiteId, SiteAnswer> Answers,
    ImmutableArray<SiteId>? Participants)
{
    /// <summary>The accepted releases.</summary>
    public IEnumerable<(SiteId Site, AcceptedAnswer Release)> Accepted =>
        Answers.Where(answer => answer.Value is AcceptedAnswer).Select(answer => (answer.Key, (AcceptedAnswer)answer.Value));
}

/// <summary>What a site answered to a step, or became of it.</summary>
public abstract record SiteAnswer;

/// <summary>Its release was accepted.</summary>
public sealed record AcceptedAnswer(Sha256Digest Release, int Weight, ReleaseOrigin Origin) : SiteAnswer;

/// <summary>It said no.</summary>
public sealed record DeclinedAnswer(SiteReason Reason) : SiteAnswer;

/// <summary>Its release was refused.</summary>
public sealed record RefusedAnswer(RoundFault Fault) : SiteAnswer;

/// <summary>It left the run before the step was closed.</summary>
public sealed record LeftAnswer(GoneReason Reason) : SiteAnswer;

/// <summary>It had not answered when the step ended.</summary>
public sealed record SilentAnswer : SiteAnswer;

/// <summary>A step that is over.</summary>
/// <param name="Id">The step.</param>
/// <param name="Opened">When it was opened.</param>
/// <param name="Ended">When it was committed or abandoned.</param>
/// <param name="Sites">For every invited site what became of it.</param>
/// <param name="Participants">Whom the result is made of; empty where there is none.</param>
/// <param name="Result">SHA-256 of the result; null where the attempt came to nothing.</param>
/// <param name="Sum">SHA-256 of the sum that the result was made of, where that is new parameters; null otherwise.</param>
/// <param name="Reason">Why it came to nothing; null where it was committed.</param>
public sealed record EndedStep(
    StepId Id,
    DateTimeOffset Opened,
    DateTimeOffset Ended,
    ImmutableSortedDictionary<SiteId, SiteAnswer> Sites,
    ImmutableArray<SiteId> Participants,
    Sha256Digest? Result,
    Sha256Digest? Sum,
    string? Reason);
