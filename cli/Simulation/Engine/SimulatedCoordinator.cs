using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>How a request of a gateway was answered.</summary>
internal abstract record Reply
{
    /// <summary>Continue from there; what is staged has this digest.</summary>
    public sealed record Continue(long Offset, Sha256Digest Prefix) : Reply;

    /// <summary>200: whole, verified, durable and journaled.</summary>
    public sealed record Delivered : Reply;

    /// <summary>409: refused for good.</summary>
    public sealed record Refused : Reply;

    /// <summary>507: not now.</summary>
    public sealed record NotNow : Reply;

    /// <summary>Bytes of a parameter vector.</summary>
    public sealed record Bytes(byte[] Content) : Reply;
}

/// <summary>The coordinator's cores in one simulated process: <see cref="RunProcess"/> over its journal, staging and results. What production's grain, session and endpoints do around them, this does on the timeline.</summary>
internal sealed class SimulatedCoordinator : SimulatedProcess, IRunEffects
{
    private readonly Weather _weather;
    private readonly IDisk _disk;
    private readonly SigningKey _key;
    private readonly IReadOnlyDictionary<SiteId, VerifyingKey> _workers;
    private readonly SignedStudy _signed;
    private readonly Dictionary<SiteId, Session> _sessions = [];
    private readonly Queue<RunWork> _work = new();
    private Memory? _memory;
    private RunProcess? _process;
    private bool _working;

    public SimulatedCoordinator(
        Timeline time, Weather weather, IDisk disk, SigningKey key, Study study, SignedStudy signed, RunId run, IReadOnlyDictionary<SiteId, VerifyingKey> workers)
        : base("coordinator", time)
    {
        (_weather, _disk, _key, Study, _signed, Run, _workers) = (weather, disk, key, study, signed, run, workers);
    }

    /// <summary>An open session, as the coordinator knows it.</summary>
    internal sealed record Session(SiteId Site, Action<GatewayEvent> Send, Action Close);

    /// <summary>The run's id.</summary>
    public RunId Run { get; }

    /// <summary>The run's study.</summary>
    public Study Study { get; }

    /// <summary>The run's state; null while the coordinator is away or the run not created.</summary>
    public RunState? State => _process?.State;

    /// <summary>The coordinator's public key.</summary>
    public VerifyingKey PublicKey => _key.PublicKey;

    /// <summary>Raised for each journaled event; after a crash none is repeated.</summary>
    public event Action<JournaledEvent>? Journaled;

    /// <summary>Raised when a gateway is told that its release is whole, verified, durable and journaled.</summary>
    public event Action<SiteId, StepId, Sha256Digest>? Acknowledged;

    /// <summary>Raised when a gateway is told that a release counted.</summary>
    public event Action<SiteId, StepId>? SettledAsCommitted;

    /// <summary>Creates the run, if the journal does not have it, and starts it.</summary>
    public void StartRun(IEnumerable<SiteId> approved, float[]? initialParameters = null)
    {
        if (!IsUp)
            return;
        Do(() =>
        {
            if (State is null)
            {
                var create = RunProcess.Plan(Run, Study, approved, _memory!.Results, Time.GetUtcNow());
                if (initialParameters is not null)
                    create = create with { Plan = create.Plan with { Parameters = _memory.Results.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(initialParameters.AsSpan())) } };
                _process ??= NewProcess();
                Insist(_process.Handle(create));
            }

            if (State!.Status == RunStatus.Created)
                Insist(_process!.Handle(new StartRun(Time.GetUtcNow())));
        });

