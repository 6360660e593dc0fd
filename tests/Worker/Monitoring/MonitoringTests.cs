using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using FederatedClinicalMl.Tests.Learning;
using FederatedClinicalMl.Tests.Learning.Serving;
using FederatedClinicalMl.Tests.Worker.Policies;
using FederatedClinicalMl.Tests.Worker.Serving;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Monitoring;

/// <summary>What a site tells of what its scoring saw, and when it tells nothing.</summary>
public sealed class MonitoringTests : IDisposable
{
    private static readonly Study s_study = MadeModel.StudyOf();
    private static readonly DateOnly s_monday = new(2026, 11, 2); // the site's clock begins on the 24th

    private static readonly ProfileDesign s_design = StudyDrift.SketchDesignOf(s_study)!;

    private readonly DeskComputer _computer = new();
    private readonly Orders _orders = new();
    private readonly List<string> _notices = [];
    private readonly Site _site;
    private int _runs;

    public MonitoringTests()
    {
        _site = new Site(computer: _computer);
        _computer.Desk = new MonitoringDesk(_site.Disk, _site.Serving, _site.Time, _notices.Add);
        _site.Approve(s_study);
        _orders.Bring(_site, 1);
        Allow("weekly");
        _site.Models.Offer(_orders.Of(1, production: 1));
        Assert.NotNull(Orders.OnShelf(_site));
    }

    public void Dispose()
    {
        _site.Dispose();
        _orders.Dispose();
    }

    [Fact]
    public void Week_is_told_once_it_is_over_and_its_outcomes_once_and_never_again()
    {
        Write(s_monday, 12, positives: 0);
        Write(s_monday.AddDays(6), 12, positives: 0);
        Write(s_monday.AddDays(21), 30, positives: 0); // the week of today

        var first = Tell();
        Write(s_monday, 12, positives: 4); // what came of them
        Write(s_monday.AddDays(6), 12, positives: 4);
        Assert.Equal(first.Bytes, Tell().Bytes);
        _site.Time.Advance(TimeSpan.FromDays(16)); // the 10th of December: 32 days after the week's Sunday
        var second = Tell();
        Write(s_monday, 12, positives: 5); // one more outcome
        _site.Restart();
        var third = Tell();

        var window = Assert.Single(first.Report.Windows);
        Assert.Equal(new ReportWindow(s_monday, s_monday.AddDays(6)), window.Window);
        Assert.Equal(24, window.Usage!.Answered);
        Assert.Null(window.Outcomes);
        Assert.Equal(2, second.Report.Windows.Length);
        Assert.Equal((8, 8), (second.Report.Windows[0].Outcomes!.Scores!.Positives, second.Report.Windows[0].Outcomes!.Scores!.Negatives));
        // All 24 rows are of one band, so that no other subgroup hides that 8 of them have no outcome: it is no small number here.
        Assert.Equal([0L, 16L, 0L, 0L], Assert.Single(second.Report.Windows[0].Outcomes!.Subgroups!.Partitions).Select(group => group.Sum!.Bins.Sum(bin => bin.Count)));
        Assert.Null(second.Report.Windows[1].Outcomes);
        Assert.Equal(second.Bytes, third.Bytes);
        Assert.All([first, second, third], told => Assert.True(told.Report.Fits(5)));
    }

    [Fact]
    public void Numbers_together_are_held_against_the_rows_last_trained_on_once_and_never_again()
    {
        Trained(60, age: 50);
        Write(s_monday, 30, positives: 0, age: 90);
        var first = Tell();
        Trained(80, age: 90);
        Write(s_monday.AddDays(7), 30, positives: 0, age: 90);
        _site.Restart();
        var second = Tell();

        var joint = Assert.Single(first.Report.Windows).Usage!.Joint!;
        Assert.InRange(joint.Discrepancy, 0.1, 2);
        Assert.Equal(0.0001, joint.P);
        Assert.Equal(joint, second.Report.Windows[0].Usage!.Joint); // although it is as the rows are that were trained on since
        Assert.InRange(second.Report.Windows[1].Usage!.Joint!.Discrepancy, -0.05, 0.05);
        Assert.Equal(second.Bytes, Tell().Bytes);
    }

