using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>What a run needs of its surroundings.</summary>
/// <param name="Journal">Where its events go.</param>
/// <param name="Staging">Where its uploads go.</param>
/// <param name="Results">Where its results go.</param>
/// <param name="Registry">Where its model goes.</param>
/// <param name="Noise">Where the noise comes from that it adds, if its study says so.</param>
/// <param name="Key">Signs its round records and its model.</param>
/// <param name="WorkerKey">The key of a site's worker; null where it is not enrolled, or revoked.</param>
/// <param name="Renewals">How that key came of those before it.</param>
/// <param name="Time">The clock.</param>
/// <param name="Software">Version of this software, for the model's manifest.</param>
public sealed record RunServices(
    IRunJournal Journal,
    StagingArea Staging,
    ResultStore Results,
    ModelRegistry Registry,
    NoiseRoots Noise,
    SigningKey Key,
    Func<SiteId, VerifyingKey?> WorkerKey,
    Func<SiteId, KeyRenewals> Renewals,
    TimeProvider Time,
    string Software);

/// <summary>Whether a site may upload for a step.</summary>
/// <param name="Rule">What the release must be, where one is awaited.</param>
/// <param name="Accepted">The release that was accepted before: whoever sends it again is told so.</param>
/// <param name="Fault">Why none is taken.</param>
public readonly record struct UploadPermit(UploadRule? Rule, Sha256Digest? Accepted, RoundFault? Fault);

/// <summary>
/// A run at work: journal before effect, over <see cref="RoundMachine"/>. Used by one caller at a time (a grain's turn, the simulator's
/// thread). After an exception its memory may be behind the journal: make a new one, which replays, and call <see cref="Recover"/>.
/// </summary>
public sealed class RunProcess
{
    private readonly RunId _run;
    private readonly Study _study;
    private readonly RunServices _services;
    private readonly IRunEffects _effects;
    private readonly int _dimension;
    private readonly StepMerge _merge;
    private (StepId Step, RoundAttempt Attempt)? _attempt; // of the step that was asked about last: every chunk of an upload needs it
    private bool _broken;

    /// <summary>Takes up a run where the journal left it; effects follow with <see cref="Recover"/>.</summary>
    /// <exception cref="FormatException">The journal holds an event that this version does not know.</exception>
    public RunProcess(RunId run, Study study, RunServices services, IRunEffects effects)
    {
        ArgumentNullException.ThrowIfNull(services);
        (_run, _study, _services, _effects) = (run, study, services, effects);
        _dimension = ModelPlan.For(study).Layout.Dimension;
        _merge = new StepMerge(study, services.Staging, services.Results, services.Noise);
        foreach (var (sequence, journaled) in services.Journal.Read(run))
            (State, Sequence) = (RoundMachine.Apply(State, journaled), sequence);
        if (State is not null && State.Plan.Study != study.Digest)
            throw new ArgumentException($"Run {run} is of study {State.Plan.Study}, not of {study.Digest}.", nameof(study));
    }

    /// <summary>The run's state; null until it is created.</summary>
    public RunState? State { get; private set; }

    /// <summary>Number of the last journaled event; 0 before the first.</summary>
    public long Sequence { get; private set; }

    /// <summary>
    /// The command that creates a run of <paramref name="study"/>; its initial parameters, and the constants where the study gives them
    /// all, are durable in <paramref name="results"/> when this returns.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="study">The study.</param>
    /// <param name="approvedSites">Sites that approved it.</param>
    /// <param name="results">Where results go.</param>
    /// <param name="workerKey">The key of a site's worker.</param>
    /// <param name="renewals">How it came of those before it.</param>
    /// <param name="now">The coordinator's time.</param>
    public static CreateRun Plan(
        RunId run, Study study, IEnumerable<SiteId> approvedSites, ResultStore results, Func<SiteId, VerifyingKey?> workerKey, Func<SiteId, KeyRenewals> renewals, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(results);
        var invited = study.Federation.Sites.IsEmpty ? approvedSites : approvedSites.Intersect(study.Federation.Sites);
        var initial = System.Runtime.InteropServices.MemoryMarshal.AsBytes(ModelPlan.For(study).InitialParameters().AsSpan());
        var constants = PreprocessingConstants.NeedPreparation(study)
            ? (Sha256Digest?)null
            : results.Write(PreprocessingConstants.Freeze(study, null).Canonical.Span);
        return new CreateRun(now, RunPlan.For(run, study, invited, results.Write(initial), initial.Length, constants, workerKey, renewals));
    }

