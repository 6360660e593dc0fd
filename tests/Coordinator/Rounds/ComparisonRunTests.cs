using System.Runtime.InteropServices;
using System.Text;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;
using Microsoft.Extensions.Time.Testing;
using ModelFile = FederatedClinicalMl.Learning.ModelFile;
using RunEvent = FederatedClinicalMl.Coordinator.Rounds.RunEvent;

namespace FederatedClinicalMl.Tests.Coordinator.Rounds;

/// <summary>A run that has sites compare two models: what it asks, what it takes, what comes of it, and which gate decides by it.</summary>
public sealed class ComparisonRunTests : IRunEffects, IDisposable
{
    private static readonly RunId s_run = RunId.Parse("0123456789abcdef");
    private static readonly SiteId s_north = SiteId.Parse("north"), s_south = SiteId.Parse("south");
    private static readonly Study s_study = StudyText.Of("{name: age, range: [0, 120], missing: mean, constants: {mean: 60, sd: 10}}");
    private static readonly Study s_other = StudyText.Of("{name: age, range: [0, 120], missing: mean, constants: {mean: 50, sd: 20}}", name: "other");

    private readonly SimulatedDisk _disk = new(1);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));
    private readonly SigningKey _coordinator = SigningKey.Create();
    private readonly Dictionary<SiteId, SigningKey> _workers = new() { [s_north] = SigningKey.Create(), [s_south] = SigningKey.Create() };
    private readonly Queue<RunWork> _work = new();
    private readonly MemoryJournal _journal = new();
    private readonly StagingArea _staging;
    private readonly ResultStore _results;
    private readonly ComparedModel _candidate;
    private readonly ComparedModel _against;
    private RunProcess _process;

    public ComparisonRunTests()
    {
        (_staging, _results) = (new StagingArea(_disk, new LedgerWitness(_disk, _coordinator)), new ResultStore(_disk));
        (_candidate, _against) = (Model(s_study, [0.5f, 0]), Model(s_other, [0.25f, 1]));
        _process = Process();
        Handle(new CreateRun(_time.GetUtcNow(), RunPlan.ForComparison(s_run, s_study, [s_south, s_north], _candidate, 8, _against)));
    }

    public void Dispose()
    {
        _staging.Dispose();
        _coordinator.Dispose();
        foreach (var key in _workers.Values)
            key.Dispose();
    }

    [Fact]
    public void Sites_are_given_both_models_and_whose_the_second_is()
    {
        Handle(new StartRun(_time.GetUtcNow()));
        var offer = _process.OfferFor(s_north)!;

        Assert.Equal((StepKind.Comparison, 1, 1), (offer.Step.Kind, offer.Step.Round.Value, offer.Step.Attempt));
        Assert.Equal((s_study.Digest, _candidate.Parameters, 8L), (offer.Study, offer.Parameters!.Value, offer.ParametersLength));
        Assert.Equal(new StepFile(_against.Parameters, 8), offer.File);
        var order = ComparisonOrder.Read(offer.Inputs.Span);
        Assert.Equal((s_other.Digest, _against.Constants), (order.Study, Sha256Digest.Of(order.Constants.Span)));
    }

    [Fact]
    public void Run_ends_with_the_sites_reports_its_record_signed_and_no_model()
    {
        Handle(new StartRun(_time.GetUtcNow()));
        Assert.Null(Upload(s_north, Told(1)));
        Assert.Null(Upload(s_south, new ComparisonReport(_against, CorrelatedAreasReport.WithheldByPolicy).Write(), minimumCell: 0));

        Assert.Equal(RunStatus.Compared, _process.State!.Status);
        var compared = Assert.IsType<RunCompared>(_journal.Events[^1]);
        var known = new SiteComparisons(_journal, _results).Newest(_candidate, _against)!;
        Assert.Equal(_results.Read(compared.Comparison), known.Result.Write());
        Assert.Equal([s_north, s_south], known.Result.Sites.Select(site => site.Site));
        Assert.Single(known.Result.Differences);
        var record = _journal.Events.OfType<RoundRecorded>().Single();
        Assert.True(_coordinator.PublicKey.Verify(SignatureContext.RoundRecord, Encoding.UTF8.GetBytes(record.Record), Convert.FromBase64String(record.Signature)));
        Assert.Equal([s_north, s_south], RecordedRound.Read(Encoding.UTF8.GetBytes(record.Record)).Steps.Single().Participants.Select(part => part.Site));
        Assert.Null(_process.State.Model);
        Assert.Equal(_journal.Events.Select(Text), _journal.Events.Select(journaled => Text(RunEventCodec.ReadEvent(RunEventCodec.Write(journaled)))));
    }

    [Theory]
    [InlineData(2)] // the step is open
    [InlineData(3)] // one site has answered
    [InlineData(4)] // both have, and the step is closed
    [InlineData(5)] // it is over
    public void Run_killed_after_any_append_ends_with_the_same_comparison(int append)
    {
        _journal.KilledAfter = append;
        try
        {
            Handle(new StartRun(_time.GetUtcNow()));
            Upload(s_north, Told(1));
            Upload(s_south, Told(2));
        }
        catch (IOException)
        {
            _work.Clear(); // as it is killed
        }

        _journal.KilledAfter = int.MaxValue;
        _process = Process();
        _process.Recover();
        Work();
        foreach (var (site, seed) in new[] { (s_north, 1), (s_south, 2) }.Where(asked => _process.OfferFor(asked.Item1) is not null))
            Upload(site, Told(seed));

        Assert.Equal(Sha256Digest.Of(SiteComparison.Merge([(s_north, Report(1)), (s_south, Report(2))]).Write()), Assert.IsType<RunCompared>(_journal.Events[^1]).Comparison);
        Assert.Single(_journal.Events.OfType<RoundRecorded>());
        Assert.Equal(5, _journal.Appends);
    }

    [Fact]
    public void Run_that_fewer_answer_than_the_studys_quorum_fails()
    {
        Handle(new StartRun(_time.GetUtcNow()));
        Handle(new DeclineStep(_time.GetUtcNow(), _process.State!.Step!.Id, s_north, SiteReason.StudyNotApproved));

        Assert.Contains("the comparison", Assert.IsType<RunFailed>(_journal.Events[^1]).Sentence, StringComparison.Ordinal);
        Assert.Null(new SiteComparisons(_journal, _results).Newest(_candidate, _against));
    }

    [Theory]
    [InlineData("of-no-scores")]
    [InlineData("against-another")]
    [InlineData("beyond-its-minimum")]
    [InlineData("an-evaluation")]
    public void Release_that_is_no_comparison_of_these_two_is_refused(string forged)
    {
        Handle(new StartRun(_time.GetUtcNow()));
        var (payload, minimum) = forged switch
        {
            "of-no-scores" => (Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Told(1)).Replace("\"areas\":[", "\"areas\":[0.123,", StringComparison.Ordinal)), 5),
            "against-another" => (new ComparisonReport(_candidate, Report(1)).Write(), 5),
            "beyond-its-minimum" => (Told(1), 500),
            _ => ("""{"histogram":null}"""u8.ToArray(), 5),
        };

        Assert.Equal(RoundFault.PayloadMalformed, Upload(s_north, payload, minimum));
    }

    [Fact]
    public void Gate_decides_by_the_sites_differences_where_the_quorum_told_them_and_else_by_sums()
    {
        var (candidate, production) = (Facts(s_study, _candidate), Facts(s_other, _against));
        GateResult Production(params (SiteId, CorrelatedAreasReport)[] reports) =>
            ModelGates.Check(candidate, production, reports.Length == 0 ? null : new KnownComparison(s_run, SiteComparison.Merge(reports))).Gates.Single(gate => gate.Name == "production");

        Assert.Contains("have not compared the two", Production().Sentence, StringComparison.Ordinal);
        var one = Production((s_north, Report(1)), (s_south, CorrelatedAreasReport.WithheldByPolicy));
        Assert.Contains("1 of at least 2 sites told", one.Sentence, StringComparison.Ordinal);
        Assert.False(one.Passed);

        var both = Production((s_north, Even()), (s_south, Even()), (SiteId.Parse("west"), Even()), (SiteId.Parse("east"), CorrelatedAreasReport.WithheldByPolicy));
        Assert.True(both.Passed, both.Sentence);
        Assert.Contains("random effects over 3 sites, I² = 0 %", both.Sentence, StringComparison.Ordinal);
        Assert.Contains($"run {s_run}, of which 1 withheld theirs", both.Sentence, StringComparison.Ordinal);
    }

    // Both rank 2000 rows alike.
    private static CorrelatedAreasReport Even()
    {
        var scores = Enumerable.Range(0, 2000).Select(row => (double)(row * 37 % 2000)).ToArray();
        return CorrelatedAreasReport.Of([scores, scores], [.. scores.Select(score => score + 400 > 1200)], 5, 5);
    }

    private static ModelFacts Facts(Study study, ComparedModel model) => new(
        new ModelEntry(default, study.Name, s_run, study.Digest, DateTimeOffset.UnixEpoch, "1.0.0", [new ModelFile(ModelFileNames.Parameters, model.Parameters, 8), new ModelFile(ModelFileNames.Constants, model.Constants, 2)], default),
        study, null, null);

    private static CorrelatedAreasReport Report(int seed)
    {
        var labels = Enumerable.Range(0, 40).Select(row => row % 2 == 1).ToArray();
        double[] Scores(int shift) => [.. labels.Select((label, row) => (label ? 0.5 : 0) + ((row * 7 * (shift + seed)) % 11 / 10.0))];
        return CorrelatedAreasReport.Of([Scores(1), Scores(4)], labels, 5, 5);
    }

    private byte[] Told(int seed) => new ComparisonReport(_against, Report(seed)).Write();

    private ComparedModel Model(Study study, float[] parameters) =>
        new(study.Digest, _results.Write(MemoryMarshal.AsBytes<float>(parameters)), _results.Write(PreprocessingConstants.Freeze(study, null).Canonical.Span));

    private RunProcess Process() => new(
        s_run, s_study, new RunServices(_journal, _staging, _results, new ModelRegistry(_disk), new NoiseRoots(_disk), _coordinator, site => _workers[site].PublicKey, _ => KeyRenewals.None, _time, "1.0.0"), this);

    private RoundFault? Upload(SiteId site, byte[] payload, int minimumCell = 5)
    {
        var rule = _process.PermitFor(site, _process.State!.Step!.Id).Rule!;
        var head = ReleaseHead.Sign(
            new ReleaseManifest(site, rule.Step, s_study.Digest, rule.Parameters, rule.Constants, payload.Length, Sha256Digest.Of(payload), "json", 0, 0, 0, "1.0.0", "managed", minimumCell), _workers[site]);
        byte[] release = [.. head.Bytes.Span, .. payload];
        switch (_staging.Append(rule, 0, release.Length, release))
        {
            case UploadWhole whole:
                Handle(whole.Release.At(_time.GetUtcNow()));
                return null;
            case UploadRefused refused:
                return refused.Fault;
            default:
                throw new InvalidOperationException("More is awaited.");
        }
    }

    private void Handle(RunCommand command)
    {
        Assert.IsType<Accepted>(_process.Handle(command));
        Work();
    }

    private void Work()
    {
        while (_work.TryDequeue(out var work))
        {
            if (work.Execute() is { } outcome)
                Assert.IsType<Accepted>(_process.Handle(outcome));
        }
    }

    private static string Text(RunEvent journaled) => Encoding.UTF8.GetString(RunEventCodec.Write(journaled));

    void IRunEffects.Offer(SiteId site, StepInvitation invitation)
    {
        // Asked for by hand.
    }

    void IRunEffects.Settle(SiteId site, StepId step, Settlement settlement)
    {
        // Nobody here waits for it.
    }

    void IRunEffects.ArmDeadline(StepId step, DateTimeOffset at)
    {
        // None passes.
    }

    void IRunEffects.Start(RunWork work) => _work.Enqueue(work);

    void IRunEffects.Happened(RunId run, JournaledEvent journaled)
    {
        // Read from the journal.
    }

    private sealed class MemoryJournal : IRunJournal
    {
        public List<RunEvent> Events { get; } = [];

        public int Appends { get; private set; }

        /// <summary>The append that is durable, and after which nothing more happens.</summary>
        public int KilledAfter { get; set; } = int.MaxValue;

        public void Append(RunId run, long after, IReadOnlyList<RunEvent> events)
        {
            Events.AddRange(events);
            if (++Appends == KilledAfter)
                throw new IOException("The coordinator is killed.");
        }

        public IReadOnlyList<JournaledEvent> Read(RunId run, long after = 0) => [.. Events.Select((journaled, at) => new JournaledEvent(at + 1, journaled)).Skip((int)after)];

        public IReadOnlyList<RunId> List(bool openOnly) => [s_run];
    }
}