    [Theory]
    [InlineData("never-trained")]
    [InlineData("trained-on-few")]
    [InlineData("sketched-otherwise")]
    [InlineData("a-day-without-a-sketch")]
    public void Numbers_together_are_not_told_where_one_side_has_no_sketch_or_too_few_rows(string why)
    {
        Write(s_monday, 12, positives: 0);
        Write(s_monday.AddDays(1), 12, positives: 0);
        switch (why)
        {
            case "trained-on-few":
                Trained(4, age: 90); // the policy's minimum is 5
                break;
            case "sketched-otherwise":
                Trained(60, age: 90, ProfileDesign.Of(s_design.Features, [], "another"));
                break;
            case "a-day-without-a-sketch":
                Trained(60, age: 90);
                var path = ServingPaths.Report(Orders.Line, Version.Version, s_monday);
                var report = JsonNode.Parse(DurableFile.Read(_site.Serving, path))!.AsObject();
                report["format"] = 2;
                (_, _, _) = (report.Remove("sketch"), report.Remove("subgroups"), report.Remove("bands"));
                DurableFile.Write(_site.Serving, path, CanonicalJson.Write(report));
                break;
        }

        var usage = Assert.Single(Tell().Report.Windows).Usage!;
        Assert.Equal(24, usage.Answered);
        Assert.Null(usage.Joint);
    }

    [Theory]
    [InlineData("withhold", false)]
    [InlineData("release", false)]
    [InlineData("compare", true)]
    public void Areas_by_subgroup_are_told_only_where_the_policy_lets_exact_areas_out(string word, bool told)
    {
        _site.Policy = PolicyText.With("per-site-metrics", word);
        Write(s_monday, 40, positives: 15);
        _site.Time.Advance(TimeSpan.FromDays(16));

        var areas = Assert.Single(Tell().Report.Windows).Outcomes!.Areas;

        Assert.Equal(told, areas is not null);
        Assert.All(areas ?? [], partition => Assert.Equal([null, new SubgroupArea(1000, 0), null, null], partition)); // its scores part the outcomes
        _site.Policy = PolicyText.With("per-site-metrics", "release");
        Assert.Null(Assert.Single(Tell().Report.Windows).Outcomes!.Areas); // told before, and not again
    }

    [Fact]
    public void Site_tells_nothing_unless_a_steward_has_approved_a_schedule()
    {
        Write(s_monday, 30, positives: 10);
        Allow("none");
        var none = Tell().Report;
        _site.Models.Forbid(Orders.Line, "grace", "");
        var forbidden = Tell().Report;
        _orders.Allow(_site); // without a word of reports
        var silent = Tell().Report;

        Assert.Equal((MonitoringWithholding.NotScheduled, MonitoringWithholding.NotAllowed, MonitoringWithholding.NotScheduled), (none.Withheld!.Value, forbidden.Withheld!.Value, silent.Withheld!.Value));
        Assert.All([none, forbidden, silent], report => Assert.Empty(report.Windows));
        Assert.Empty(_site.Disk.List($"monitoring/{Orders.Line}"));
    }

    [Fact]
    public void Model_that_is_not_on_the_shelf_or_that_another_key_has_signed_is_not_told_of()
    {
        Write(s_monday, 30, positives: 10);
        var unknown = Tell(_orders.Model(2)).Report;
        Tell();
        using var other = SigningKey.Create();
        _site.Models.Allow(Orders.Line, other.PublicKey.Fingerprint.ToString(), ["production"], "grace", "", "weekly");
        var signedByAnother = Tell().Report;

        Assert.Equal((MonitoringWithholding.NotAllowed, MonitoringWithholding.NotAllowed), (unknown.Withheld!.Value, signedByAnother.Withheld!.Value));
    }

