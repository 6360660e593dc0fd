using System.Collections.Immutable;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary><see cref="GatewayCore"/> in a simulated process: carries out its actions over a simulated network, as production's host does over TLS.</summary>
internal sealed class SimulatedGateway : SimulatedProcess
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30); // of a request whose reply never comes

    private readonly Weather _weather;
    private readonly SiteId _site;
    private readonly IDisk _exchange;
    private readonly IDisk _outbox; // the same, sealed
    private readonly Mutant _mutant;
    private readonly SimulatedWorker _worker;
    private readonly SimulatedCoordinator _coordinator;
    private readonly Dictionary<StepId, object> _deliveries = [];
    private readonly Dictionary<Sha256Digest, object> _fetches = [];
    private GatewayCore? _core;
    private SimulatedCoordinator.Session? _session;
    private Action? _called;
    private bool _workerKnown;

    public SimulatedGateway(Timeline time, Weather weather, SiteId site, IDisk exchange, OutboxKey outbox, SimulatedWorker worker, SimulatedCoordinator coordinator, Mutant mutant)
        : base($"{site}/gateway", time)
    {
        (_weather, _site, _exchange, _outbox, _worker, _coordinator, _mutant) = (weather, site, exchange, outbox.Seal(exchange), worker, coordinator, mutant);
        var watch = new Lane(time, weather.Local); // that a worker was lost is never heard after it was found again
        worker.Gone += () => watch.Send(InThisLife(() => Handle(new WorkerLost())));
        worker.Returned += () => watch.Send(InThisLife(FindWorker));
        worker.StudyChanged += study => AskWorker(core => core.StatusOf(study), status => Heard(status is null ? [] : [status]));
    }

    /// <summary>Whether nothing is under way: no step, no session to open.</summary>
    public bool IsIdle => IsUp && _session is not null && _core is { PendingSteps: 0 };

    /// <summary>Raised before bytes of a release leave the site.</summary>
    public event Action<HeldTicket>? Sending;

    /// <summary>Raised after every call to the worker.</summary>
    public event Action? WorkerCalled
    {
        add => _called += value;
        remove => _called -= value;
    }

    /// <summary>Ends the session, as a cut in the network would.</summary>
    public void BreakSession()
    {
        if (IsUp && _session is { } session)
            End(session);
    }

    /// <inheritdoc/>
    protected override void OnStart()
    {
        _exchange.CreateDirectory(ExchangePaths.Incoming);
        var left = _exchange.List(ExchangePaths.Incoming).Select(name => Sha256Digest.TryParse(name.Split('.')[0], out var digest) ? digest : (Sha256Digest?)null);
        _core = new GatewayCore(left.OfType<Sha256Digest>().Distinct());
        FindWorker();
    }

    /// <inheritdoc/>
    protected override void Forget()
    {
        _core = null;
        _deliveries.Clear();
        _fetches.Clear();
        _workerKnown = false;
        if (_session is { } session)
        {
            _session = null;
            session.Up(() => _coordinator.Closed(session));
        }
    }

    private void Handle(GatewayEvent happened)
    {
        foreach (var action in _core!.Handle(happened, Time.GetUtcNow()))
            Carry(action);
    }

    private void Carry(GatewayAction action)
    {
        switch (action)
        {
            case HandOverStudy study:
                AskWorker(core => core.Offer(Messages.Offer(study.Study, study.Withdrawn)), status => Handle(new StudyHandedOver(study.Digest, Messages.Verdict(status))));
                break;
            case FetchParameters fetch:
                var order = _fetches[fetch.Parameters] = new object();
                Fetch(order, fetch.Parameters, new byte[fetch.Length], 0);
                break;
            case DropParameters drop:
                _fetches.Remove(drop.Parameters);
                _exchange.Delete($"{ExchangePaths.Incoming}/{drop.Parameters}");
                break;
            case PerformStep perform:
                AskWorker(core => core.Perform(Messages.Order(perform.Offer, _site)), result => Handle(result.BodyCase == StepResult.BodyOneofCase.Ticket
                    ? new StepPerformed(Messages.Ticket(result.Ticket))
                    : new StepDeclined(perform.Offer.Step, (SiteReason)result.Declined)));
                break;
            case DeliverRelease deliver:
                Ask(_deliveries[deliver.Ticket.Step] = new object(), deliver.Ticket);
                break;
            case CancelDelivery cancel:
                _deliveries.Remove(cancel.Step);
                break;
            case LetGoOfRelease letGo:
                AskWorker(
                    core =>
                    {
                        core.Settle(Messages.Settle(letGo.Ticket, letGo.Outcome));
                        return true;
                    },
                    _ => Handle(new ReleaseLetGo(letGo.Ticket.Step)));
                break;
            case AnswerStep answer:
                SendOnSession(session => _coordinator.Decline(session, answer.Step, answer.Declined));
                break;
            case SendVerdict send:
                SendOnSession(session => _coordinator.Judge(session, send.Verdict));
                break;
            case Reconnect:
                BreakSession();
                break;
            case Remind remind:
                var delay = remind.At - Time.GetUtcNow();
                Later(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, () => Handle(new Reminded(remind.Step)));
                break;
            default:
                throw new InvalidOperationException($"The simulator does not carry out {action.GetType().Name}.");
        }
    }

    // ------------------------------------------------------------------------------------------------ worker

    private void FindWorker() => AskWorker(core => (Held: Messages.Tickets(core.Held()), Statuses: core.Statuses()), found =>
    {
        _workerKnown = true;
        Handle(new WorkerFound(found.Held));
        Heard(found.Statuses);
        Connect();
    });

    private void Heard(IEnumerable<StudyStatus> statuses)
    {
        foreach (var status in statuses)
            Handle(new VerdictGiven(Messages.Verdict(status)));
    }

    /// <summary>A call over the socket: it may find no worker, kill it, or outlive it.</summary>
    private void AskWorker<T>(Func<WorkerCore, T> call, Action<T> reply) => Later(_weather.Local(), () =>
    {
        if (!_worker.IsUp)
        {
            Handle(new WorkerLost());
            return;
        }

        T result = default!;
        var failed = false;
        var lives = _worker.Do(() =>
        {
            try
            {
                result = call(_worker.Core);
            }
            catch (IOException)
            {
                failed = true; // the worker answers with an error, and lives on
            }
        });
        _called?.Invoke();
        if (!lives)
            return; // its death is heard of through Gone
        if (failed)
        {
            Handle(new WorkerLost());
            Later(_weather.Backoff(), FindWorker);
            return;
        }

        Later(_weather.Work(), () => reply(result));
    });

    // ------------------------------------------------------------------------------------------------ session

    // The session counts as opening from the moment at which Hello is sent: Hello names what is held then, not when it is read.
    private void Connect()
    {
        if (_session is not null || !_workerKnown)
            return;
        var held = _core!.NameHeld();
        var session = _session = new SimulatedCoordinator.Session(_site, new Lane(Time, _weather.Network), new Lane(Time, _weather.Network));
        session.Receive = message => Reach(() => Handle(message));
        session.Close = () => session.Down(() => Reach(() => End(session)));
        if (_weather.Breaks())
            session.Close();
        else
            session.Up(() => _coordinator.Open(session, held));

        void Reach(Action action)
        {
            if (ReferenceEquals(session, _session))
                Do(action);
        }
    }

    private void SendOnSession(Action<SimulatedCoordinator.Session> atCoordinator)
    {
        if (_session is not { } session)
            return;
        if (_weather.Breaks())
            End(session);
        else
            session.Up(() => _coordinator.Take(session, () => atCoordinator(session)));
    }

    private void End(SimulatedCoordinator.Session session)
    {
        if (!ReferenceEquals(session, _session))
            return;
        _session = null;
        session.Up(() => _coordinator.Closed(session));
        Handle(new SessionClosed());
        Later(_weather.Backoff(), Connect);
    }

    // ------------------------------------------------------------------------------------------------ transfers

    /// <summary>A request over HTTP: it or its reply may be lost, and it may arrive twice. The reply is null where nothing came back in time.</summary>
    private void Request(Func<Reply> atCoordinator, Action<Reply?> reply)
    {
        var (lostThere, lostBack, twice) = (_weather.Loses(), _weather.Loses(), _weather.Doubles());
        var life = Life;
        if (twice)
            Time.After(_weather.Network() + _weather.Network(), () => Serve(_ => { }));
        if (lostThere)
        {
            Later(Patience, () => reply(null));
            return;
        }

        Time.After(_weather.Network(), () => Serve(answer =>
        {
            if (life != Life)
                return; // the gateway that asked is no more
            if (answer is null || lostBack)
                Later(Patience, () => reply(null));
            else
                Later(_weather.Network(), () => reply(answer));
        }));

        void Serve(Action<Reply?> answered)
        {
            Reply? answer = null;
            if (_coordinator.IsUp && !_coordinator.Do(() => answer = atCoordinator()))
                answer = null; // it died of it: no reply
            answered(answer);
        }
    }

    private void Fetch(object order, Sha256Digest parameters, byte[] content, int offset)
    {
        if (!_fetches.TryGetValue(parameters, out var present) || !ReferenceEquals(present, order))
            return;
        if (offset == content.Length)
        {
            // Not synced: a cache, whose content the worker holds against its name.
            using (var file = _exchange.Open($"{ExchangePaths.Incoming}/{parameters}", DiskMode.Replace))
                file.Write(0, content);
            _fetches.Remove(parameters);
            Handle(new ParametersArrived(parameters));
            return;
        }

        var length = _weather.Piece(content.Length - offset);
        Request(() => _coordinator.Get(parameters, offset, length), reply =>
        {
            switch (reply)
            {
                case Reply.Bytes bytes:
                    bytes.Content.CopyTo(content, offset);
                    Fetch(order, parameters, content, offset + bytes.Content.Length);
                    break;
                case Reply.Refused:
                    Handle(new ParametersFailed(parameters));
                    break;
                default:
                    Later(_weather.Backoff(), () => Fetch(order, parameters, content, offset));
                    break;
            }
        });
    }

    private bool Wanted(object order, StepId step) => _deliveries.TryGetValue(step, out var present) && ReferenceEquals(present, order);

    private void Ask(object order, HeldTicket ticket)
    {
        if (!Wanted(order, ticket.Step))
            return;
        if (ReadRelease(ticket) is not { } content)
        {
            _deliveries.Remove(ticket.Step);
            Handle(new ReleaseMissing(ticket.Step));
            return;
        }

        Request(() => _coordinator.Ask(_site, ticket.Step), reply => Answered(order, ticket, reply, next =>
        {
            var mine = next.Offset <= content.Length && Sha256Digest.Of(content.AsSpan(0, (int)next.Offset)) == next.Prefix;
            Put(order, ticket, content, mine ? (int)next.Offset : 0);
        }));
    }

    private void Put(object order, HeldTicket ticket, byte[] content, int offset)
    {
        if (!Wanted(order, ticket.Step))
            return;
        if (offset >= content.Length)
        {
            Later(_weather.Backoff(), () => Ask(order, ticket)); // all is there, and it is not whole: ask again
            return;
        }

        Sending?.Invoke(ticket);
        var piece = content.AsSpan(offset, _weather.Piece(content.Length - offset)).ToArray();
        Request(() => _coordinator.Put(_site, ticket.Step, offset, content.Length, piece), reply => Answered(order, ticket, reply, next =>
        {
            if (next.Offset == offset + piece.Length)
                Put(order, ticket, content, (int)next.Offset);
            else
                Ask(order, ticket);
        }));
    }

    private void Answered(object order, HeldTicket ticket, Reply? reply, Action<Reply.Continue> goOn)
    {
        if (!Wanted(order, ticket.Step))
            return;
        switch (reply)
        {
            case Reply.Delivered:
                _deliveries.Remove(ticket.Step);
                Handle(new ReleaseDelivered(ticket.Step));
                if (_mutant.SettlesOnDelivery)
                    Carry(new LetGoOfRelease(ticket, StepSettled.Types.Outcome.Committed));
                break;
            case Reply.Refused:
                _deliveries.Remove(ticket.Step);
                Handle(new ReleaseRefused(ticket.Step));
                break;
            case Reply.Continue next:
                goOn(next);
                break;
            default:
                Later(_weather.Backoff(), () => Ask(order, ticket));
                break;
        }
    }

    private byte[]? ReadRelease(HeldTicket ticket)
    {
        var path = $"{ExchangePaths.Outgoing}/{ticket.File}";
        if (!_outbox.Exists(path))
            return null;
        using var file = _outbox.Open(path, DiskMode.Read);
        var content = new byte[file.Length];
        return file.Length == ticket.Length && file.Read(0, content) == content.Length ? content : null;
    }
}
