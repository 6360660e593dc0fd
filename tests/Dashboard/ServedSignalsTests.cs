using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Dashboard;

/// <summary>Facts of what sites tell of a served version, which outlive a restart and end with the version.</summary>
public sealed class ServedSignalsTests(SeededFederation federation) : IClassFixture<SeededFederation>
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 26, 8, 0, 0, TimeSpan.Zero);

    private readonly SiteReports _reports = new();

    [Fact]
    public void Site_that_serves_a_line_and_tells_no_window_for_longer_than_its_schedule_allows_is_late_and_each_by_itself()
    {
        var (signals, board, rules) = (Signals(), new FactBoard(), new RuleWatch(s_now));
        _reports.Take(SiteId.Parse("kept-silent"), "heart-disease", new SiteReport(1, ServingState.OnShelf, s_now)); // has never answered
        signals.Look(Lines.All, [SiteId.Parse("hungarian")], s_now, board);

        Assert.Equal([], Late(TimeSpan.Zero));
        Assert.Equal(["cleveland", "va-long-beach"], Late(TimeSpan.FromDays(8))); // a week more, a day's grace, and three days
        Assert.Equal(["cleveland", "kept-silent", "va-long-beach"], Late(TimeSpan.FromDays(70)));

        IEnumerable<string?> Late(TimeSpan later) => rules.Look(BuiltInRules.Alone, board, [], s_now + later).Holding.Keys.Where(key => key.Rule == "windows-late").Select(key => key.Subject["site"]).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void Facts_are_told_window_by_window_so_that_a_new_board_knows_what_changed()
    {
        var (signals, board) = (Signals(), new FactBoard());

        signals.Look(Lines.All, [], s_now, board);

        Assert.InRange(Of(board, MonitoredSignal.InputDrift, "cleveland", "thalach").Last.Number, 0.25, 10);
        Assert.Equal(0, Of(board, MonitoredSignal.InputDrift, "va-long-beach", "thalach").Last.Number);
        Assert.InRange(Of(board, MonitoredSignal.InputDistance, "cleveland", "thalach").Last.Number, 0.1, 1);
        Assert.Equal(0, Of(board, MonitoredSignal.InputDistance, "va-long-beach", "thalach").Last.Number);
        Assert.Equal(0, Of(board, MonitoredSignal.InputAssociation, "va-long-beach", "cp").Last.Number);
        Assert.DoesNotContain(board.Of(MonitoredSignal.InputDistance.Name), series => series.Last.Subject["feature"] == "cp"); // a category has none
        Assert.DoesNotContain(board.Of(MonitoredSignal.InputAssociation.Name), series => series.Last.Subject["feature"] == "thalach");
        Assert.InRange(Of(board, MonitoredSignal.JointDrift, "cleveland").Last.Number, JointDrift.LargeFrom, 1);
        Assert.Equal(0, Of(board, MonitoredSignal.JointDrift, "va-long-beach").Last.Number);
        var missing = Of(board, MonitoredSignal.InputMissing, "hungarian", "oldpeak").Since(s_now.AddDays(-62)).ToList();
        Assert.InRange(missing[^1] - missing.Min(), 0.15, 0.3);
        Assert.InRange(Of(board, MonitoredSignal.LiveShortfall, "hungarian").Last.Number, 0.03, 0.3);
        Assert.Equal(0, Of(board, MonitoredSignal.LiveShortfall, "va-long-beach").Last.Number);
        Assert.InRange(Of(board, MonitoredSignal.SubgroupGap, "hungarian", "cp").Last.Number, 0.1, 0.4);
        Assert.Equal(0, Of(board, MonitoredSignal.SubgroupGap, "va-long-beach", "cp").Last.Number);
        Assert.DoesNotContain(board.Of(MonitoredSignal.ServedRows.Name), series => series.Last.Subject["site"] == "switzerland");
    }

    [Fact]
    public void Facts_of_a_site_that_has_left_and_of_a_version_that_is_served_no_more_say_that_all_is_well()
    {
        var (signals, board) = (Signals(), new FactBoard());
        signals.Look(Lines.All, [], s_now, board);

        signals.Look(Lines.All, [SiteId.Parse("cleveland")], s_now, board);
        Assert.Equal(0, Of(board, MonitoredSignal.InputDistance, "cleveland", "thalach").Last.Number);
        Assert.Equal(0, Of(board, MonitoredSignal.InputDrift, "cleveland", "thalach").Last.Number);
        Assert.Equal(0, Of(board, MonitoredSignal.JointDrift, "cleveland").Last.Number);
        Assert.NotEqual(0, Of(board, MonitoredSignal.LiveShortfall, "hungarian").Last.Number);
        Assert.NotEqual(0, Of(board, MonitoredSignal.SubgroupGap, "hungarian", "cp").Last.Number);

        var line = Lines.Of("heart-disease");
        var retired = line with { Versions = line.Versions.SetItem(line.Production!.Value, line.Versions[line.Production.Value] with { Stage = ModelStage.Retired }) };
        signals.Look([retired], [], s_now, board);
        Assert.Equal(0, Of(board, MonitoredSignal.LiveShortfall, "hungarian").Last.Number);
        Assert.Single(Of(board, MonitoredSignal.InputMissing, "hungarian", "oldpeak").Since(s_now.AddDays(-62)));
    }

    private ModelLines Lines => federation.Coordinator.Service<ModelLines>();

    private ServedSignals Signals() => new(federation.Coordinator.Service<SiteMonitorings>(), federation.Registry, _reports);

    private static Series Of(FactBoard board, MonitoredSignal signal, string site, string? feature = null) =>
        board.Of(signal.Name).Single(series => series.Last.Subject["site"] == site && series.Last.Subject["feature"] == feature);
}