    [Fact]
    public void Model_of_another_study_than_the_orders_is_not_told_of()
    {
        var other = StudyText.Of("{name: age, range: [0, 110], missing: {value: 60}, scale: none}", name: Orders.Line);
        _site.Approve(other);
        Write(s_monday, 30, positives: 10);

        Assert.Equal(MonitoringWithholding.NotAllowed, Tell(study: other).Report.Withheld);
        Tell();
        Assert.Equal(Reason.StudyDigestWrong, _site.Decline(Order(study: other)));
    }

    [Fact]
    public void Days_after_a_change_of_schedule_are_told_only_where_no_week_told_them()
    {
        Write(s_monday.AddDays(2), 12, positives: 0);
        Write(s_monday.AddDays(9), 12, positives: 0);
        Allow("monthly"); // November is not over
        Assert.Empty(Tell().Report.Windows);
        Allow("daily");
        var days = Tell().Report;
        Allow("weekly");
        Write(s_monday.AddDays(14), 12, positives: 0);
        var weeks = Tell().Report;

        Assert.Equal([new(s_monday.AddDays(2), s_monday.AddDays(2)), new(s_monday.AddDays(9), s_monday.AddDays(9))], days.Windows.Select(window => window.Window));
        Assert.Equal(new ReportWindow(s_monday.AddDays(14), s_monday.AddDays(20)), weeks.Windows[^1].Window);
        Assert.Equal(3, weeks.Windows.Length);
    }

    [Fact]
    public void Week_with_a_day_that_cannot_be_read_waits_and_the_sites_log_says_which()
    {
        Write(s_monday, 12, positives: 0);
        var path = ServingPaths.Report(Orders.Line, Version.Version, s_monday.AddDays(1));
        DurableFile.Write(_site.Serving, path, "{}"u8);

        Assert.Empty(Tell().Report.Windows);
        Assert.Contains("2026-11-03", Assert.Single(_notices), StringComparison.Ordinal);
        Write(s_monday.AddDays(1), 12, positives: 0);
        Assert.Equal(24, Assert.Single(Tell().Report.Windows).Usage!.Answered);
    }

    [Fact]
    public void Report_of_a_day_that_no_week_can_hold_is_as_if_it_were_not_there()
    {
        Write(s_monday, 12, positives: 0);
        DurableFile.Write(_site.Serving, $"{ServingPaths.Reports(Orders.Line, Version.Version)}/9999-12-31.json", "{}"u8);

        Assert.Equal(12, Assert.Single(Tell().Report.Windows).Usage!.Answered);
    }

    [Fact]
    public void Week_whose_outcomes_are_more_than_can_be_told_waits_and_the_sites_log_says_which()
    {
        foreach (var day in new[] { s_monday, s_monday.AddDays(1) })
        {
            Write(day, 12, positives: 0);
            var path = ServingPaths.Report(Orders.Line, Version.Version, day);
            var report = JsonNode.Parse(DurableFile.Read(_site.Serving, path))!;
            (report["outcomes"]!["negatives"]![63], report["outcomes"]!["probabilities"]![63]) = (1 << 30, (1L << 62).ToString(System.Globalization.CultureInfo.InvariantCulture));
            (report["subgroups"], report["bands"]) = (null, null); // they would not add up to it
            DurableFile.Write(_site.Serving, path, CanonicalJson.Write(report));
        }

        Assert.Empty(Tell().Report.Windows);
        Assert.Contains("2026-11-03", Assert.Single(_notices), StringComparison.Ordinal);
    }

