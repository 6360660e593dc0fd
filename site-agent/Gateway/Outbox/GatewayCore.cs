using System.Collections.Immutable;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Outcome = FederatedClinicalMl.Protos.Federation.StepSettled.Types.Outcome;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Decides which release to deliver where and what to tell the worker. Synchronous, single-threaded, without I/O: events in, actions out.
/// It keeps no truth of its own: whatever it forgets in a crash, the worker (<see cref="WorkerFound"/>) and the coordinator (which
/// offers every open step again and answers every held release named in Hello) tell it anew. Any event may come twice, late or for
/// something long gone.
/// <para>
/// A step goes: offered -> parameters fetched -> performed by the worker -> delivered -> ended -> let go of. While the worker is away a
/// step waits; shortly before its deadline a step that still waits is declined as WORKER_UNREACHABLE, so that the round's record says why.
/// A run has one live step: a newer step of the run calls off the work for the older one. A release is let go of only on the
/// coordinator's word, never because it was uploaded.
/// </para>
/// </summary>
public sealed class GatewayCore
{
    private static readonly TimeSpan LongestMargin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan StoragePatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RefusalPatience = TimeSpan.FromSeconds(10);

    private readonly List<GatewayAction> _actions = [];
    private readonly Dictionary<RunId, Work> _works = [];
    private readonly Dictionary<RunId, StepId> _performing = []; // what the worker was asked for and has not answered; one of a run at a time
    private readonly Dictionary<StepId, HeldTicket> _held = [];
    private readonly Dictionary<StepId, Outcome> _ended = []; // of this session; what the worker still holds of these is let go of
    private readonly HashSet<StepId> _reported = []; // named in the last Hello
    private readonly Dictionary<StudyDigest, HandOverStudy> _studies = []; // not yet with the worker
    private readonly Dictionary<StudyDigest, StudyVerdict> _verdicts = [];
    private readonly HashSet<Sha256Digest> _arrived = [];
    private readonly HashSet<Sha256Digest> _incoming; // in the incoming directory, or on their way
    private readonly ServingCore _serving;
    private TimeSpan _coordinatorAhead;
    private bool _workerThere;
    private bool _sessionOpen;

    /// <param name="incoming">Parameters, whole or in part, that an earlier life left in the incoming directory.</param>
    /// <param name="models">Models, the same; null: none.</param>
    public GatewayCore(IEnumerable<Sha256Digest> incoming, IEnumerable<Sha256Digest>? models = null)
    {
        _incoming = [.. incoming];
        _serving = new ServingCore(_actions.Add, models ?? []);
    }

    private enum Phase
    {
        Fetching,
        AwaitingWorker,
        AwaitingRoom,
        Performing,
        Delivering,
        Delivered,
        Declined,
    }

    /// <summary>Steps that are not yet delivered or declined.</summary>
    public int PendingSteps => _works.Values.Count(w => w.Phase < Phase.Delivered);

    /// <summary>
    /// What a Hello has to name now. Called once per attempt at a session, just before Hello is sent: what is named here is what the
    /// coordinator is expected to answer.
    /// </summary>
    public ImmutableArray<HeldTicket> NameHeld()
    {
        _reported.Clear();
        _reported.UnionWith(_held.Keys);
        return [.. _held.Values.OrderBy(t => t.File, StringComparer.Ordinal)];
    }

