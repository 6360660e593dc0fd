using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning.Serving;
using FederatedClinicalMl.Tests.Worker.Policies;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Worker.Monitoring;

/// <summary>What a site tells of a model of a number.</summary>
public sealed class NumberMonitoringTests : IDisposable
{
    private static readonly Study s_study = MadeModel.NumberStudyOf();
    private static readonly ProfileDesign s_design = StudyDrift.SketchDesignOf(s_study)!;
    private static readonly DateOnly s_monday = new(2026, 11, 2);

    private readonly SigningKey _key = SigningKey.Create();
    private readonly SimulatedDisk _disk = new(1), _serving = new(2);
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 24, 0, 0, 0, TimeSpan.Zero));
    private readonly List<string> _notices = [];
    private readonly MonitoringDesk _desk;
    private readonly MonitoringOrder _order;

    public NumberMonitoringTests()
    {
        var (model, files) = MadeModel.Of(_key, of: s_study);
        _order = new MonitoringOrder("heart", new ServedVersion(new ModelVersion(1, 0, 0), model));
        _serving.CreateDirectory(ServingPaths.Model(model));
        foreach (var (name, content) in files)
            DurableFile.Write(_serving, $"{ServingPaths.Model(model)}/{name}", content);
        _desk = new MonitoringDesk(_disk, _serving, _time, _notices.Add);
    }

    public void Dispose() => _key.Dispose();

    [Fact]
    public void Week_tells_its_predictions_then_its_errors_once_and_never_again()
    {
        Write(s_monday, 24, known: 0);
        Write(s_monday.AddDays(6), 24, known: 0);
        var first = Tell();
        Write(s_monday, 24, known: 14); // what came of them
        Write(s_monday.AddDays(6), 24, known: 24);
        Assert.Equal(first.Bytes, Tell().Bytes);
        _time.Advance(TimeSpan.FromDays(16));
        var second = Tell();
        Write(s_monday, 24, known: 15);
        var third = Tell();

        var usage = Assert.Single(first.Report.Windows).Usage!;
        Assert.Equal((48, 48), (usage.Answered, usage.Scores.Told));
        Assert.Null(first.Report.Windows[0].Outcomes);
        var errors = Assert.Single(second.Report.Windows).Outcomes!.Number!;
        Assert.Equal(38, errors.Errors!.Count);
        Assert.Equal(2, errors.Metrics.MeanAbsoluteError!.Value.Value, 6);
        Assert.Equal([0L, 38L, 0L, 0L], Assert.Single(errors.Subgroups!.Partitions).Select(group => group.Sum!.Count)); // all are of one band
        Assert.Equal(second.Bytes, third.Bytes);
        Assert.Empty(_notices);
    }

    [Fact]
    public void Errors_of_a_week_in_which_few_outcomes_are_not_known_stay_in()
    {
        Write(s_monday, 24, known: 21); // the policy's minimum is 5
        _time.Advance(TimeSpan.FromDays(16));
        var outcomes = Assert.Single(Tell().Report.Windows).Outcomes!;

        Assert.Null(outcomes.Number!.Errors);
        Assert.All(Assert.Single(outcomes.Number.Subgroups!.Partitions), group => Assert.Null(group.Sum));
    }

    [Fact]
    public void Report_whose_errors_are_of_another_range_keeps_its_week_back()
    {
        Write(s_monday, 24, known: 24);
        var path = ServingPaths.Report("heart", _order.Served.Version, s_monday);
        var report = CanonicalJson.Read(DurableFile.Read(_serving, path))!;
        report["outcomes"] = RegressionSums.Of(0, 31, [], []).ToJson();
        DurableFile.Write(_serving, path, CanonicalJson.Write(report));

        Assert.Empty(Tell().Report.Windows);
        Assert.Contains("within the study's range", Assert.Single(_notices), StringComparison.Ordinal);
    }

    // A day of so many rows of about 50 years; what came of the first ones is 2 days off.
    private void Write(DateOnly day, int rows, int known)
    {
        var report = new DayReport("heart", _order.Served.Version, _order.Served.Model, day, s_study, s_design.Basis);
        for (var i = 0; i < rows; i++)
        {
            float[] values = [50 + (i % 3)];
            report.CountAnswer(6 + (i % 3), null, TimeSpan.FromMilliseconds(1), values, StudyDrift.SketchRows(s_design, s_study.Data.Features, values));
            if (i < known)
                report.CountOutcome(6 + (i % 3), 6 + (i % 3) + (i % 2 == 0 ? 2.0 : -2.0), SubgroupIndex.Of(s_study, values));
        }

        _serving.CreateDirectory(ServingPaths.Reports("heart", _order.Served.Version));
        DurableFile.Write(_serving, ServingPaths.Report("heart", _order.Served.Version, day), report.Write());
    }

    private (MonitoringReport Report, byte[] Bytes) Tell()
    {
        var allowance = new ServingAllowance(_key.PublicKey.Fingerprint, [], Production: true, "grace", DateTimeOffset.UnixEpoch, "") { Report = ReportSchedule.Weekly };
        var step = new StepId(RunId.Parse(Site.Run), RoundNumber.Preparation, StepKind.Monitoring, 1);
        var policy = PolicyReader.Read(PolicyText.With("minimum-cell", "5")).Policy!;
        var payload = _desk.Compute(new StepRequest(s_study, Site.Name, step, default, null, new ExclusionList(Site.Secret, []), policy, Monitoring: (_order, allowance))).Payload.ToArray();
        return (MonitoringReport.Read(s_study, payload), payload);
    }
}