    /// <summary>
    /// After a start: releases that are staged but not journaled are journaled, and offers, deadlines, settlements and work that a crash may
    /// have cut off are issued again; what earlier steps left in staging is removed.
    /// </summary>
    /// <param name="left">
    /// Sites that take no part any more, as far as is known besides the journal: their removal may have been cut off between the verdict
    /// and the run, and nothing would bring it about again.
    /// </param>
    public void Recover(IEnumerable<KeyValuePair<SiteId, GoneReason>>? left = null)
    {
        if (State is null)
            return;
        foreach (var (site, reason) in (left ?? []).OrderBy(gone => gone.Key).ToList())
            Handle(new RemoveSite(_services.Time.GetUtcNow(), site, reason));
        if (State.Status == RunStatus.Created)
        {
            // Creating and starting are one wish of one person; a crash between the two must not leave a run that nobody starts.
            Handle(new StartRun(_services.Time.GetUtcNow()));
            return;
        }

        foreach (var step in _services.Staging.Steps.Where(step => step.Run == _run && step != State.Step?.Id))
            _services.Staging.Remove(step);
        if (State.History.Count > 0)
            SettleAll(State.History[^1]);
        if (State.Step is { Participants: null } open)
        {
            if (State.Status != RunStatus.Paused)
                _effects.ArmDeadline(open.Id, open.Deadline);
            foreach (var site in open.Invited)
                Offer(site);
            foreach (var site in _services.Staging.Released(open.Id))
            {
                if (PermitFor(site, open.Id).Rule is { } rule && _services.Staging.Status(rule).Whole is { } whole)
                    Handle(whole.At(_services.Time.GetUtcNow()));
            }
        }
        else if (State.Step is { } closed)
        {
            _effects.Start(new MergeWork(this, closed));
        }
        else if (State.Status == RunStatus.Completed)
        {
            _effects.Start(new RegisterWork(this, State));
        }
    }

    /// <summary>Decides, journals, applies, then causes the effects.</summary>
    /// <exception cref="JournalConflictException">Another process works on this run: forget this one.</exception>
    /// <exception cref="IOException">The disk refused: this process knows no more what is journaled; make a new one.</exception>
    public Decision Handle(RunCommand command)
    {
        if (_broken)
            throw new InvalidOperationException($"Run {_run}: an earlier append to the journal failed. Make a new process, which replays.");
        var decision = RoundMachine.Decide(State, command);
        if (decision is not Accepted { Events.IsEmpty: false } accepted)
            return decision;
        var states = Record(accepted.Events, out var events);
        if (State is null && _study.Privacy?.Placement == NoisePlacement.Central)
            _services.Noise.Require(_run);
        _broken = true; // until the append has returned, the journal may hold more than this process knows
        _services.Journal.Append(_run, Sequence, events);
        _broken = false;
        FaultPoint.Reached("journal-appended");
        var (before, first) = (State, Sequence);
        (State, Sequence) = (states[^1], first + events.Count);
        for (var i = 0; i < events.Count; i++)
            _effects.Happened(_run, new JournaledEvent(first + i + 1, events[i]));
        // What a committed step comes to for its sites is said last: nobody waits for it, and the round waits for what they are asked next.
        foreach (var i in Enumerable.Range(0, events.Count).OrderBy(i => events[i] is StepCommitted))
            Cause(events[i], i == 0 ? before : states[i - 1], states[i]);

        return new Accepted([.. events]);
    }

