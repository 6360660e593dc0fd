using System.Collections.Immutable;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// The rules of a run, pure: no clock, no randomness, no I/O.
/// <para>
/// A step closes as soon as every invited site has answered (a release, a decline, a refusal, having left), else at its deadline. It closes with
/// success only if every required site is among the participants and the quorum is reached; as soon as that has become impossible the
/// attempt is abandoned, without waiting. An abandoned step is tried again, with every site that has not left, while attempts remain;
/// then the run fails. A site that left, for whatever reason, is asked no more, and what it gave to a step that still collects does not
/// count: whether its upload came before or after its leaving decides nothing.
/// </para>
/// <para>
/// A training round of a study whose aggregation is secure is five steps (keys, shares, masked updates, survivors, unmasking), each an
/// ordinary one, and each asks only those who took part in the one before. Where one of them comes to nothing so does the attempt: the next
/// begins with new keys. The parameters change with the last. Of an encrypted round there are four (keys, key making, encrypted updates, decryption), each of all sites.
/// </para>
/// <para>
/// Where the study says how far its metrics may fall, an evaluation may hold its round back: the next one goes on from the parameters of the last that was kept, and so does the model. A run of which no round
/// was kept has failed.
/// </para>
/// <para>
/// While a run is paused the open step still takes answers, is closed when all have answered, and is merged and committed; but its
/// deadline does not count (what was left of it is kept, and starts again on resuming) and no step or attempt opens.
/// </para>
/// </summary>
public static class RoundMachine
{
    /// <summary>What follows from a command.</summary>
    /// <param name="state">The run's state; null where it does not exist.</param>
    /// <param name="command">The command.</param>
    /// <returns>Events, none where the command says what is so already; or a refusal.</returns>
    public static Decision Decide(RunState? state, RunCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(command.Now.ToUnixTimeMilliseconds()); // as exact as the journal
        return (state, command) switch
        {
            (null, CreateRun create) => Create(create.Plan, now),
            (null, _) => Decision.Refuse(RoundFault.RunUnknown),
            (_, CreateRun create) => RunEventCodec.SamePlan(create.Plan, state.Plan) ? Decision.Nothing : Decision.Refuse(RoundFault.RunExists),
            _ => new RoundDecider(state, now).Decide(command),
        };
    }

    /// <summary>The state after an event.</summary>
    /// <exception cref="InvalidOperationException">The event cannot follow: the journal is not this run's.</exception>
    public static RunState Apply(RunState? state, RunEvent journaled)
    {
        ArgumentNullException.ThrowIfNull(journaled);
        if (journaled is RunCreated created)
        {
            return state is not null ? throw Misplaced(journaled) : new RunState
            {
                Plan = created.Plan,
                Parameters = created.Plan.Parameters,
                Kept = (RoundNumber.Preparation, created.Plan.Parameters),
                Constants = created.Plan.Constants,
            };
        }

        if (state is null)
            throw Misplaced(journaled);
        return journaled switch
        {
            RunStarted => state with { Status = RunStatus.Running, Next = state.Plan.First },
            StepOpened e => state with
            {
                Next = null,
                Step = new StepState(e.Step, e.At, e.Invited, e.Deadline, null, ImmutableSortedDictionary<SiteId, SiteAnswer>.Empty, null),
            },
            ReleaseAccepted e => Answered(state, e, e.Step, e.Site, new AcceptedAnswer(e.Release, e.Weight, e.Origin)),
            ReleaseRefused e => Answered(state, e, e.Step, e.Site, new RefusedAnswer(e.Fault)),
            SiteDeclined e => Answered(state, e, e.Step, e.Site, new DeclinedAnswer(e.Reason)),
            SiteLeft e => state with
            {
                Gone = state.Gone.SetItem(e.Site, e.Reason),
                Step = state.Step is { Participants: null } open ? open with { Answers = open.Answers.Remove(e.Site) } : state.Step,
            },
            StepClosed e => state with { Step = Current(state, e, e.Step) with { Participants = e.Participants, Remaining = null } },
            StepCommitted e => Committed(state, e),
            StepAbandoned e => (state with
            {
                Next = state.Plan.Again(e.Step),
            }).End(Current(state, e, e.Step), e.At, null, null, e.Sentence),
            RoundHeldBack e => state with { Parameters = e.Parameters, Metrics = e.Metrics, Kept = (e.Kept, e.Parameters), HeldBack = state.HeldBack.Add(e) },
            RoundRecorded e => state with { Recorded = e.Round },
            RunPaused e => state with
            {
                Status = RunStatus.Paused,
                Step = state.Step is { } step ? step with { Remaining = e.Remaining } : null,
            },
            RunResumed e => state with
            {
                Status = RunStatus.Running,
                Step = state.Step is { } step ? step with { Remaining = null, Deadline = e.Deadline ?? step.Deadline } : null,
            },
            RunCancelled => state with { Status = RunStatus.Cancelled, Next = null },
            RunFailed e => state with { Status = RunStatus.Failed, Next = null, Failure = e.Sentence },
            RunCompleted e => state with { Status = RunStatus.Completed, CompletedAt = e.At, Next = null },
            RunProfiled => state with { Status = RunStatus.Profiled, Next = null },
            RunCompared => state with { Status = RunStatus.Compared, Next = null },
            RunMonitored => state with { Status = RunStatus.Monitored, Next = null },
            RunRegistered e => state with { Status = RunStatus.Registered, Model = e.Model },
            _ => throw Misplaced(journaled),
        };
    }