    /// <summary>Takes in one event.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="now">The site's clock.</param>
    /// <returns>What to do, in this order.</returns>
    public ImmutableArray<GatewayAction> Handle(GatewayEvent happened, DateTimeOffset now)
    {
        _actions.Clear();
        switch (happened)
        {
            case WorkerFound e: OnWorkerFound(e.Held); break;
            case WorkerLost: OnWorkerLost(); break;
            case SessionOpened e: OnSessionOpened(e.Clock - now); break;
            case SessionClosed: OnSessionClosed(); break;
            case StudyOffered e: OnStudyOffered(e); break;
            case StudyHandedOver e: OnStudyHandedOver(e); break;
            case VerdictGiven e: OnVerdict(e.Verdict); break;
            case StepOffered e: OnStepOffered(e.Offer, now); break;
            case StepEnded e: OnStepEnded(e.Step, e.Outcome); break;
            case ParametersArrived e: OnParametersArrived(e.Parameters); break;
            case ParametersFailed e: OnParametersFailed(e.Parameters); break;
            case StepPerformed e: OnPerformed(e.Ticket); break;
            case StepDeclined e: OnDeclined(e.Step, e.Reason, now); break;
            case ReleaseDelivered e: OnDelivered(e.Step); break;
            case ReleaseRefused e: OnRefused(e.Step, now); break;
            case ReleaseMissing e: OnMissing(e.Step); break;
            case ReleaseLetGo e: _held.Remove(e.Step); break;
            case ServingOrdered e: _serving.OnOrdered(e.Order); break;
            case OrderAnswered e: _serving.OnAnswered(e); break;
            case ModelArrived e: _serving.OnArrived(e.Model); break;
            case ModelFailed e: _serving.OnFailed(e.Model); break;
            case ModelTakenBack e: _serving.OnWithdrawn(e.Withdrawal); break;
            case Reminded e: OnReminded(e.Step, now); break;
            default: throw new ArgumentException($"{happened.GetType().Name} is not an event that the gateway knows.", nameof(happened));
        }

        return [.. _actions];
    }

    private void OnWorkerFound(ImmutableArray<HeldTicket> held)
    {
        var returned = !_workerThere;
        _workerThere = true;
        _serving.OnWorkerFound();
        // The list may be older than a release that the worker made meanwhile: what is on its way stays known.
        foreach (var gone in _held.Keys.Where(s => LiveWork(s) is not { Phase: Phase.Delivering or Phase.Delivered }).ToArray())
            _held.Remove(gone);
        foreach (var ticket in held)
            _held[ticket.Step] = ticket;
        if (returned)
        {
            foreach (var study in _studies.Values)
                _actions.Add(study);
        }

        foreach (var ticket in held)
        {
            if (_ended.TryGetValue(ticket.Step, out var outcome))
                _actions.Add(new LetGoOfRelease(ticket, outcome));
        }

        foreach (var work in _works.Values)
        {
            if (_held.TryGetValue(work.Step, out var ticket) && work.Phase is Phase.AwaitingWorker or Phase.AwaitingRoom or Phase.Fetching)
                Deliver(work, ticket); // the worker finished it while we could not hear
            else if (work.Phase == Phase.AwaitingWorker)
                Perform(work);
        }

        ReconnectIfUnreported();
    }

    private void OnWorkerLost()
    {
        _workerThere = false;
        _serving.OnWorkerLost();
        _performing.Clear();
        foreach (var work in _works.Values.Where(w => w.Phase == Phase.Performing))
            work.Phase = Phase.AwaitingWorker;
    }

    private void OnSessionOpened(TimeSpan coordinatorAhead)
    {
        _sessionOpen = true;
        _serving.OnSessionOpened();
        _coordinatorAhead = coordinatorAhead;
        // The coordinator answers the Hello with its present word on everything; yesterday's word must not stand against it.
        _ended.Clear();
        foreach (var verdict in _verdicts.Values)
            _actions.Add(new SendVerdict(verdict));
        // What the worker made since Hello was written may have been decided on before this session: then nobody would ever say so.
        if (_held.Keys.Any(step => !_reported.Contains(step)))
            EndSession();
    }

    private void OnSessionClosed()
    {
        _sessionOpen = false;
        _serving.OnSessionClosed();
    }

    private void OnStudyOffered(StudyOffered offer)
    {
        var digest = new StudyDigest(Sha256Digest.Of(offer.Study.Canonical.Span));
        var action = new HandOverStudy(digest, offer.Study, offer.Withdrawn);
        _studies[digest] = action;
        if (_workerThere)
            _actions.Add(action);
    }

