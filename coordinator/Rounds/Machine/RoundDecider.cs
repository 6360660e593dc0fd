using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>Works out what follows from one command for a run that exists: events, each applied before the next is decided.</summary>
internal sealed class RoundDecider(RunState state, DateTimeOffset now)
{
    private readonly ImmutableArray<RunEvent>.Builder _events = ImmutableArray.CreateBuilder<RunEvent>();
    private RunState _state = state;

    private RunPlan Plan => _state.Plan;

    private bool Paused => _state.Status == RunStatus.Paused;

    public Decision Decide(RunCommand command)
    {
        var refusal = command switch
        {
            StartRun => Start(),
            ReleaseStaged c => Answer(c.Step, c.Site, new AcceptedAnswer(c.Release, c.Weight, c.Origin), new ReleaseAccepted(now, c.Step, c.Site, c.Release, c.Weight, c.Origin)),
            ReleaseRejected c => Answer(c.Step, c.Site, new RefusedAnswer(c.Fault), new ReleaseRefused(now, c.Step, c.Site, c.Fault)),
            DeclineStep c => Answer(c.Step, c.Site, new DeclinedAnswer(c.Reason), new SiteDeclined(now, c.Step, c.Site, c.Reason)),
            RemoveSite c => Remove(c.Site, c.Reason),
            DeadlineReached c => Deadline(c.Step),
            StepMerged c => Commit(c),
            MergeFailed c => Unmergeable(c),
            PauseRun => Pause(),
            ResumeRun => Resume(),
            CancelRun => Cancel(),
            ModelRegistered c => Register(c.Model),
            _ => throw new ArgumentException($"{command.GetType().Name} is no command for a run that exists.", nameof(command)),
        };
        return refusal is { } fault ? Decision.Refuse(fault) : new Accepted(_events.ToImmutable());
    }

    private RoundFault? Start()
    {
        if (_state.Status != RunStatus.Created)
            return _state.Ended ? RoundFault.RunOver : null;
        Add(new RunStarted(now));
        OpenNext();
        return null;
    }

    private RoundFault? Answer(StepId id, SiteId site, SiteAnswer answer, RunEvent journaled)
    {
        if (_state.Step is not { } step || step.Id != id)
            return Elsewhere(id, site, answer);
        if (!step.Invited.Contains(site))
            return RoundFault.SiteNotInvited;
        if (step.Answers.TryGetValue(site, out var earlier))
            return earlier == answer ? null : RoundFault.SiteAnswered;
        if (_state.Gone.ContainsKey(site))
            return RoundFault.SiteGone;
        if (step.Participants is not null)
            return RoundFault.StepLate;
        Add(journaled);
        CloseIfDecided();
        return null;
    }

    // An answer to a step that is not the present one: the same as before, or too late, or to nothing.
    private RoundFault? Elsewhere(StepId id, SiteId site, SiteAnswer answer)
    {
        var ended = _state.History.FindLast(ended => ended.Id == id);
        if (ended is not null && ended.Sites.TryGetValue(site, out var earlier) && earlier == answer)
            return null;
        return ended switch
        {
            { Result: not null } => RoundFault.StepLate,
            not null when !_state.Ended => RoundFault.AttemptStale,
            _ when _state.Ended => RoundFault.RunOver,
            _ when _state.Status == RunStatus.Created => RoundFault.RunNotStarted,
            _ => RoundFault.StepUnknown,
        };
    }

    private RoundFault? Remove(SiteId site, GoneReason reason)
    {
        if (!Plan.Sites.Contains(site))
            return RoundFault.SiteNotInvited;
        if (_state.Gone.ContainsKey(site) || _state.Ended || _state.Status == RunStatus.Completed)
            return null;
        Add(new SiteLeft(now, site, reason));
        CloseIfDecided();
        return null;
    }

    private RoundFault? Deadline(StepId id)
    {
        if (_state.Step is not { } step || step.Id != id)
            return _state.Ended ? RoundFault.RunOver : RoundFault.AttemptStale;
        if (step.Participants is not null)
            return null; // closed just before its timer went off
        if (Paused)
            return RoundFault.RunIsPaused;
        if (now < step.Deadline)
            return RoundFault.DeadlineAhead;
        if (Plan.Shortfall(step.Id.Kind, [.. step.Accepted.Select(accepted => accepted.Site)]) is { } shortfall)
            Abandon(step, $"the deadline passed and {shortfall}");
        else
            Close(step);
        return null;
    }

    private RoundFault? Commit(StepMerged merged)
    {
        if (_state.Step is { } step && step.Id == merged.Step)
        {
            if (step.Participants is null)
                return RoundFault.StepCollects;
            var (kept, metrics) = (_state.Kept, _state.Metrics);
            Add(new StepCommitted(now, merged.Step, merged.Result, merged.Length, merged.Sum));
            if (merged.HeldBack)
                Add(new RoundHeldBack(now, merged.Step.Round, kept.Round, kept.Parameters, metrics));
            if (_state.Next is not null)
                OpenNext();
            else if (_state is { HeldBack.Count: > 0, Metrics: null })
                Add(new RunFailed(now, "No round was kept: after each of them the AUROC (of a number: R²) of all sites was undefined, so that there is no model."));
            else
                Complete();
            return null;
        }

        return _state.History.FindLast(ended => ended.Id == merged.Step) switch
        {
            { Result: { } result } => result == merged.Result ? null : RoundFault.ResultDiffers,
            not null => RoundFault.AttemptStale,
            null => RoundFault.StepUnknown,
        };
    }