    /// <summary>What to offer a site that (re)connected; null where it has nothing to do now.</summary>
    public StepInvitation? OfferFor(SiteId site)
    {
        if (State is not { Step: { Participants: null } step } || State.Gone.ContainsKey(site) || !step.Invited.Contains(site) || step.Answers.ContainsKey(site))
            return null;
        var deadline = step.Remaining is { } remaining ? _services.Time.GetUtcNow() + remaining : step.Deadline;
        return step.Id.Kind.IsWithoutParameters()
            ? new StepInvitation(step.Id, State.Plan.Study, null, 0, default, deadline, State.Plan.Monitoring?.Write() ?? default)
            : new StepInvitation(step.Id, State.Plan.Study, State.Parameters, State.Plan.ParametersLength, Constants(State), deadline,
                State.Plan.Against is { } other ? new ComparisonOrder(other.Study, _services.Results.Read(other.Constants)).Write() : AttemptAt(step.Id)?.InputsFor(site) ?? default,
                _study.Privacy is null ? default : _services.Staging.Ledgers.Of(site)?.Write(),
                State.File is { } file ? new StepFile(file, LengthOf(file)) : null);
    }

    /// <summary>What became of a release that a site still holds; null while that is open: its step collects, or is being merged with it.</summary>
    public Settlement? SettlementFor(SiteId site, StepId step, Sha256Digest release)
    {
        if (State?.Step is { } current && current.Id == step)
        {
            return current.Answers.GetValueOrDefault(site) switch
            {
                RefusedAnswer refused => new Settlement(SettlementOutcome.Refused, refused.Fault),
                AcceptedAnswer accepted when accepted.Release == release => null,
                null when current.Participants is null && current.Invited.Contains(site) && !State.Gone.ContainsKey(site) => null,
                null when current.Invited.Contains(site) => new Settlement(SettlementOutcome.Late),
                null => new Settlement(SettlementOutcome.Refused, RoundFault.SiteNotInvited),
                _ => new Settlement(SettlementOutcome.Refused, RoundFault.SiteAnswered),
            };
        }

        if (State?.History.FindLast(ended => ended.Id == step) is not { } ended)
            return new Settlement(SettlementOutcome.Refused, RoundFault.StepUnknown);
        var settlement = SettlementOf(ended, site);
        return settlement.Outcome == SettlementOutcome.Committed && ((AcceptedAnswer)ended.Sites[site]).Release != release
            ? new Settlement(SettlementOutcome.Refused, RoundFault.SiteAnswered)
            : settlement;
    }

    /// <summary>Whether a site may upload for a step now, and what the release must be.</summary>
    public UploadPermit PermitFor(SiteId site, StepId step)
    {
        if (State?.Step is not { } current || current.Id != step)
        {
            var ended = State?.History.FindLast(ended => ended.Id == step);
            if (ended?.Result is not null && ended.Participants.Contains(site))
                return new UploadPermit(null, ((AcceptedAnswer)ended.Sites[site]).Release, null);
            return new UploadPermit(null, null, ended is { Result: not null } ? RoundFault.StepLate
                : State is null ? RoundFault.RunUnknown
                : State.Ended ? RoundFault.RunOver
                : ended is null ? RoundFault.StepUnknown
                : RoundFault.AttemptStale);
        }

        if (!current.Invited.Contains(site))
            return new UploadPermit(null, null, RoundFault.SiteNotInvited);
        if (State.Gone.ContainsKey(site))
            return new UploadPermit(null, null, RoundFault.SiteGone);
        switch (current.Answers.GetValueOrDefault(site))
        {
            case AcceptedAnswer accepted:
                return new UploadPermit(null, accepted.Release, null);
            case not null:
                return new UploadPermit(null, null, RoundFault.SiteAnswered);
        }

        if (current.Participants is not null)
            return new UploadPermit(null, null, RoundFault.StepLate);
        if (_services.WorkerKey(site) is not { } key)
            return new UploadPermit(null, null, RoundFault.SiteGone);
        var precedes = step.Kind.IsWithoutParameters();
        return new UploadPermit(
            new UploadRule(_study, step, site, key, _study.Privacy is null ? KeyRenewals.None : _services.Renewals(site), precedes ? null : State.Parameters, precedes ? null : State.Constants, _dimension, AttemptAt(step), State.Plan.Against, State.Plan.Monitoring), null, null);
    }