    private void OnStudyHandedOver(StudyHandedOver handed)
    {
        _studies.Remove(handed.Study);
        OnVerdict(handed.Verdict);
    }

    private void OnVerdict(StudyVerdict verdict)
    {
        if (verdict.StudyDigest.Length != Sha256Digest.Length)
            return; // the worker could not name the study; there is nothing that the coordinator could file it under
        var study = new StudyDigest(new Sha256Digest(verdict.StudyDigest.Span));
        if (_verdicts.TryGetValue(study, out var known) && known.Equals(verdict))
            return;
        _verdicts[study] = verdict;
        if (_sessionOpen)
            _actions.Add(new SendVerdict(verdict));
    }

    private void OnStepOffered(OfferedStep offer, DateTimeOffset now)
    {
        if (_ended.ContainsKey(offer.Step))
            return; // an offer that the end of its step overtook
        if (_works.TryGetValue(offer.Step.Run, out var live))
        {
            if (offer.Step.Order.CompareTo(live.Step.Order) < 0)
                return; // an offer that a newer step overtook
            if (offer.SameWork(live.Offer))
            {
                OfferedAgain(live, offer);
                return;
            }

            CallOff(live);
            if (live.Phase is Phase.Delivering or Phase.Delivered)
                _reported.Add(live.Step); // what became of it is said on this session
        }

        var due = offer.Deadline - _coordinatorAhead;
        var margin = TimeSpan.FromTicks(Math.Min((due - now).Ticks / 10, LongestMargin.Ticks));
        var work = new Work(offer, margin > TimeSpan.Zero ? due - margin : due);
        _works[offer.Step.Run] = work;
        ForgetEnded(offer.Step);
        DropUnwantedParameters();
        _actions.Add(new Remind(offer.Step, work.LastMoment));

        if (_held.TryGetValue(offer.Step, out var ticket))
        {
            Deliver(work, ticket);
        }
        else
        {
            FetchMissing(work);
        }
    }

    /// <summary>The same step again (a new session, or a duplicate): repeat what the coordinator may have missed, and no more.</summary>
    private void OfferedAgain(Work live, OfferedStep offer)
    {
        live.Offer = offer;
        switch (live.Phase)
        {
            case Phase.Declined:
                Answer(live.Step, live.Reason);
                break;
            case Phase.Delivered when _held.TryGetValue(live.Step, out var ticket):
                Deliver(live, ticket); // cheap where the coordinator has it: it says so before a byte is sent
                break;
        }
    }

    private void OnStepEnded(StepId step, Outcome outcome)
    {
        _ended[step] = outcome;
        if (LiveWork(step) is { } work)
        {
            CallOff(work);
            _works.Remove(step.Run);
        }

        if (_held.TryGetValue(step, out var ticket) && _workerThere && !AnswersNext(step))
            _actions.Add(new LetGoOfRelease(ticket, outcome));
    }

    // What the worker answers next is what the round waits for; the end of what it answered before it hears after that.
    private bool AnswersNext(StepId ended) => _performing.TryGetValue(ended.Run, out var next) && next != ended;

    private void OnParametersArrived(Sha256Digest parameters)
    {
        _arrived.Add(parameters);
        _incoming.Add(parameters);
        foreach (var work in _works.Values.Where(w => w.Phase == Phase.Fetching && w.Needs(parameters) && w.Offer.Files.All(file => _arrived.Contains(file.Digest))))
            AwaitWorker(work);
    }

    private void OnParametersFailed(Sha256Digest parameters)
    {
        foreach (var work in _works.Values.Where(w => w.Phase == Phase.Fetching && w.Needs(parameters)))
            Decline(work, SiteReason.ParametersWrong);
    }

    private void OnPerformed(HeldTicket ticket)
    {
        HasAnswered(ticket.Step);
        _held[ticket.Step] = ticket;
        if (LiveWork(ticket.Step) is { } work)
        {
            if (work.Phase is Phase.Performing or Phase.AwaitingWorker or Phase.AwaitingRoom)
                Deliver(work, ticket, isNew: true);
        }

        LetGoOfEnded(ticket.Step.Run);
        PerformNext(ticket.Step.Run);
        ReconnectIfUnreported();
    }

