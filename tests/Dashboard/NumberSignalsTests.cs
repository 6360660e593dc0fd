using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>Facts of runs of a study that predicts a number, and of what sites tell of its served models.</summary>
public sealed class NumberSignalsTests(SeededFederation federation) : IClassFixture<SeededFederation>
{
    [Fact]
    public async Task Errors_are_told_round_by_round_and_of_each_site_begin_anew_with_a_run_and_no_score_is()
    {
        var (_, runs) = await federation.AddNumberAsync();
        var coordinator = federation.Coordinator;
        var (signals, board) = (new RunSignals(coordinator.Service<IRunJournal>(), coordinator.Service<ResultStore>(), new ServedSignals(coordinator.Service<SiteMonitorings>(), federation.Registry, new SiteReports())), new FactBoard());

        signals.Look(runs[0], board);

        var errors = Of(MonitoredSignal.MeanAbsoluteError).Since(DateTimeOffset.MinValue).ToList();
        Assert.Equal(8, errors.Count);
        Assert.True(errors[^1] < errors[0]);
        Assert.True(Of(MonitoredSignal.RootMeanSquaredError).Last.Number > errors[^1]);
        Assert.InRange(Of(MonitoredSignal.RSquared).Last.Number, 0.9, 1);
        Assert.Equal(["cleveland", "hungarian", "switzerland"], board.Of(MonitoredSignal.SiteMeanAbsoluteError.Name).Select(series => series.Last.Subject["site"]!).Order(StringComparer.Ordinal)); // one withholds its own
        Assert.All((MonitoredSignal[])[MonitoredSignal.Auroc, MonitoredSignal.Brier, MonitoredSignal.CalibrationSlope, MonitoredSignal.SiteAuroc], signal => Assert.Empty(board.Of(signal.Name)));

        signals.Look(runs[1], board);

        Assert.Equal(8, Of(MonitoredSignal.MeanAbsoluteError).Since(DateTimeOffset.MinValue).Count());

        Series Of(MonitoredSignal signal) => Assert.Single(board.Of(signal.Name));
    }

    [Fact]
    public async Task Damaged_model_is_named_and_facts_of_every_other_are_told()
    {
        await using var own = new SeededFederation(); // which this damages
        await own.InitializeAsync();
        var (study, runs) = await own.AddNumberAsync();
        var order = own.TellOfNumber(study, runs[0]);
        var coordinator = own.Coordinator;
        coordinator.Service<StageDesk>().Confirm(order.Served.Model.ToString(), "1.0.0", new Member(Roles.Researcher, "rosalind"));
        var damaged = own.Registry.List().Single(entry => entry.Run == SeededFederation.FirstRun).Digest;
        var manifest = coordinator.PathOf($"models/{damaged}/manifest.json");
        var content = await File.ReadAllBytesAsync(manifest, TestContext.Current.CancellationToken);
        content[content.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(manifest, content, TestContext.Current.CancellationToken);
        var (signals, board, lines, desk) = (new ServedSignals(coordinator.Service<SiteMonitorings>(), own.Registry, new SiteReports()), new FactBoard(), coordinator.Service<ModelLines>(), coordinator.Service<ObservationDesk>());

        Assert.Equal(damaged, Assert.Throws<DamagedModelException>(() => signals.Look(lines.All, [], new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero), board)).Model);

        Assert.Equal([order.Line], board.Of(MonitoredSignal.ServedRows.Name).Select(series => series.Last.Subject["line"]).Distinct());
        Assert.Equal(damaged, Assert.Throws<DamagedModelException>(() => desk.Get("heart-disease", "1.0.0")).Model);
        Assert.NotEmpty(desk.Get(order.Line, "1.0.0").Sites);
    }

    [Fact]
    public async Task Errors_of_a_served_version_are_told_against_its_evaluation_and_by_subgroup_end_with_it_and_no_score_is()
    {
        await using var own = new SeededFederation(); // whose numbers no other test has added
        await own.InitializeAsync();
        var (study, runs) = await own.AddNumberAsync();
        var order = own.TellOfNumber(study, runs[0]);
        var coordinator = own.Coordinator;
        coordinator.Service<StageDesk>().Confirm(order.Served.Model.ToString(), "1.0.0", new Member(Roles.Researcher, "rosalind"));
        var confirmed = coordinator.Service<ModelLines>().Of(order.Line);
        var (signals, board, now) = (new ServedSignals(coordinator.Service<SiteMonitorings>(), own.Registry, new SiteReports()), new FactBoard(), new DateTimeOffset(2026, 11, 26, 8, 0, 0, TimeSpan.Zero));

        signals.Look([At(ModelStage.Production)], [], now, board);

        Assert.Equal(8, Of(MonitoredSignal.LiveMeanAbsoluteError, "hungarian").Since(DateTimeOffset.MinValue).Count());
        Assert.InRange(Of(MonitoredSignal.LiveMeanAbsoluteError, "va-long-beach").Last.Number, 1, 1.3);
        Assert.Equal(0, Of(MonitoredSignal.LiveExcess, "va-long-beach").Last.Number);
        var excess = Of(MonitoredSignal.LiveExcess, "hungarian").Last.Number;
        var evaluated = ModelFacts.Of(own.Registry, order.Served.Model).Evaluation!.Number!.Metrics.MeanAbsoluteError!.Value.Value;
        Assert.InRange(Of(MonitoredSignal.LiveMeanAbsoluteError, "hungarian").Last.Number, (1 + excess) * evaluated, (1.2 + excess) * evaluated); // by its interval's lower end, not the error itself
        var rule = BuiltInRules.All.Single(rule => rule.Name == "live-error");
        Assert.Equal((MonitoredSignal.LiveExcess, true), (rule.Signal, excess > ((Threshold)rule.Condition).Bound));
        Assert.InRange(Of(MonitoredSignal.SubgroupGap, "hungarian", "age").Last.Number, 0.5, 2);
        Assert.Equal(0, Of(MonitoredSignal.SubgroupGap, "va-long-beach", "age").Last.Number);
        Assert.All((MonitoredSignal[])[MonitoredSignal.LiveAuroc, MonitoredSignal.LiveShortfall, MonitoredSignal.LiveCalibration, MonitoredSignal.LabelChange], signal => Assert.Empty(board.Of(signal.Name)));

        signals.Look([At(ModelStage.Retired)], [], now, board);

        Assert.All([Of(MonitoredSignal.LiveExcess, "hungarian"), Of(MonitoredSignal.SubgroupGap, "hungarian", "age")], series => Assert.Equal(0, series.Last.Number));

        ModelLine At(ModelStage stage) => confirmed with { Versions = confirmed.Versions.SetItem(order.Served.Version, confirmed.Versions[order.Served.Version] with { Stage = stage }) };

        Series Of(MonitoredSignal signal, string site, string? feature = null) => board.Of(signal.Name).Single(series => series.Last.Subject["site"] == site && series.Last.Subject["feature"] == feature);
    }
}