    [Fact]
    public void Record_of_what_was_told_that_cannot_be_read_declines_the_step()
    {
        Write(s_monday, 12, positives: 0);
        Tell();
        using var folder = new TemporaryFolder();
        var record = folder.Of($"monitoring/{Orders.Line}/{Assert.Single(_site.Disk.List($"monitoring/{Orders.Line}"))}");
        Directory.CreateDirectory(Path.GetDirectoryName(record)!);
        using (var file = File.Create(record))
            file.SetLength(1L << 30); // more than is read
        _computer.Desk = new MonitoringDesk(new FileDisk(folder.Of("")), _site.Serving, _site.Time, _notices.Add);

        Assert.Equal(Reason.DataUnfit, _site.Decline(Order()));
    }

    [Fact]
    public void Changed_record_of_what_was_told_is_not_gone_on_with()
    {
        Write(s_monday, 12, positives: 0);
        Tell();
        var path = $"monitoring/{Orders.Line}/{Assert.Single(_site.Disk.List($"monitoring/{Orders.Line}"))}";
        DurableFile.Write(_site.Disk, path, "{}"u8);

        Assert.Equal(Reason.DataUnfit, _site.Decline(Order()));
    }

    [Fact]
    public void Few_rows_are_not_told_and_what_a_lower_minimum_let_out_is_not_repeated_under_a_higher_one()
    {
        Write(s_monday, 3, positives: 0);
        Write(s_monday.AddDays(7), 12, positives: 0);
        var before = Tell().Report;
        _site.Policy = _site.Policy.Replace("minimum-cell: 5", "minimum-cell: 20", StringComparison.Ordinal);
        var after = Tell().Report;

        Assert.Null(before.Windows[0].Usage);
        Assert.Equal(12, before.Windows[1].Usage!.Answered);
        Assert.Null(Assert.Single(after.Windows).Usage);
    }

    [Fact]
    public void Word_that_is_taken_back_while_a_report_is_made_keeps_it_in()
    {
        Write(s_monday, 12, positives: 0);
        _computer.Meanwhile = () => Allow("none");

        Assert.Equal(Reason.ApprovalRevoked, _site.Decline(Order()));
        Assert.Empty(_site.Outgoing);
    }

