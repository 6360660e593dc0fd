using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Makes what leaves of the scoring program's day reports: windows of the schedule that a steward has approved, each part once it is ripe, suppressed by the policy, written down before it is told, and repeated from then on.
/// (docs/reference/monitoring.md)
/// </summary>
/// <param name="disk">The worker's own folder.</param>
/// <param name="serving">The folder <c>serving/</c>.</param>
/// <param name="time">The clock.</param>
/// <param name="notice">Hears, in a sentence for the site's log, of reports that cannot be read.</param>
public sealed class MonitoringDesk(IDisk disk, IDisk serving, TimeProvider time, Action<string> notice)
{
    private const string Extension = ".json";

    /// <summary>The payload of a monitoring step.</summary>
    /// <exception cref="StepDeclinedException">It is not to be done.</exception>
    public StepComputation Compute(StepRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var (order, allowance) = request.Monitoring ?? throw new ArgumentException("The request is not one of monitoring.", nameof(request));
        try
        {
            var report = Report(request.Study, order, allowance, request.Policy);
            return new StepComputation(report.Write(request.Study), ReleaseManifest.JsonEncoding, 0, 0, 0, null, "managed", request.Policy.MinimumCell);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StepDeclinedException(Reason.DataUnfit, $"What {order.Line} {order.Served.Version} did, or was told to have done, cannot be read: {fault.Message} Look at the worker's folder and at serving/.");
        }
    }

    private MonitoringReport Report(Study study, MonitoringOrder order, ServingAllowance? allowance, SitePolicy policy)
    {
        if (allowance is null)
            return MonitoringReport.Without(order, MonitoringWithholding.NotAllowed);
        if (allowance.Report == ReportSchedule.None)
            return MonitoringReport.Without(order, MonitoringWithholding.NotScheduled);
        var known = MonitoringRecord.Read(disk, study, order);
        if (known is null ? !IsOnShelf(study, order, allowance.Signer) : known.Signer != allowance.Signer)
            return MonitoringReport.Without(order, MonitoringWithholding.NotAllowed);
        var told = known?.Windows ?? [];
        var windows = Ripen(study, order, allowance, told, policy);
        if (!windows.SequenceEqual(told))
            new MonitoringRecord(allowance.Signer, windows).Write(disk, study, order);
        FaultPoint.Reached("worker-monitoring-kept");
        // What a policy let out is not repeated under one that does not.
        return MonitoringReport.With(
            study, order, allowance.Report, allowance.OutcomesAfter, policy.Comparisons ? windows : [.. windows.Select(window => window with { Outcomes = window.Outcomes is { } outcomes ? outcomes with { Areas = null } : null })], policy.MinimumCell);
    }

    private ImmutableArray<MonitoredWindow> Ripen(Study study, MonitoringOrder order, ServingAllowance allowance, ImmutableArray<MonitoredWindow> told, SitePolicy policy)
    {
        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var days = Days(order);
        var design = StudyDrift.SketchDesignOf(study);
        var windows = new List<MonitoredWindow>(told.Length);
        foreach (var window in told)
        {
            windows.Add(window.Outcomes is null && window.Window.IsOver(today, ReportSchedules.Grace + allowance.OutcomesAfter) && Sum(study, order, days.Where(window.Window.Holds), design) is { } sum
                ? window with { Outcomes = MonitoredOutcomes.Of(study, window.Usage, sum, policy.MinimumCell, policy.Comparisons) } : window);
        }

        foreach (var ripe in allowance.Report.Ripe(days, [.. told.Select(window => window.Window)], today))
        {
            if (Sum(study, order, days.Where(ripe.Holds), design) is not { } sum)
                continue;
            var usage = MonitoredUsage.Of(study, sum, policy.MinimumCell, Reference(study, design));
            windows.Add(new MonitoredWindow(ripe, usage, ripe.IsOver(today, ReportSchedules.Grace + allowance.OutcomesAfter) ? MonitoredOutcomes.Of(study, usage, sum, policy.MinimumCell, policy.Comparisons) : null));
        }

        return [.. windows.OrderBy(window => window.Window.From)];
    }

    // Of the rows on which the study's last run trained here; null where none did, or software did that sketched rows otherwise.
    private FourierSketch? Reference(Study study, ProfileDesign? design) =>
        design is not null && DriftRecord.Read(disk, study).Profile is { } profile && profile.Design.IsSameAs(design) ? profile.Sketch : null;

    // Null where a day cannot be read: its window is not told without it, and is tried again.
    private DayReport? Sum(Study study, MonitoringOrder order, IEnumerable<DateOnly> days, ProfileDesign? design)
    {
        DayReport? sum = null;
        foreach (var day in days)
        {
            try
            {
                var report = DayReport.Read(DurableFile.Read(serving, ServingPaths.Report(order.Line, order.Served.Version, day), DayReport.MaximumLength), order.Served.Model, study, design?.Basis);
                if (report.Line != order.Line || report.Version != order.Served.Version || report.Day != day)
                {
                    notice($"The report of {order.Line} {order.Served.Version} of {CalendarDay.Text(day)} names another line, version or day: its day, week or month is not told.");
                    return null;
                }

                if (sum is null)
                    sum = report;
                else
                    sum.Add(report);
            }
            catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException or OverflowException)
            {
                notice($"What {order.Line} {order.Served.Version} did on {CalendarDay.Text(day)} cannot be read, and its day, week or month is not told: {fault.Message}");
                return null;
            }
        }

        return sum;
    }

    private List<DateOnly> Days(MonitoringOrder order)
    {
        var days = new List<DateOnly>();
        foreach (var name in serving.List(ServingPaths.Reports(order.Line, order.Served.Version)))
        {
            if (name.EndsWith(Extension, StringComparison.Ordinal) && CalendarDay.TryParse(name[..^Extension.Length], out var day))
                days.Add(day);
        }

        days.Sort();
        return days;
    }

    // The worker alone writes there, and only what the allowed key has signed and a coordinator has ordered.
    private bool IsOnShelf(Study study, MonitoringOrder order, Sha256Digest signer)
    {
        var path = $"{ServingPaths.Model(order.Served.Model)}/{ModelFileNames.Manifest}";
        if (!serving.Exists(path))
            return false;
        try
        {
            var manifest = ModelManifest.Read(DurableFile.Read(serving, path));
            return manifest.Model == order.Served.Model && manifest.Key.Fingerprint == signer && manifest.Entry.Name == order.Line && manifest.Entry.Study == study.Digest;
        }
        catch (FormatException)
        {
            return false; // damaged: it is taken in anew, and told of then
        }
    }
}
