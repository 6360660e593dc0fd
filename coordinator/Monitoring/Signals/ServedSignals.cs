using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>
/// Tells facts from what sites have told of versions: of one that is served window after window, each at its end, so that rules see after a restart what they saw before it; of one that is served no more, or by a
/// site that has left, once that all is well, so that its alerts end. Not for several threads at once.
/// </summary>
public sealed class ServedSignals(SiteMonitorings told, ModelRegistry models, SiteReports reports)
{
    private ImmutableHashSet<MonitoringOrder> _served = [];
    private ImmutableHashSet<SiteId> _gone = [];
    private IReadOnlyDictionary<(SiteId Site, string Line), SiteReport>? _reports;
    private bool _isStale = true;

    /// <summary>Says that sites have told something.</summary>
    public void Heard() => _isStale = true;

    /// <summary>Puts on the board what is known, where anything of it has changed.</summary>
    /// <param name="lines">All lines.</param>
    /// <param name="gone">Sites that have left.</param>
    /// <param name="now">When.</param>
    /// <param name="board">The board.</param>
    /// <exception cref="IOException">What sites told of a version has changed on the disk; of the others was told, and the next look tries again.</exception>
    /// <exception cref="FormatException">Likewise.</exception>
    /// <exception cref="DamagedModelException">An entry of the registry is damaged; of the others was told.</exception>
    public void Look(IReadOnlyCollection<ModelLine> lines, ImmutableHashSet<SiteId> gone, DateTimeOffset now, FactBoard board)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(gone);
        ArgumentNullException.ThrowIfNull(board);
        var served = lines.SelectMany(line => new[] { line.Production, line.Rollout?.Version }.OfType<ModelVersion>().Distinct().Select(version => OrderOf(line, version))).ToImmutableHashSet();
        var said = reports.All; // replaced whole
        if (!_isStale && served.SetEquals(_served) && gone.SetEquals(_gone) && ReferenceEquals(said, _reports))
            return;
        var (unreadable, again) = ((Exception?)null, false); // of the others is told nevertheless
        foreach (var order in lines.SelectMany(line => line.Versions.Keys.Select(version => OrderOf(line, version))))
        {
            try
            {
                if (models.Find(order.Served.Model) is not { } entry)
                    continue;
                foreach (var site in SiteFigures.Of(told, order, models.StudyOf(entry)))
                {
                    var isOver = !served.Contains(order) || gone.Contains(site.Told.Site);
                    Tell(site, order, entry, isOver, now, board);
                    if (isOver)
                        board.ExpectNoMore(About(order, site.Told.Site));
                }
            }
            catch (Exception fault) when (fault is IOException or FormatException)
            {
                (unreadable, again) = (fault, again || fault is not DamagedModelException);
            }
        }

        foreach (var line in lines)
        {
            try
            {
                TellLateness(line, [.. served.Where(order => order.Line == line.Name)], said, gone, now, board);
            }
            catch (Exception fault) when (fault is IOException or FormatException)
            {
                (unreadable, again) = (fault, again || fault is not DamagedModelException);
            }
        }