    // A round's record belongs before whatever follows the round: then the run's last event stays the last, and no round is left without one.
    private List<RunState> Record(IEnumerable<RunEvent> decided, out List<RunEvent> events)
    {
        var states = new List<RunState>();
        events = [];
        var state = State;
        foreach (var next in decided)
        {
            if (state?.History is { Count: > 0 } history && history[^1].Id.Round is var round && round != state.Recorded
                && next is RunFailed or RunCancelled or RunCompleted or RunProfiled or RunCompared or RunMonitored or StepOpened && (next as StepOpened)?.Step.Round != round)
                Add(RoundRecord.Sign(state, round, next.At, _services.Key), events);
            Add(next, events);
        }

        return states;

        void Add(RunEvent added, List<RunEvent> to)
        {
            to.Add(added);
            states.Add(state = RoundMachine.Apply(state, added));
        }
    }

    private void Cause(RunEvent journaled, RunState? before, RunState after)
    {
        switch (journaled)
        {
            case StepOpened opened:
                _effects.ArmDeadline(opened.Step, opened.Deadline);
                foreach (var site in opened.Invited)
                    Offer(site);
                break;
            case RunResumed when after.Step is { Participants: null } step:
                _effects.ArmDeadline(step.Id, step.Deadline);
                foreach (var site in step.Invited)
                    Offer(site);
                break;
            case ReleaseRefused refused:
                _services.Staging.Remove(refused.Step, refused.Site);
                _effects.Settle(refused.Site, refused.Step, new Settlement(SettlementOutcome.Refused, refused.Fault));
                break;
            case SiteLeft left when before!.Step is { Participants: null } step && step.Invited.Contains(left.Site):
                _services.Staging.Remove(step.Id, left.Site);
                _effects.Settle(left.Site, step.Id, new Settlement(SettlementOutcome.Abandoned));
                break;
            case StepClosed closed:
                foreach (var site in after.Step!.Invited.Where(site => !after.Step.Answers.ContainsKey(site) && !after.Gone.ContainsKey(site)))
                    _effects.Settle(site, closed.Step, new Settlement(SettlementOutcome.Late));
                _effects.Start(new MergeWork(this, after.Step));
                break;
            case StepCommitted or StepAbandoned:
                SettleAll(after.History[^1]);
                _effects.Start(new RemoveStagedWork(_services.Staging, after.History[^1].Id));
                break;
            case RunCompleted:
                _effects.Start(new RegisterWork(this, after));
                break;
        }

        if (journaled.Ends && _study.Privacy?.Placement == NoisePlacement.Central)
            _effects.Start(new EraseNoiseWork(_services.Noise, _run));
    }

    private void Offer(SiteId site)
    {
        if (OfferFor(site) is { } invitation)
            _effects.Offer(site, invitation);
    }

    private void SettleAll(EndedStep step)
    {
        foreach (var (site, answer) in step.Sites)
        {
            if (answer is AcceptedAnswer || (answer is SilentAnswer && step.Result is null))
                _effects.Settle(site, step.Id, SettlementOf(step, site));
        }
    }