    private void OnDeclined(StepId step, SiteReason reason, DateTimeOffset now)
    {
        HasAnswered(step);
        if (LiveWork(step) is { Phase: Phase.Performing or Phase.AwaitingWorker } work)
        {
            if (reason == SiteReason.StorageFull && now + StoragePatience < work.LastMoment)
            {
                // A full disk is mended sooner than a run that was given up because of it.
                work.Phase = Phase.AwaitingRoom;
                _actions.Add(new Remind(step, now + StoragePatience));
            }
            else if (reason == SiteReason.ParametersWrong && work is { FetchedAnew: false, Offer.Parameters: not null })
            {
                work.FetchedAnew = true; // a crash may have torn what an earlier life had begun; what comes wrong twice is not the coordinator's offer
                foreach (var wrong in work.Offer.Files)
                {
                    _arrived.Remove(wrong.Digest);
                    _actions.Add(new DropParameters(wrong.Digest));
                }

                FetchMissing(work);
            }
            else
            {
                Decline(work, reason);
            }
        }

        LetGoOfEnded(step.Run);
        PerformNext(step.Run);
    }

    private void OnDelivered(StepId step)
    {
        if (LiveWork(step) is { Phase: Phase.Delivering } work)
            work.Phase = Phase.Delivered;
    }

    private void OnRefused(StepId step, DateTimeOffset now)
    {
        if (LiveWork(step) is not { Phase: Phase.Delivering } work)
            return;
        work.Phase = Phase.Delivered;
        work.Refused = true;
        _actions.Add(new Remind(step, now + RefusalPatience));
    }

    private void OnMissing(StepId step)
    {
        if (LiveWork(step) is not { Phase: Phase.Delivering } work)
            return;
        _held.Remove(step);
        if (work.MadeAnew)
        {
            Decline(work, SiteReason.TrainingFailed); // the worker names a file that is never there
            return;
        }

        work.MadeAnew = true;
        AwaitWorker(work); // a revoked approval destroys what is unsent: the worker will say so, or make it again
    }

    private void OnReminded(StepId step, DateTimeOffset now)
    {
        if (LiveWork(step) is not { } work)
            return;
        if (work.Refused && _sessionOpen)
        {
            work.Refused = false;
            EndSession(); // the coordinator refused the upload and did not end the step: the next Hello asks it to
        }
        else if (work.Phase == Phase.AwaitingRoom)
        {
            _actions.Add(new Remind(step, work.LastMoment));
            AwaitWorker(work);
        }
        else if (work.Phase == Phase.AwaitingWorker && !_workerThere)
            Decline(work, SiteReason.WorkerUnreachable);
        else if (work.Phase == Phase.Fetching && now < work.Offer.Deadline - _coordinatorAhead)
            _actions.Add(new Remind(step, work.Offer.Deadline - _coordinatorAhead));
        else if (work.Phase == Phase.Fetching)
            _works.Remove(step.Run); // nobody waits for it any more; what was fetched goes with the run's next step
    }

    private void FetchMissing(Work work)
    {
        StepFile[] missing = [.. work.Offer.Files.Where(file => !_arrived.Contains(file.Digest))];
        if (missing.Length == 0)
        {
            AwaitWorker(work);
            return;
        }

        work.Phase = Phase.Fetching;
        foreach (var file in missing)
        {
            _incoming.Add(file.Digest);
            _actions.Add(new FetchParameters(file.Digest, file.Length));
        }
    }

    private void AwaitWorker(Work work)
    {
        work.Phase = Phase.AwaitingWorker;
        if (_workerThere)
            Perform(work);
    }

    private void Perform(Work work)
    {
        // The worker ends what it has begun. An older step of the run is on its way out; what waits behind it is only ever the newest one.
        if (!_performing.TryAdd(work.Step.Run, work.Step))
            return;
        work.Phase = Phase.Performing;
        _actions.Add(new PerformStep(work.Offer));
    }