    private RoundFault? Unmergeable(MergeFailed failed)
    {
        if (_state.Step is not { } step || step.Id != failed.Step)
            return RoundFault.AttemptStale;
        if (step.Participants is null)
            return RoundFault.StepCollects;
        Abandon(step, $"it could not be merged ({RoundFaults.Code(failed.Fault)}{(failed.Detail is null ? "" : $": {failed.Detail}")})");
        return null;
    }

    private RoundFault? Pause()
    {
        if (_state.Ended || _state.Status == RunStatus.Completed)
            return RoundFault.RunOver;
        if (_state.Status == RunStatus.Created)
            return RoundFault.RunNotStarted;
        if (Paused)
            return null;
        var remaining = _state.Step is { Participants: null } step ? step.Deadline - now : (TimeSpan?)null;
        Add(new RunPaused(now, remaining < TimeSpan.Zero ? TimeSpan.Zero : remaining));
        return null;
    }

    private RoundFault? Resume()
    {
        if (_state.Ended || _state.Status == RunStatus.Completed)
            return RoundFault.RunOver;
        if (!Paused)
            return _state.Status == RunStatus.Created ? RoundFault.RunNotStarted : null;
        Add(new RunResumed(now, _state.Step is { Participants: null, Remaining: { } remaining } ? now + remaining : null));
        OpenNext();
        return null;
    }

    private RoundFault? Cancel()
    {
        if (_state.Status == RunStatus.Cancelled)
            return null;
        if (_state.Ended || _state.Status == RunStatus.Completed)
            return RoundFault.RunOver; // its model is final
        if (_state.Step is { } step)
            Add(new StepAbandoned(now, step.Id, $"The run was cancelled during {Describe(step.Id)}."));
        Add(new RunCancelled(now));
        return null;
    }

    private RoundFault? Register(Sha256Digest model)
    {
        if (_state.Status == RunStatus.Registered)
            return _state.Model == model ? null : RoundFault.ResultDiffers;
        if (_state.Status != RunStatus.Completed)
            return _state.Ended ? RoundFault.RunOver : RoundFault.RunIncomplete;
        Add(new RunRegistered(now, model));
        return null;
    }

    private void CloseIfDecided()
    {
        if (_state.Step is not { Participants: null } step)
            return;
        // Who takes part, or may still do so.
        var possible = step.Invited.Where(site =>
            !_state.Gone.ContainsKey(site) && (!step.Answers.TryGetValue(site, out var answer) || answer is AcceptedAnswer)).ToImmutableArray();
        if (Plan.Shortfall(step.Id.Kind, possible) is { } shortfall)
            Abandon(step, shortfall);
        else if (possible.All(step.Answers.ContainsKey))
            Close(step);
    }

    private void Close(StepState step) => Add(new StepClosed(now, step.Id, [.. step.Accepted.Select(accepted => accepted.Site)]));

    private void Abandon(StepState step, string reason)
    {
        var sentence = $"Attempt {step.Id.Attempt} of {Plan.Attempts} at {Describe(step.Id)} came to nothing: {reason}.";
        Add(new StepAbandoned(now, step.Id, sentence));
        if (step.Id.Attempt >= Plan.Attempts)
            Add(new RunFailed(now, $"{sentence} No attempt is left."));
        else
            OpenNext();
    }

    private void OpenNext()
    {
        if (Paused || _state.Next is not { } next)
            return;
        // Within an attempt at a masked round only those are left who took part in the step before.
        var within = Plan.IsMasked(next.Kind) && next.Kind.Phase() > 0;
        ImmutableArray<SiteId> invited = [.. _state.Present.Where(site => !within || _state.History[^1].Participants.Contains(site))];
        if (!within && Plan.Shortfall(next.Kind, invited) is { } shortfall)
        {
            Add(new RunFailed(now, $"The run ends before {Describe(next.Of(Plan.Run))}: {shortfall}."));
            return;
        }

        Add(new StepOpened(now, next.Of(Plan.Run), invited, now + Plan.Deadline));
        CloseIfDecided(); // who left since the step before may have been one too many for this attempt
    }

    private void Complete()
    {
        if (Plan.Profile)
        {
            Add(new RunProfiled(now, _state.History[^1].Result!.Value));
            return;
        }

        if (Plan.Monitoring is not null)
        {
            Add(new RunMonitored(now, _state.History[^1].Result!.Value));
            return;
        }

        if (Plan.Against is not null)
        {
            Add(new RunCompared(now, _state.History[^1].Result!.Value));
            return;
        }

        var participation = _state.History.Where(step => step.Result is not null).Select(step => new StepParticipation(
            step.Id, step.Participants, [.. step.Sites.Keys.Except(step.Participants)]));
        Add(new RunCompleted(now, _state.Parameters, [.. participation]));
    }

    private void Add(RunEvent decided)
    {
        _events.Add(decided);
        _state = RoundMachine.Apply(_state, decided);
    }

    private static string Describe(StepId step) => step.Kind switch
    {
        StepKind.Preparation => "the preparation",
        StepKind.Training => $"training round {step.Round}",
        StepKind.Evaluation => $"the evaluation of round {step.Round}",
        StepKind.Profile => "the profile",
        StepKind.Comparison => "the comparison",
        StepKind.Monitoring => "what the sites tell of a served version",
        StepKind.KeyAgreement => $"the keys of training round {step.Round}",
        StepKind.Sharing => $"the shares of training round {step.Round}",
        StepKind.Agreement => $"the survivors of training round {step.Round}",
        StepKind.Unmasking => $"the unmasking of training round {step.Round}",
        StepKind.KeyMaking => $"the encryption key of training round {step.Round}",
        StepKind.Decryption => $"the decryption of training round {step.Round}",
        _ => $"the per-site metrics of round {step.Round}",
    };
}