        (_served, _gone, _reports, _isStale) = (served, gone, said, again);
        if (unreadable is not null)
            ExceptionDispatchInfo.Throw(unreadable);
    }

    // By site and line, not by version: one that follows another in production has no window yet, and is not late for that.
    private void TellLateness(ModelLine line, ImmutableArray<MonitoringOrder> served, IReadOnlyDictionary<(SiteId Site, string Line), SiteReport> said, ImmutableHashSet<SiteId> gone, DateTimeOffset now, FactBoard board)
    {
        var tells = served.Where(order => models.Find(order.Served.Model) is { } entry && models.StudyOf(entry).Privacy is null).ToList(); // under differential privacy nothing is told
        var heard = tells.SelectMany(told.Of).ToLookup(known => known.Site);
        var serving = said.Where(report => report.Key.Line == line.Name && report.Value.State == ServingState.OnShelf).Select(report => report.Key.Site);
        var expected = tells.Count == 0 ? [] : heard.Select(site => site.Key).Union(serving).Except(gone).ToHashSet();
        foreach (var site in expected)
            board.Take(Fact.Of(MonitoredSignal.WindowLate, Subject.Of(("line", line.Name), ("site", site.Value)), now, Due([.. heard[site]], DateOnly.FromDateTime(line.Ordered.At.UtcDateTime))));
        foreach (var left in board.Of(MonitoredSignal.WindowLate.Name).Select(series => series.Last.Subject).Where(subject => subject["line"] == line.Name && !expected.Contains(SiteId.Parse(subject["site"]!))).ToList())
            board.Take(Fact.Of(MonitoredSignal.WindowLate, left, now, DateTimeOffset.MaxValue)); // told once more as in order, so that alerts about it end
    }

    // From when the window after the newest may be told: that of the day after it, or of the day from which sites are to serve what they serve now.
    private static DateTimeOffset Due(IReadOnlyList<KnownMonitoring> heard, DateOnly ordered)
    {
        var newest = heard.MaxBy(known => known.At)?.Newest;
        if (newest is { Withheld: not null } or { Schedule: ReportSchedule.None })
            return DateTimeOffset.MaxValue;
        var from = heard.SelectMany(known => known.Windows).Select(window => window.Window.To.AddDays(1)).Append(ordered).Max();
        return new DateTimeOffset((newest?.Schedule ?? ReportSchedule.Monthly).WindowOf(from).To.AddDays(1 + ReportSchedules.Grace), TimeOnly.MinValue, TimeSpan.Zero);
    }

    private void Tell(SiteFigures site, MonitoringOrder of, ModelEntry entry, bool isOver, DateTimeOffset now, FactBoard board)
    {
        (string, string)[] about = [("line", of.Line), ("site", site.Told.Site.Value), ("version", of.Served.Version.ToString())];
        foreach (var signal in MonitoredSignal.Served)
            board.Forget(signal, Subject.Of(about));
        var study = models.StudyOf(entry);
        var evaluation = isOver ? null : ModelFacts.Of(models, entry.Digest).Evaluation;
        var reference = study.Data.Label.Number is null ? ClassifierMetrics.Of(evaluation?.Histogram).Auroc : evaluation?.Number?.Metrics.MeanAbsoluteError?.Value;
        foreach (var window in isOver ? site.Windows.TakeLast(1) : site.Windows)
            Tell(window, about, study, reference, isOver, At(window), board);
        // Of all windows together, once: few of one are in a small subgroup.
        if (site.Windows.LastOrDefault(window => window.Window.Outcomes is { } outcomes && (outcomes.Subgroups is not null || outcomes.Number?.Subgroups is not null)) is not { } newest)
            return;
        foreach (var (feature, beyond) in study.Data.Label.Number is null
            ? SiteFigures.Subgroups(study, [site]).Select(table => (table.Feature, study.Evaluation.Gates.SubgroupGap is { } allowed ? table.BeyondChance(allowed) : 0))
            : SiteFigures.ErrorTables(study, [site]).Select(table => (table.Feature, table.BeyondChance(study.Evaluation.ErrorGates.SubgroupGap))))
        {
            board.Take(new Fact(MonitoredSignal.SubgroupGap, Subject.Of([("feature", feature), .. about]), At(newest), isOver ? 0 : beyond));
        }

        DateTimeOffset At(WindowFigures window) => isOver ? now : new DateTimeOffset(window.Window.Window.To.AddDays(1), TimeOnly.MinValue, TimeSpan.Zero);
    }

    // What is not told of a window is no alarm; areas, errors and latencies are left out then, for they have no number that says so.
    private static void Tell(WindowFigures window, (string, string)[] about, Study study, double? reference, bool isOver, DateTimeOffset at, FactBoard board)
    {
        Put(MonitoredSignal.ServedRows, about, window.Window.Usage?.Answered ?? 0);
        Put(MonitoredSignal.ServedLatency, about, (window.Slowest?.Below ?? window.Slowest?.From) / 1000.0);
        Put(MonitoredSignal.JointDrift, about, isOver ? 0 : window.Joint?.CertainDiscrepancy ?? 0);
        foreach (var (index, feature) in window.Features.Index())
        {
            (string, string)[] input = [("feature", feature.Feature), .. about];
            Put(MonitoredSignal.InputDrift, input, isOver ? 0 : feature.CertainStability);
            Put(MonitoredSignal.InputDistance, input, study.Data.Features[index].Type != FeatureType.Number ? null : isOver ? 0 : feature.CertainDistance ?? 0);
            Put(MonitoredSignal.InputAssociation, input, study.Data.Features[index].Type == FeatureType.Number ? null : isOver ? 0 : feature.CertainAssociation ?? 0);
            Put(MonitoredSignal.InputMissing, input, isOver ? 0 : feature.Missing ?? 0);
            Put(MonitoredSignal.InputImplausible, input, isOver ? 0 : feature.Implausible ?? 0);
        }

        if (window.Window.Outcomes is null && !isOver)
            return; // they come later, and until then the last ones hold
        if (study.Data.Label.Number is not null)
        {
            Put(MonitoredSignal.LiveMeanAbsoluteError, about, window.Errors?.MeanAbsoluteError?.Value);
            Put(MonitoredSignal.LiveExcess, about, isOver || window.Errors?.MeanAbsoluteError is not { } error || reference is not > 0 ? 0 : Math.Max(0, (error.Low / reference.Value) - 1));
            return;
        }

        Put(MonitoredSignal.LiveAuroc, about, window.Metrics?.Auroc);
        Put(MonitoredSignal.LiveShortfall, about, isOver || window.Metrics?.AurocInterval is not { } area || reference is null ? 0 : Math.Max(0, reference.Value - area.High));
        Put(MonitoredSignal.LiveCalibration, about, isOver || window.Calibration?.InTheLarge is not { } large || (large.Low <= 0 && large.High >= 0) ? 0 : Math.Abs(large.Value));
        Put(MonitoredSignal.LabelChange, about, !isOver && window.LabelP < FeatureDrift.Chance ? Math.Abs(window.LabelChange!.Value) : 0);

        void Put(MonitoredSignal signal, (string, string)[] subject, double? number)
        {
            if (number is { } known && double.IsFinite(known))
                board.Take(new Fact(signal, Subject.Of(subject), at, known));
        }
    }

    private static Subject About(MonitoringOrder of, SiteId site) => Subject.Of(("line", of.Line), ("site", site.Value), ("version", of.Served.Version.ToString()));

    private static MonitoringOrder OrderOf(ModelLine line, ModelVersion version) => new(line.Name, new ServedVersion(version, line.Versions[version].Model));
}