    /// <summary>The state after all of <paramref name="events"/>; null where there are none.</summary>
    public static RunState? Replay(IEnumerable<RunEvent> events)
    {
        ArgumentNullException.ThrowIfNull(events);
        return events.Aggregate((RunState?)null, Apply);
    }

    private static Decision Create(RunPlan plan, DateTimeOffset now)
    {
        var impossible =
            plan.Rounds < 1 ? "it has no rounds"
            : plan.Attempts < 1 ? "it allows no attempt"
            : plan.Quorum < 1 ? "its quorum is below 1"
            : plan.Deadline <= TimeSpan.Zero ? "its deadline is not after the start"
            : plan.Preparation != plan.Constants is null ? "constants are given and to be learned, or neither"
            : plan.Keys is not null && plan.Sites.Length is < MemberList.MinimumCount or > MemberList.MaximumCount
                ? $"secure aggregation is for {MemberList.MinimumCount} to {MemberList.MaximumCount} sites, and {plan.Sites.Length} have approved the study"
            : plan.Keys?.Distinct().Count() < plan.Keys?.Length ? "two of its sites enrolled with one worker key"
            : plan.Shortfall(plan.First.Kind, plan.Sites);
        return impossible is null ? Decision.Of(new RunCreated(now, plan)) : Decision.Refuse(RoundFault.PlanImpossible, $"The run cannot succeed: {impossible}.");
    }

    private static RunState Answered(RunState state, RunEvent journaled, StepId id, SiteId site, SiteAnswer answer)
    {
        var step = Current(state, journaled, id);
        return state with { Step = step with { Answers = step.Answers.Add(site, answer) } };
    }

    private static RunState Committed(RunState state, StepCommitted e)
    {
        var ended = (state with { Next = state.Plan.After(e.Step) }).End(Current(state, e, e.Step), e.At, e.Result, e.Sum, null);
        return e.Step.Kind switch
        {
            StepKind.Preparation => ended with { Constants = e.Result },
            StepKind.Training when state.Plan.Keys is null => ended with { Parameters = e.Result },
            StepKind.Unmasking or StepKind.Decryption => ended with { Parameters = e.Result },
            StepKind.Evaluation => ended with { Metrics = e.Result, Kept = (e.Step.Round, state.Parameters) },
            StepKind.SiteMetrics => ended with { SiteMetrics = e.Result },
            _ => ended,
        };
    }

    private static RunState End(this RunState state, StepState step, DateTimeOffset at, Sha256Digest? result, Sha256Digest? sum, string? reason)
    {
        var sites = step.Invited.ToImmutableSortedDictionary(site => site, site =>
            step.Answers.TryGetValue(site, out var answer) ? answer
            : state.Gone.TryGetValue(site, out var gone) ? new LeftAnswer(gone)
            : (SiteAnswer)new SilentAnswer());
        var participants = result is null ? [] : step.Participants ?? [];
        return state with
        {
            Step = null,
            History = state.History.Add(new EndedStep(step.Id, step.Opened, at, sites, participants, result, sum, reason)),
        };
    }

    private static StepState Current(RunState state, RunEvent journaled, StepId step) =>
        state.Step is { } current && current.Id == step ? current : throw Misplaced(journaled);

    private static InvalidOperationException Misplaced(RunEvent journaled) =>
        new($"{journaled.GetType().Name} of {journaled.At:O} cannot follow the events before it: the journal is not whole.");
}

/// <summary>What follows from a command: events, or a refusal.</summary>
public abstract record Decision
{
    private protected Decision()
    {
    }

    internal static Decision Nothing { get; } = new Accepted([]);

    internal static Decision Of(params ImmutableArray<RunEvent> events) => new Accepted(events);

    internal static Decision Refuse(RoundFault fault, string? sentence = null) => new Refused(fault, sentence ?? RoundFaults.Sentence(fault));
}

/// <summary>The command is accepted; there are no events where it says what is so already.</summary>
public sealed record Accepted(ImmutableArray<RunEvent> Events) : Decision;

/// <summary>The command is refused, and nothing has changed.</summary>
public sealed record Refused(RoundFault Fault, string Sentence) : Decision;