    [Fact]
    public void Monitoring_is_no_round_of_the_study_and_a_run_of_its_own()
    {
        _site.Policy = _site.Policy.Replace("maximum-rounds: 200", "maximum-rounds: 2", StringComparison.Ordinal);
        Write(s_monday, 12, positives: 0);
        Tell();
        Tell();
        var order = Order();
        _site.Release(order);
        var preparation = Site.Order(Kind.Preparation, study: s_study, run: order.Run);

        Assert.Equal(0, _site.Core.State.RoundsOf(s_study.Digest));
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(preparation));
        Assert.Equal(Reason.RoundOutOfOrder, _site.Decline(new StepOrder(Order()) { Attempt = 2 }));
        Assert.Equal(Reason.ParametersWrong, _site.Decline(new StepOrder(Order()) { Inputs = ByteString.CopyFromUtf8("{}") }));
    }

    [Fact]
    public void Study_under_differential_privacy_tells_nothing()
    {
        var computer = new SiteStepComputer(null!, null!, monitoring: _computer.Desk);
        var study = Computing.PrivateStudies.Study;
        var step = new StepId(RunId.Parse(Site.Run), RoundNumber.Preparation, StepKind.Monitoring, 1);

        var declined = Assert.Throws<StepDeclinedException>(() => computer.Compute(
            new StepRequest(study, Site.Name, step, default, null, new ExclusionList(Site.Secret, []), PolicyReader.Read(_site.Policy).Policy!, Monitoring: (new MonitoringOrder(Orders.Line, Version), null)), TestContext.Current.CancellationToken));

        Assert.Equal(Reason.ReleaseBeyondPolicy, declined.Reason);
    }

    [Fact]
    public void Allowance_is_in_the_log_and_one_from_before_there_were_reports_reads_as_none()
    {
        var allowed = _site.Entries.Last(entry => (string)entry["kind"]! == ServingEntries.Allowed)["body"]!.AsObject();
        Assert.Equal(("weekly", 30), ((string)allowed["report"]!, (int)allowed["outcomes-after"]!));
        var old = allowed.DeepClone().AsObject();
        old.Remove("report");
        old.Remove("outcomes-after");
        _site.Core.Journal.Append(ServingEntries.Allowed, old);
        _site.Restart();

        Assert.Equal(ReportSchedule.None, _site.Core.State.Serving.Of(Orders.Line).Allowance!.Report);
    }

    [Theory]
    [InlineData("hourly", 30)]
    [InlineData("weekly", 0)]
    [InlineData("weekly", 366)]
    public void Schedule_that_there_is_not_is_refused(string report, int after) => Assert.Throws<StewardException>(() =>
        _site.Models.Allow(Orders.Line, _orders.Key.PublicKey.Fingerprint.ToString(), ["production"], "grace", "", report, after));

    private ServedVersion Version => new(new ModelVersion(1, 0, 0), _orders.Model(1));

    private void Allow(string report) => _site.Models.Allow(Orders.Line, _orders.Key.PublicKey.Fingerprint.ToString(), ["shadow", "production"], "grace", "", report);

    // A day of so many rows between logit -1 and 1; of the first so many positives and negatives the outcome is known.
    private void Write(DateOnly day, int rows, int positives, float age = 50)
    {
        var report = new DayReport(Orders.Line, Version.Version, Version.Model, day, s_study, s_design.Basis);
        for (var i = 0; i < rows; i++)
        {
            var logit = i % 2 == 0 ? 0.9f : -0.9f;
            float[] values = [age + (i % 3)];
            report.CountAnswer(logit, null, TimeSpan.FromMilliseconds(1), values, StudyDrift.SketchRows(s_design, s_study.Data.Features, values));
            if (i < positives * 2)
                report.CountOutcome(logit, i % 2 == 0, SubgroupIndex.Of(s_study, values));
        }

        _site.Serving.CreateDirectory(ServingPaths.Reports(Orders.Line, Version.Version));
        DurableFile.Write(_site.Serving, ServingPaths.Report(Orders.Line, Version.Version, day), report.Write());
    }

    // What a run leaves of so many rows.
    private void Trained(int rows, double age, ProfileDesign? design = null) => new DriftRecord(
        RunId.Parse(Site.Run), Sha256Digest.Of("rows"u8), TrainingProfile.Of(design ?? s_design, [.. Enumerable.Range(0, rows).Select(i => age + (i % 3))], new double[rows]), 0, []).Write(_site.Disk, s_study);

    private StepOrder Order(Sha256Digest? model = null, Study? study = null) => new(Site.Order(Kind.Monitoring, study: study ?? s_study, run: (++_runs).ToString("x16", System.Globalization.CultureInfo.InvariantCulture)))
    {
        Inputs = ByteString.CopyFrom(new MonitoringOrder(Orders.Line, new ServedVersion(Version.Version, model ?? Version.Model)).Write()),
    };

    private (MonitoringReport Report, byte[] Bytes) Tell(Sha256Digest? model = null, Study? study = null)
    {
        var file = _site.FileOf(_site.Release(Order(model, study)));
        var head = ReleaseHead.Read(file.AsSpan(0, ReleaseHead.LengthOf(file.AsSpan(0, ReleaseHead.PrefixLength))));
        var bytes = file[^(int)head.Manifest.PayloadLength..];
        return (MonitoringReport.Read(study ?? s_study, bytes), bytes);
    }

    private sealed class DeskComputer : IStepComputer
    {
        public MonitoringDesk Desk { get; set; } = null!;

        public Action? Meanwhile { get; set; }

        public StepComputation Compute(StepRequest request, CancellationToken cancel)
        {
            var computed = Desk.Compute(request);
            Meanwhile?.Invoke();
            return computed;
        }
    }
}
