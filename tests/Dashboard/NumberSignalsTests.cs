using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>Facts of runs of a study that predicts a number.</summary>
public sealed class NumberSignalsTests(SeededFederation federation) : IClassFixture<SeededFederation>
{
    [Fact]
    public async Task Errors_are_told_round_by_round_and_of_each_site_begin_anew_with_a_run_and_no_score_is()
    {
        var (_, runs) = await federation.AddNumberAsync();
        var coordinator = federation.Coordinator;
        var (signals, board) = (new RunSignals(coordinator.Service<IRunJournal>(), coordinator.Service<ResultStore>(), new ServedSignals(coordinator.Service<SiteMonitorings>(), federation.Registry)), new FactBoard());

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
}