        static void Insist(Decision decision)
        {
            if (decision is Coordinator.Rounds.Refused refused)
                throw new CliException(ExitCode.InvalidInput, $"The run cannot start: {refused.Sentence}");
        }
    }

    /// <summary>A result by its digest.</summary>
    public byte[] Result(Sha256Digest digest) => _memory!.Results.Read(digest, int.MaxValue);

    /// <summary>The registry.</summary>
    public ModelRegistry Registry => _memory!.Registry;

    /// <summary>The whole journal.</summary>
    public IReadOnlyList<JournaledEvent> Journal() => _memory!.Journal.Read(Run);

    /// <summary>Opens a session for a site, in the place of an older one.</summary>
    public void Open(Session session, IReadOnlyList<HeldTicket> held)
    {
        if (_sessions.Remove(session.Site, out var old))
            old.Close();
        _sessions[session.Site] = session;
        session.Send(new SessionOpened(Time.GetUtcNow()));
        session.Send(new StudyOffered(_signed, Withdrawn: false));
        if (_process?.OfferFor(session.Site) is { } offer)
            session.Send(new StepOffered(Messages.Offered(offer)));
        foreach (var ticket in held)
        {
            var settlement = _process is null ? new Settlement(SettlementOutcome.Abandoned) : _process.SettlementFor(session.Site, ticket.Step, ticket.Digest);
            if (settlement is { } ended)
                Tell(session, ticket.Step, ended);
        }
    }

    /// <summary>A session ended at the site's side.</summary>
    public void Closed(Session session)
    {
        if (_sessions.TryGetValue(session.Site, out var present) && ReferenceEquals(present, session))
            _sessions.Remove(session.Site);
    }

    /// <summary>A site declines a step.</summary>
    public void Decline(SiteId site, StepId step, SiteReason reason) => _process?.Handle(new DeclineStep(Time.GetUtcNow(), step, site, reason));

    /// <summary>HEAD of a release.</summary>
    public Reply Ask(SiteId site, StepId step)
    {
        if (_process is null)
            return new Reply.NotNow();
        var permit = _process.PermitFor(site, step);
        if (permit.Accepted is { } accepted)
            return Acknowledge(site, step, accepted);
        if (permit.Rule is not { } rule)
            return new Reply.Refused();
        var status = _memory!.Staging.Status(rule);
        return status.Whole is { } whole ? Journal(whole) : new Reply.Continue(status.Offset, status.Prefix);
    }

    /// <summary>PUT of a piece of a release.</summary>
    public Reply Put(SiteId site, StepId step, long offset, long total, ReadOnlySpan<byte> bytes)
    {
        if (_process is null)
            return new Reply.NotNow();
        var permit = _process.PermitFor(site, step);
        if (permit.Accepted is { } accepted)
            return Acknowledge(site, step, accepted);
        if (permit.Rule is not { } rule)
            return new Reply.Refused();
        try
        {
            return _memory!.Staging.Append(rule, offset, total, bytes) switch
            {
                UploadWhole whole => Journal(whole.Release),
                UploadRefused refused => Reject(site, step, refused.Fault),
                UploadAppended appended => new Reply.Continue(appended.Offset, default),
                UploadMisplaced misplaced => new Reply.Continue(misplaced.Offset, default),
                _ => throw new InvalidOperationException("An upload ended in a way that the simulator does not know."),
            };
        }
        catch (IOException)
        {
            return new Reply.NotNow();
        }
    }

    /// <summary>GET of a range of a parameter vector.</summary>
    public Reply Get(Sha256Digest parameters, long offset, int length)
    {
        if (!_memory!.Results.Contains(parameters))
            return new Reply.Refused();
        using var file = _memory.Results.Open(parameters);
        var content = new byte[Math.Min(length, file.Length - offset)];
        file.Read(offset, content);
        return new Reply.Bytes(content);
    }

    void IRunEffects.Offer(SiteId site, StepInvitation invitation)
    {
        if (_sessions.TryGetValue(site, out var session))
            session.Send(new StepOffered(Messages.Offered(invitation)));
    }

    void IRunEffects.Settle(SiteId site, StepId step, Settlement settlement)
    {
        if (_sessions.TryGetValue(site, out var session))
            Tell(session, step, settlement);
    }

    void IRunEffects.ArmDeadline(StepId step, DateTimeOffset at)
    {
        var delay = at - Time.GetUtcNow();
        Later(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, () => _process?.Handle(new DeadlineReached(Time.GetUtcNow(), step)));
    }

    void IRunEffects.Start(RunWork work)
    {
        _work.Enqueue(work);
        WorkOn();
    }

    void IRunEffects.Happened(RunId run, JournaledEvent journaled) => Journaled?.Invoke(journaled);

    /// <inheritdoc/>
    protected override void OnStart()
    {
        _memory = new Memory(_disk);
        if (_memory.Journal.Read(Run).Count == 0)
            return;
        _process = NewProcess();
        _process.Recover();
    }

    /// <inheritdoc/>
    protected override void Forget()
    {
        _process = null;
        _memory = null;
        _work.Clear();
        _working = false;
        foreach (var session in _sessions.Values.ToList())
            session.Close();
        _sessions.Clear();
    }

    private RunProcess NewProcess() => new(
        Run, Study,
        new RunServices(_memory!.Journal, _memory.Staging, _memory.Results, _memory.Registry, _key, site => _workers.GetValueOrDefault(site), Time, "simulated"),
        this);

    private Reply Journal(StagedRelease whole)
    {
        var decision = _process!.Handle(whole.At(Time.GetUtcNow()));
        return decision is Accepted ? Acknowledge(whole.Site, whole.Step, whole.Digest) : new Reply.Refused();
    }

    private Reply.Refused Reject(SiteId site, StepId step, RoundFault fault)
    {
        _process!.Handle(new ReleaseRejected(Time.GetUtcNow(), step, site, fault));
        return new Reply.Refused();
    }

    private Reply.Delivered Acknowledge(SiteId site, StepId step, Sha256Digest release)
    {
        Acknowledged?.Invoke(site, step, release);
        return new Reply.Delivered();
    }

    private void Tell(Session session, StepId step, Settlement settlement)
    {
        if (settlement.Outcome == SettlementOutcome.Committed)
            SettledAsCommitted?.Invoke(session.Site, step);
        session.Send(new StepEnded(step, (StepSettled.Types.Outcome)settlement.Outcome));
    }

    // One item at a time, off the run's turn, as production's queue does; a failing disk is tried again.
    private void WorkOn()
    {
        if (_working || _work.Count == 0)
            return;
        _working = true;
        Later(_weather.Work(), () =>
        {
            _working = false;
            RunCommand? outcome;
            try
            {
                outcome = _work.Peek().Execute();
            }
            catch (IOException)
            {
                Later(_weather.Backoff(), WorkOn);
                return;
            }

            _work.Dequeue();
            if (outcome is not null)
                _process!.Handle(outcome);
            WorkOn();
        });
    }

    /// <summary>What a life of the process has opened.</summary>
    private sealed class Memory(IDisk disk)
    {
        public DiskRunJournal Journal { get; } = new(disk);

        public StagingArea Staging { get; } = new(disk);

        public ResultStore Results { get; } = new(disk);

        public ModelRegistry Registry { get; } = new(disk);
    }
}