    private static Settlement SettlementOf(EndedStep step, SiteId site) => step.Sites.GetValueOrDefault(site) switch
    {
        RefusedAnswer refused => new Settlement(SettlementOutcome.Refused, refused.Fault),
        null => new Settlement(SettlementOutcome.Refused, RoundFault.SiteNotInvited),
        _ when step.Result is null => new Settlement(SettlementOutcome.Abandoned),
        _ => new Settlement(step.Participants.Contains(site) ? SettlementOutcome.Committed : SettlementOutcome.Late),
    };

    // Of the open step, or of none.
    private RoundAttempt? AttemptAt(StepId step)
    {
        if (!State!.Plan.IsMasked(step.Kind))
            return null;
        if (_attempt is not { } kept || kept.Step != step)
            _attempt = kept = (step, RoundAttempt.At(_study, State, step, _dimension, _services.Results));
        return kept.Attempt;
    }

    private long LengthOf(Sha256Digest result)
    {
        using var file = _services.Results.Open(result);
        return file.Length;
    }

    private ReadOnlyMemory<byte> Constants(RunState state) => _services.Results.Read(state.Constants!.Value);

    private sealed class MergeWork(RunProcess process, StepState step) : RunWork
    {
        // Taken from the state at closing: the run's turn goes on while this works.
        private readonly RunState _state = process.State!;

        public override string Name => $"merge {step.Id}";

        public override RunCommand Execute()
        {
            var inputs = step.Participants!.Value.Select(site => (Site: site, Answer: (AcceptedAnswer)step.Answers[site]))
                .Select(item => new MergeInput(item.Site, item.Answer.Release, item.Answer.Weight)).ToList();
            var outcome = process._merge.Merge(step.Id, inputs, _state.Parameters, Masked());
            var now = process._services.Time.GetUtcNow();
            return outcome.Fault is { } fault ? new MergeFailed(now, step.Id, fault, outcome.Detail) : new StepMerged(now, step.Id, outcome.Result, outcome.Length, HoldsBack(outcome.Result), outcome.Sum);
        }

        private bool HoldsBack(Sha256Digest result)
        {
            if (step.Id.Kind != StepKind.Evaluation || process._study.Evaluation.GreatestFall is null)
                return false;
            EvaluationReport Read(Sha256Digest evaluation) => EvaluationReport.Read(process._services.Results.Read(evaluation));
            return EvaluationGate.HoldsBack(process._study, Read(result), _state.Metrics is { } kept ? Read(kept) : null);
        }

        private MaskedStep? Masked()
        {
            if (!_state.Plan.IsMasked(step.Id.Kind))
                return null;
            var attempt = RoundAttempt.At(process._study, _state, step.Id, process._dimension, process._services.Results);
            var (sum, weight) = step.Id.Kind == process._study.ParametersFrom ? RoundAttempt.SumOf(_state, step.Id) : default;
            return new MaskedStep(attempt, sum, weight);
        }
    }

    /// <summary>Off the run's turn: the file system takes long to free large files, and the next step's offers need not wait for it.</summary>
    private sealed class RemoveStagedWork(StagingArea staging, StepId step) : RunWork
    {
        public override string Name => $"remove what was staged for {step}";

        public override RunCommand? Execute()
        {
            staging.Remove(step);
            return null;
        }
    }

    private sealed class EraseNoiseWork(NoiseRoots roots, RunId run) : RunWork
    {
        public override string Name => $"erase the root of the noise of {run}";

        public override RunCommand? Execute()
        {
            roots.Erase(run);
            return null;
        }
    }

    private sealed class RegisterWork(RunProcess process, RunState state) : RunWork
    {
        public override string Name => $"register {state.Plan.Run}";

        public override RunCommand Execute()
        {
            var services = process._services;
            var records = services.Journal.Read(state.Plan.Run).Select(journaled => journaled.Event).OfType<RoundRecorded>().ToList();
            var model = services.Registry.Register(
                new ModelSource(process._study, state, records, services.Software), services.Results, services.Key);
            FaultPoint.Reached("model-registered");
            return new ModelRegistered(services.Time.GetUtcNow(), model);
        }
    }
}
