using System.Text;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;
using FederatedClinicalMl.Tests.Learning.Serving;
using Microsoft.Extensions.Time.Testing;
using RunEvent = FederatedClinicalMl.Coordinator.Rounds.RunEvent;

namespace FederatedClinicalMl.Tests.Coordinator.Rounds;

/// <summary>Runs that ask sites what a served version did: what they ask, what they take, and what is known after several.</summary>
public sealed class MonitoringRunTests : IRunEffects, IDisposable
{
    private static readonly SiteId s_north = SiteId.Parse("north"), s_south = SiteId.Parse("south");
    private static readonly Study s_study = MadeModel.StudyOf();
    private static readonly DateOnly s_monday = new(2026, 11, 2);

    private readonly SimulatedDisk _disk = new(1);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));
    private readonly SigningKey _coordinator = SigningKey.Create();
    private readonly Dictionary<SiteId, SigningKey> _workers = new() { [s_north] = SigningKey.Create(), [s_south] = SigningKey.Create() };
    private readonly Queue<RunWork> _work = new();
    private readonly Runs _journal = new();
    private readonly StagingArea _staging;
    private readonly ResultStore _results;
    private readonly ModelRegistry _models;
    private MonitoringOrder _order;
    private RunProcess _process = null!;

    public MonitoringRunTests()
    {
        (_staging, _results, _models) = (new StagingArea(_disk, new LedgerWitness(_disk, _coordinator)), new ResultStore(_disk), new ModelRegistry(_disk));
        _order = Made(new ModelVersion(1, 0, 0));
        Ask(1);
    }

    public void Dispose()
    {
        _staging.Dispose();
        _coordinator.Dispose();
        foreach (var key in _workers.Values)
            key.Dispose();
    }

    [Fact]
    public void Sites_are_asked_of_the_version_without_parameters()
    {
        var offer = _process.OfferFor(s_north)!;

        Assert.Equal((StepKind.Monitoring, 0, 1), (offer.Step.Kind, offer.Step.Round.Value, offer.Step.Attempt));
        Assert.Null(offer.Parameters);
        Assert.Equal(_order, MonitoringOrder.Read(offer.Inputs.Span));
    }

    [Fact]
    public void Run_ends_with_the_reports_by_site_and_no_model()
    {
        Assert.Null(Upload(s_north, Told(Week(0))));
        Handle(new DeclineStep(_time.GetUtcNow(), _process.State!.Step!.Id, s_south, SiteReason.StudyNotApproved));

        Assert.Equal(RunStatus.Monitored, _process.State!.Status);
        Assert.Null(_process.State.Model);
        var told = Assert.IsType<RunMonitored>(_journal.Of(1)[^1]);
        Assert.Equal([s_north], SiteMonitoring.Read(s_study, _results.Read(told.Monitoring)).Sites.Select(site => site.Site));
        Assert.Equal(_journal.Of(1).Select(Text), _journal.Of(1).Select(journaled => Text(RunEventCodec.ReadEvent(RunEventCodec.Write(journaled)))));
    }

    [Fact]
    public void Known_of_a_version_is_each_window_as_its_site_told_it_last()
    {
        Upload(s_north, Told(Week(0)));
        Upload(s_south, Told(Week(0)));
        _time.Advance(TimeSpan.FromDays(7));
        Ask(2);
        Upload(s_north, Told(Week(7)));
        Upload(s_south, MonitoringReport.Without(_order, MonitoringWithholding.NotScheduled).Write(s_study));
        var monitorings = new SiteMonitorings(_journal, _results, _models);

        var known = monitorings.Of(_order);
        Assert.Equal([s_north, s_south], known.Select(site => site.Site));
        Assert.Equal([s_monday, s_monday.AddDays(7)], known[0].Windows.Select(window => window.Window.From));
        Assert.Equal(MonitoringWithholding.NotScheduled, known[1].Newest.Withheld);
        Assert.Equal(s_monday, Assert.Single(known[1].Windows).Window.From);
        Ask(3);
        Assert.Equal(RunOf(2), monitorings.Of(_order)[0].Run); // the third is still asked
        Upload(s_north, Told(Week(0), Week(7), Week(14)));
        Upload(s_south, Told(Week(0)));
        Assert.Equal((RunOf(3), 3), (monitorings.Of(_order)[0].Run, monitorings.Of(_order)[0].Windows.Length));
        Assert.Empty(monitorings.Of(_order with { Line = "other" }));
    }

    [Fact]
    public void Damaged_model_or_result_hides_what_was_told_of_it_and_of_no_other_version_and_is_read_when_it_is_mended()
    {
        var damaged = _order;
        Upload(s_north, Told(Week(0)));
        Upload(s_south, Told(Week(0)));
        _order = Made(new ModelVersion(1, 1, 0));
        Ask(2);
        Upload(s_north, Told(Week(0)));
        Upload(s_south, Told(Week(0)));
        var monitorings = new SiteMonitorings(_journal, _results, _models);

        foreach (var file in new[] { $"models/{damaged.Served.Model}/manifest.json", $"models/{damaged.Served.Model}/study.json", $"results/{Assert.IsType<RunMonitored>(_journal.Of(1)[^1]).Monitoring}" })
        {
            var whole = DurableFile.Read(_disk, file, int.MaxValue);
            var changed = (byte[])whole.Clone();
            changed[whole.Length / 2] ^= 1;
            DurableFile.Write(_disk, file, changed);
            var fault = Assert.ThrowsAny<Exception>(() => monitorings.Of(damaged));
            Assert.True(fault is DamagedModelException or IOException, fault.ToString());
            Assert.Equal([s_north, s_south], monitorings.Of(_order).Select(site => site.Site));
            DurableFile.Write(_disk, file, whole);
        }

        Assert.Equal([s_north, s_south], monitorings.Of(damaged).Select(site => site.Site));
    }

    [Theory]
    [InlineData("of-another-version")]
    [InlineData("beyond-its-minimum")]
    [InlineData("small-difference")]
    [InlineData("an-evaluation")]
    public void Release_that_is_no_report_on_the_version_is_refused(string forged)
    {
        var (payload, minimum) = forged switch
        {
            "of-another-version" => (MonitoringReport.Without(_order with { Line = "other" }, MonitoringWithholding.NotAllowed).Write(s_study), 5),
            "beyond-its-minimum" => (Told(Week(0)), 500),
            "small-difference" => (Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Told(Week(0))).Replace("\"answered\":20", "\"answered\":22", StringComparison.Ordinal)), 5),
            _ => ("""{"histogram":null}"""u8.ToArray(), 5),
        };

        Assert.Equal(RoundFault.PayloadMalformed, Upload(s_north, payload, minimum));
    }

    private static RunId RunOf(int number) => RunId.Parse(number.ToString("x16", System.Globalization.CultureInfo.InvariantCulture));

    private MonitoredWindow Week(int after)
    {
        var report = new DayReport("heart", _order.Served.Version, _order.Served.Model, s_monday.AddDays(after), s_study);
        for (var i = 0; i < 20; i++)
            report.CountAnswer(i % 2 == 0 ? 0.9f : -0.9f, null, TimeSpan.FromMilliseconds(1), [50]);
        return new MonitoredWindow(ReportSchedule.Weekly.WindowOf(report.Day), MonitoredUsage.Of(s_study, report, 5), null);
    }

    private byte[] Told(params MonitoredWindow[] windows) => MonitoringReport.With(s_study, _order, ReportSchedule.Weekly, 30, windows, 5).Write(s_study);

    /// <summary>Registers a model as a version of the line.</summary>
    private MonitoringOrder Made(ModelVersion version)
    {
        var (model, files) = MadeModel.Of(_coordinator, version.Minor + 1);
        _disk.CreateDirectory($"models/{model}");
        foreach (var (name, content) in files)
            DurableFile.Write(_disk, $"models/{model}/{name}", content);
        return new MonitoringOrder("heart", new ServedVersion(version, model));
    }

    private void Ask(int number)
    {
        var run = RunOf(number);
        var entry = _models.Find(_order.Served.Model)!;
        _process = new RunProcess(run, s_study, new RunServices(_journal, _staging, _results, _models, new NoiseRoots(_disk), _coordinator, site => _workers[site].PublicKey, _ => KeyRenewals.None, _time, "1.0.0"), this);
        var parts = entry with { Files = [.. entry.Files, new FederatedClinicalMl.Learning.ModelFile(ModelFileNames.Parameters, Sha256Digest.Of("parameters"u8), 8)] };
        Handle(new CreateRun(_time.GetUtcNow(), RunPlan.ForMonitoring(run, s_study, [s_south, s_north], parts, _order)));
        Handle(new StartRun(_time.GetUtcNow()));
    }

    private RoundFault? Upload(SiteId site, byte[] payload, int minimumCell = 5)
    {
        var rule = _process.PermitFor(site, _process.State!.Step!.Id).Rule!;
        var head = ReleaseHead.Sign(
            new ReleaseManifest(site, rule.Step, s_study.Digest, null, null, payload.Length, Sha256Digest.Of(payload), "json", 0, 0, 0, "1.0.0", "managed", minimumCell), _workers[site]);
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

    private sealed class Runs : IRunJournal
    {
        private readonly SortedDictionary<string, List<RunEvent>> _events = new(StringComparer.Ordinal);

        public IReadOnlyList<RunEvent> Of(int number) => _events[RunOf(number).Value];

        public void Append(RunId run, long after, IReadOnlyList<RunEvent> events)
        {
            if (!_events.TryGetValue(run.Value, out var known))
                _events[run.Value] = known = [];
            known.AddRange(events);
        }

        public IReadOnlyList<JournaledEvent> Read(RunId run, long after = 0) => [.. (_events.TryGetValue(run.Value, out var known) ? known : []).Select((journaled, at) => new JournaledEvent(at + 1, journaled)).Skip((int)after)];

        public IReadOnlyList<RunId> List(bool openOnly) => [.. _events.Keys.Select(RunId.Parse)];
    }
}