    // A call from before the worker was lost may answer yet, while it has been asked for a newer step.
    private void HasAnswered(StepId step)
    {
        if (_performing.GetValueOrDefault(step.Run) == step)
            _performing.Remove(step.Run);
    }

    private void LetGoOfEnded(RunId run)
    {
        if (!_workerThere)
            return;
        foreach (var (step, outcome) in _ended.Where(ended => ended.Key.Run == run).OrderBy(ended => ended.Key.Order))
        {
            if (_held.TryGetValue(step, out var ticket))
                _actions.Add(new LetGoOfRelease(ticket, outcome));
        }
    }

    private void PerformNext(RunId run)
    {
        if (_workerThere && _works.TryGetValue(run, out var work) && work.Phase == Phase.AwaitingWorker)
            Perform(work);
    }

    private void Deliver(Work work, HeldTicket ticket, bool isNew = false)
    {
        work.Phase = Phase.Delivering;
        _actions.Add(new DeliverRelease(ticket, isNew));
    }

    private void Decline(Work work, SiteReason reason)
    {
        work.Phase = Phase.Declined;
        work.Reason = reason;
        Answer(work.Step, reason);
    }

    private void Answer(StepId step, SiteReason declined)
    {
        if (_sessionOpen)
            _actions.Add(new AnswerStep(step, declined));
    }

    // What the worker computes is not called off: it would not hear, and its release has to be let go of once it is there.
    private void CallOff(Work work)
    {
        if (work.Phase == Phase.Delivering)
            _actions.Add(new CancelDelivery(work.Step));
    }

    /// <summary>
    /// Not at the end of a step but when a newer one is offered, because a round's evaluation and the next round's training start from
    /// the same parameters.
    /// </summary>
    private void DropUnwantedParameters()
    {
        var wanted = _works.Values.SelectMany(w => w.Offer.Files).Select(file => file.Digest).ToHashSet();
        foreach (var unwanted in _incoming.Where(d => !wanted.Contains(d)).Order().ToArray())
        {
            _incoming.Remove(unwanted);
            _arrived.Remove(unwanted);
            _actions.Add(new DropParameters(unwanted));
        }
    }

    /// <summary>A release that no Hello named and no offer asked for would wait for ever: only an answer to Hello ends it.</summary>
    private void ReconnectIfUnreported()
    {
        if (!_sessionOpen)
            return;
        if (_held.Keys.Any(s => !_reported.Contains(s) && !_ended.ContainsKey(s) && LiveWork(s) is null or { Phase: Phase.Declined }))
            EndSession();
    }

    private void EndSession()
    {
        _sessionOpen = false; // nothing more goes out on this one
        _actions.Add(new Reconnect());
    }

    /// <summary>Of a run that goes on, older steps need no remembering: an offer that comes late is older than the live step.</summary>
    private void ForgetEnded(StepId newest)
    {
        var computing = _performing.GetValueOrDefault(newest.Run);
        foreach (var step in _ended.Keys.Where(s => s.Run == newest.Run && s != computing && !_held.ContainsKey(s)).ToArray())
            _ended.Remove(step);
    }

    private Work? LiveWork(StepId step) => _works.TryGetValue(step.Run, out var work) && work.Step == step ? work : null;

    private sealed class Work(OfferedStep offer, DateTimeOffset lastMoment)
    {
        /// <summary>When the site has to have said what keeps it from answering, by the site's clock.</summary>
        public DateTimeOffset LastMoment { get; } = lastMoment;

        public OfferedStep Offer { get; set; } = offer;

        public StepId Step => Offer.Step;

        public bool Needs(Sha256Digest file) => Offer.Files.Any(needed => needed.Digest == file);

        public Phase Phase { get; set; }

        public SiteReason Reason { get; set; }

        public bool Refused { get; set; }

        public bool MadeAnew { get; set; }

        public bool FetchedAnew { get; set; }
    }
}
