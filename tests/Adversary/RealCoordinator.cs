using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Adversary;

/// <summary>
/// The coordinator of production, a run of it over a simulated disk. What grain, sessions and endpoints do around it a test does by hand: it stands where the gateways are, between hospitals and
/// coordinator, and may change what passes.
/// </summary>
internal sealed class RealCoordinator : IRunEffects, IDisposable
{
    private static readonly RunId s_run = RunId.Parse("fedcba9876543210");

    private readonly SimulatedDisk _disk = new(3);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));
    private readonly SigningKey _key = SigningKey.Create();
    private readonly Queue<RunWork> _work = new();
    private readonly DiskRunJournal _journal;
    private readonly StagingArea _staging;
    private readonly ResultStore _results;
    private readonly RunProcess _run;

    /// <summary>A run of these hospitals that was just started.</summary>
    public RealCoordinator(Study study, IEnumerable<Hospital> hospitals)
    {
        var keys = hospitals.ToDictionary(hospital => hospital.Name, hospital => hospital.Key.PublicKey);
        (_journal, _staging, _results) = (new DiskRunJournal(_disk), new StagingArea(_disk, new LedgerWitness(_disk, _key)), new ResultStore(_disk));
        _run = new RunProcess(s_run, study, new RunServices(_journal, _staging, _results, new ModelRegistry(_disk), new NoiseRoots(_disk), _key, keys.GetValueOrDefault, _ => KeyRenewals.None, _time, "1.0.0"), this);
        Handle(RunProcess.Plan(s_run, study, keys.Keys, _results, keys.GetValueOrDefault, _ => KeyRenewals.None, _time.GetUtcNow()));
        Handle(new StartRun(_time.GetUtcNow()));
    }

    public RunState State => _run.State!;

    /// <summary>The step that collects now.</summary>
    public StepId Step => State.Step!.Id;

    /// <summary>What the run's journal says of steps that came to nothing.</summary>
    public IEnumerable<string> Abandoned => _journal.Read(s_run).Select(journaled => journaled.Event).OfType<StepAbandoned>().Select(abandoned => abandoned.Sentence);

    /// <summary>What the run's journal says of releases that were refused.</summary>
    public IEnumerable<(SiteId Site, RoundFault Fault)> Refused =>
        _journal.Read(s_run).Select(journaled => journaled.Event).OfType<ReleaseRefused>().Select(refused => (refused.Site, refused.Fault));

    /// <summary>The files of what a step has staged.</summary>
    public IReadOnlyList<string> StagedFor(StepId step) => _disk.List($"staging/{step}");

    /// <summary>A result that a step came to.</summary>
    public byte[] Result(StepKind kind) => _results.Read(State.History.Last(step => step.Id.Kind == kind && step.Result is not null).Result!.Value);

    /// <summary>The order for the present step as an honest gateway hands it to its worker, with the files that belong to it.</summary>
    public StepOrder OrderFor(Hospital hospital)
    {
        var offer = _run.OfferFor(hospital.Name) ?? throw new InvalidOperationException($"'{hospital.Name}' is asked nothing.");
        foreach (var digest in new[] { offer.Parameters, offer.File?.Digest }.OfType<Sha256Digest>())
            hospital.Put(_results.Read(digest));
        return new StepOrder
        {
            Run = offer.Step.Run.Value, Round = (uint)offer.Step.Round.Value, Kind = (StepOrder.Types.Kind)offer.Step.Kind, Attempt = (uint)offer.Step.Attempt, Site = hospital.Name.Value,
            StudyDigest = ByteString.CopyFrom(offer.Study.Value.Span), ParametersDigest = ByteString.CopyFrom(offer.Parameters!.Value.Span), Constants = ByteString.CopyFrom(offer.Constants.Span),
            Inputs = ByteString.CopyFrom(offer.Inputs.Span), Ledger = ByteString.CopyFrom(offer.Ledger.Span),
            FileDigest = offer.File is { } file ? ByteString.CopyFrom(file.Digest.Span) : ByteString.Empty,
        };
    }

    /// <summary>What a hospital answers to the present step.</summary>
    public Answer Ask(Hospital hospital)
    {
        var answer = hospital.Perform(OrderFor(hospital));
        Assert.True(answer.Release.Length > 0, answer.Sentence);
        return answer;
    }

    /// <summary>Takes bytes over the connection of a hospital's gateway.</summary>
    /// <param name="from">Whose connection.</param>
    /// <param name="bytes">The bytes, of the whole or its beginning.</param>
    /// <param name="step">For which step; null: the present one.</param>
    /// <param name="declared">What the gateway says is the length of the whole; null: that of the bytes.</param>
    /// <returns>Why it is refused; null where it is taken.</returns>
    public UploadRefused? Take(Hospital from, byte[] bytes, StepId? step = null, long? declared = null)
    {
        var permit = _run.PermitFor(from.Name, step ?? Step);
        if (permit.Fault is { } fault)
            return new UploadRefused(fault);
        if (permit.Rule is not { } rule)
            return null; // it was accepted before
        switch (_staging.Append(rule, 0, declared ?? bytes.Length, bytes))
        {
            case UploadRefused refused:
                Handle(new ReleaseRejected(_time.GetUtcNow(), rule.Step, rule.Site, refused.Fault));
                return refused;
            case UploadWhole whole:
                Handle(whole.Release.At(_time.GetUtcNow()));
                return null;
            default:
                return null; // more is awaited
        }
    }

    /// <summary>Has hospitals answer the present step honestly.</summary>
    public void Collect(params IEnumerable<Hospital> hospitals)
    {
        foreach (var hospital in hospitals.ToList())
            Assert.Null(Take(hospital, Ask(hospital).Release));
    }

    /// <summary>Has hospitals answer honestly until a step of this kind collects.</summary>
    public RealCoordinator Until(StepKind kind, params IReadOnlyCollection<Hospital> hospitals)
    {
        while (Step.Kind != kind)
            Collect(hospitals);
        return this;
    }

    /// <summary>Ends the present step without those who have not answered.</summary>
    public void PassDeadline()
    {
        _time.SetUtcNow(State.Step!.Deadline);
        Handle(new DeadlineReached(_time.GetUtcNow(), Step));
    }

    void IRunEffects.Offer(SiteId site, StepInvitation invitation)
    {
        // Asked for by hand: OrderFor.
    }

    void IRunEffects.Settle(SiteId site, StepId step, Settlement settlement)
    {
        // Nobody here waits for it.
    }

    void IRunEffects.ArmDeadline(StepId step, DateTimeOffset at)
    {
        // Passed by hand: PassDeadline.
    }

    void IRunEffects.Start(RunWork work) => _work.Enqueue(work);

    void IRunEffects.Happened(RunId run, JournaledEvent journaled)
    {
        // Read from the journal.
    }

    public void Dispose()
    {
        _staging.Dispose();
        _journal.Dispose();
        _key.Dispose();
    }

    private void Handle(RunCommand command)
    {
        var decision = _run.Handle(command);
        Assert.True(decision is Accepted, $"{decision}");
        while (_work.TryDequeue(out var work))
        {
            if (work.Execute() is { } outcome)
                Handle(outcome);
        }
    }
}
