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
    private const string VerdictsDirectory = "verdicts";

    private readonly Weather _weather;
    private readonly Mutant _mutant;
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
        Timeline time, Weather weather, IDisk disk, SigningKey key, Study study, SignedStudy signed, RunId run, IReadOnlyDictionary<SiteId, VerifyingKey> workers,
        Mutant mutant)
        : base("coordinator", time)
    {
        (_weather, _disk, _key, Study, _signed, Run, _workers, _mutant) = (weather, disk, key, study, signed, run, workers, mutant);
    }

    /// <summary>A session: two streams, one each way, and what either side knows of it.</summary>
    internal sealed class Session(SiteId site, Lane up, Lane down)
    {
        private bool _broken;

        /// <summary>The site.</summary>
        public SiteId Site => site;

        /// <summary>What the gateway does with a message; set by the gateway.</summary>
        public Action<GatewayEvent> Receive { get; set; } = _ => { };

        /// <summary>Ends the session from the coordinator's side, or the network's.</summary>
        public Action Close { get; set; } = () => { };

        /// <summary>To the coordinator, in order.</summary>
        public void Up(Action arrive) => up.Send(arrive);

        /// <summary>To the gateway, in order.</summary>
        public void Down(Action arrive) => down.Send(arrive);

        /// <summary>Sends a message to the gateway; a stream that breaks brings nothing more.</summary>
        public void Send(GatewayEvent message, bool breaks)
        {
            if (_broken)
                return;
            if (breaks)
            {
                _broken = true;
                Close();
                return;
            }

            Down(() => Receive(message));
        }
    }

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

    /// <summary>Creates the run, if the journal does not have it, and starts it; does nothing while that is not possible.</summary>
    public void StartRun(IEnumerable<SiteId> approved, float[]? initialParameters = null)
    {
        if (!IsUp)
            return;
        Do(() => Unless(() =>
        {
            if (Process() is null)
            {
                var create = RunProcess.Plan(Run, Study, approved, _memory!.Results, site => _workers.GetValueOrDefault(site), _ => KeyRenewals.None, Time.GetUtcNow());
                if (initialParameters is not null)
                    create = create with { Plan = create.Plan with { Parameters = _memory.Results.Write(System.Runtime.InteropServices.MemoryMarshal.AsBytes(initialParameters.AsSpan())) } };
                _process = NewProcess();
                Insist(Handle(create));
            }

            if (State!.Status == RunStatus.Created)
                Insist(Handle(new StartRun(Time.GetUtcNow())));
            return true;
        }, false));

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

    /// <summary>The whole journal, as it is in its file.</summary>
    public IReadOnlyList<JournaledEvent> Journal() => _memory!.File.Read(Run);

    /// <summary>Opens a session for a site, in the place of an older one.</summary>
    public void Open(Session session, IReadOnlyList<HeldTicket> held)
    {
        if (!IsUp)
        {
            session.Close();
            return;
        }

        Do(() =>
        {
            if (_sessions.Remove(session.Site, out var old))
                old.Close();
            _sessions[session.Site] = session;
            Send(session, new SessionOpened(Time.GetUtcNow()));
            Send(session, new StudyOffered(_signed, Withdrawn: false));
            try
            {
                CatchUp(session, held);
            }
            catch (IOException)
            {
                session.Close(); // what it was not told now it asks for with its next Hello
            }
        });
    }

    /// <summary>A message of a session has arrived: it counts while the session is the site's.</summary>
    public void Take(Session session, Action act)
    {
        if (!IsUp || _sessions.GetValueOrDefault(session.Site) != session)
            return;
        Do(() =>
        {
            try
            {
                act();
            }
            catch (IOException)
            {
                session.Close();
            }
        });
    }

    /// <summary>A session ended at the site's side.</summary>
    public void Closed(Session session)
    {
        if (_sessions.GetValueOrDefault(session.Site) == session)
            _sessions.Remove(session.Site);
    }

    /// <summary>A site declines a step.</summary>
    public void Decline(Session session, StepId step, SiteReason reason)
    {
        if (Process() is not null)
            Handle(new DeclineStep(Time.GetUtcNow(), step, session.Site, reason));
    }

    /// <summary>A site's verdict on the study: kept first; whoever does not approve any more leaves the run.</summary>
    public void Judge(Session session, StudyVerdict verdict)
    {
        var path = $"{VerdictsDirectory}/{session.Site}";
        var approves = verdict.State == StudyVerdict.Types.State.Approved;
        if (approves != !Left().ContainsKey(session.Site) || !_disk.Exists(path))
            DurableFile.Write(_disk, path, approves ? "approved"u8 : "withdrawn"u8);
        if (!approves && Process() is not null)
            Handle(new RemoveSite(Time.GetUtcNow(), session.Site, GoneReason.ApprovalWithdrawn));
    }

    /// <summary>HEAD of a release.</summary>
    public Reply Ask(SiteId site, StepId step) => Permitted(site, step, (_, rule) =>
    {
        var status = _memory!.Staging.Status(rule);
        return status.Whole is { } whole ? Journal(whole) : new Reply.Continue(status.Offset, status.Prefix);
    });

    /// <summary>PUT of a piece of a release.</summary>
    public Reply Put(SiteId site, StepId step, long offset, long total, ReadOnlySpan<byte> bytes)
    {
        var content = bytes.ToArray();
        return Permitted(site, step, (process, rule) => _memory!.Staging.Append(rule, offset, total, content) switch
        {
            UploadWhole whole => Journal(_mutant.Staged(process, whole.Release)),
            UploadRefused refused => Reject(site, step, refused.Fault),
            UploadAppended appended => new Reply.Continue(appended.Offset, default),
            UploadMisplaced misplaced => new Reply.Continue(misplaced.Offset, default),
            _ => throw new InvalidOperationException("An upload ended in a way that the simulator does not know."),
        });
    }

    /// <summary>GET of a range of a parameter vector.</summary>
    public Reply Get(Sha256Digest parameters, long offset, int length) => Unless<Reply>(() =>
    {
        if (!_memory!.Results.Contains(parameters))
            return new Reply.Refused();
        using var file = _memory.Results.Open(parameters);
        var content = new byte[Math.Min(length, file.Length - offset)];
        file.Read(offset, content);
        return new Reply.Bytes(content);
    }, new Reply.NotNow());

    void IRunEffects.Offer(SiteId site, StepInvitation invitation)
    {
        if (_sessions.TryGetValue(site, out var session))
            Send(session, new StepOffered(Messages.Offered(invitation)));
    }

    void IRunEffects.Settle(SiteId site, StepId step, Settlement settlement)
    {
        if (_sessions.TryGetValue(site, out var session))
            Tell(session, step, settlement);
    }

    void IRunEffects.ArmDeadline(StepId step, DateTimeOffset at)
    {
        var delay = at - Time.GetUtcNow();
        Later(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, () => Unless(() => _process is null ? null : Handle(new DeadlineReached(Time.GetUtcNow(), step)), null));
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
        _disk.CreateDirectory(VerdictsDirectory);
        _memory = new Memory(_disk, _key, _mutant);
        Process();
    }

    /// <inheritdoc/>
    protected override void Forget()
    {
        _process = null;
        _memory?.Close();
        _memory = null;
        _work.Clear();
        _working = false;
        foreach (var session in _sessions.Values.ToList())
            session.Close();
        _sessions.Clear();
    }

    // The run's process; made anew from the journal where the last was given up. Null where the run is not created.
    private RunProcess? Process()
    {
        if (_process is not null || _memory!.Journal.Read(Run).Count == 0)
            return _process;
        _process = NewProcess();
        try
        {
            _process.Recover(Left());
        }
        catch (IOException)
        {
            GiveUp();
            throw;
        }

        return _process;
    }

    // As production's grain does: after a failure the memory may be behind the journal, so that both are read again, a little later at
    // the latest.
    private Decision Handle(RunCommand command)
    {
        try
        {
            return _process!.Handle(command);
        }
        catch (Exception fault) when (fault is IOException or JournalConflictException)
        {
            GiveUp();
            throw;
        }
    }

    private Reply Permitted(SiteId site, StepId step, Func<RunProcess, UploadRule, Reply> act) => Unless<Reply>(() =>
    {
        if (Process() is not { } process)
            return new Reply.NotNow();
        var permit = _mutant.Permit(process, site, step);
        if (permit.Accepted is { } accepted)
            return Acknowledge(site, step, accepted);
        return permit.Rule is { } rule ? act(process, rule) : new Reply.Refused();
    }, new Reply.NotNow());

    private void GiveUp()
    {
        _process = null;
        _work.Clear(); // was the old process's, over the old journal; the new one starts its own
        _memory!.CloseJournal();
        Later(_weather.Backoff(), () => Unless(Process, null));
    }

    private static T Unless<T>(Func<T> act, T otherwise)
    {
        try
        {
            return act();
        }
        catch (IOException)
        {
            return otherwise;
        }
    }

    private Dictionary<SiteId, GoneReason> Left() => _disk.List(VerdictsDirectory).Where(name => SiteId.TryParse(name, out _))
        .Where(name => DurableFile.Read(_disk, $"{VerdictsDirectory}/{name}").AsSpan().SequenceEqual("withdrawn"u8))
        .ToDictionary(SiteId.Parse, _ => GoneReason.ApprovalWithdrawn);

    private void CatchUp(Session session, IReadOnlyList<HeldTicket> held)
    {
        var process = Process();
        if (process?.OfferFor(session.Site) is { } offer)
            Send(session, new StepOffered(Messages.Offered(offer)));
        foreach (var ticket in held)
        {
            var settlement = process is null ? new Settlement(SettlementOutcome.Abandoned) : process.SettlementFor(session.Site, ticket.Step, ticket.Digest);
            if (settlement is { } ended)
                Tell(session, ticket.Step, ended);
        }
    }

    private void Send(Session session, GatewayEvent message) => session.Send(message, _weather.Breaks());

    private RunProcess NewProcess() => new(
        Run, Study,
        new RunServices(_memory!.Journal, _memory.Staging, _memory.Results, _memory.Registry, _memory.Noise, _key, site => _workers.GetValueOrDefault(site), _ => KeyRenewals.None, Time, "simulated"),
        this);

    private Reply Journal(StagedRelease whole)
    {
        if (_mutant.AcknowledgesBeforeJournal)
        {
            Later(_weather.Work(), () => Unless(() => Process() is null ? null : Handle(whole.At(Time.GetUtcNow())), null));
            return Acknowledge(whole.Site, whole.Step, whole.Digest);
        }

        var decision = Handle(whole.At(Time.GetUtcNow()));
        return decision is Accepted ? Acknowledge(whole.Site, whole.Step, whole.Digest) : new Reply.Refused();
    }

    private Reply.Refused Reject(SiteId site, StepId step, RoundFault fault)
    {
        Handle(new ReleaseRejected(Time.GetUtcNow(), step, site, fault));
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
        Send(session, new StepEnded(step, (StepSettled.Types.Outcome)settlement.Outcome));
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
            if (_work.Count == 0)
                return;
            try
            {
                if (_work.Peek().Execute() is { } outcome && Process() is not null)
                    Handle(outcome);
            }
            catch (IOException)
            {
                Later(_weather.Backoff(), WorkOn);
                return;
            }

            _work.Dequeue();
            WorkOn();
        });
    }

    /// <summary>What a life of the process has opened.</summary>
    private sealed class Memory(IDisk disk, SigningKey key, Mutant mutant)
    {
        private IRunJournal? _journal;

        public DiskRunJournal File { get; private set; } = new(disk);

        public IRunJournal Journal => _journal ??= mutant.Journal(File);

        public StagingArea Staging { get; } = new(disk, new LedgerWitness(disk, key));

        public ResultStore Results { get; } = new(disk);

        public ModelRegistry Registry { get; } = new(disk);

        // From the run's name, so as to be the same in every replay: a simulation has nobody to protect.
        public NoiseRoots Noise { get; } = new(disk, (run, root) => Sha256Digest.Of(System.Text.Encoding.ASCII.GetBytes($"simulated noise {run}")).Span.CopyTo(root));

        /// <summary>After a failed append: the next reader reads the file.</summary>
        public void CloseJournal()
        {
            File.Dispose();
            (File, _journal) = (new DiskRunJournal(disk), null);
        }

        /// <summary>The process has ended: what it had open is closed.</summary>
        public void Close()
        {
            File.Dispose();
            Staging.Dispose();
        }
    }
}
