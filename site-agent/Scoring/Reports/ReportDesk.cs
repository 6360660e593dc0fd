using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// The reports of days for the worker, in the half of the shared folder that this program writes: <c>reports/&lt;line&gt;/&lt;version&gt;/&lt;day&gt;.json</c>. They are written every minute; a kill takes what was
/// counted since. What batches did is added to them, exactly once. Used by one thread at a time.
/// </summary>
internal sealed class ReportDesk(IDisk serving, BatchReports batches, ILogger log)
{
    private readonly Dictionary<(string Line, ModelVersion Version, DateOnly Day), DayReport> _reports = [];
    private readonly HashSet<DayReport> _changed = [];
    private readonly HashSet<(string Line, ModelVersion Version, DateOnly Day)> _unread = []; // whose file cannot be read: said once, and let alone

    private (string Batch, byte[] Sum)? _begun; // no report is written before it is ended: the sum would take back what was counted meanwhile
    private string? _fault;

    /// <summary>Counts a prediction.</summary>
    public void Count(Prediction prediction)
    {
        if (prediction.Inputs is not var (model, values) || Of(prediction.Line, prediction.Version, prediction.Model, DayOf(prediction.Made), model) is not { } report)
            return;
        if (prediction.Mode == ServingLine.ShadowMode)
            report.CountShadow();
        else
            report.CountAnswer(prediction.Score.Output, prediction.Reason, prediction.Elapsed, values, model.Sketched is { } design ? StudyDrift.SketchRows(design, model.Features, values) : []);
        _changed.Add(report);
    }

    /// <summary>Counts a failure to run.</summary>
    public void Count(RunFailure failure)
    {
        if (Of(failure.Line, failure.Version, failure.Model.Model, DayOf(failure.At), failure.Model) is not { } report)
            return;
        report.CountError();
        _changed.Add(report);
    }

    /// <summary>Counts an outcome of an answer of a day; of a version that is not on the shelf any more, which has no study to count by, it is not counted.</summary>
    public void Count(Outcome outcome, DateOnly day, LoadedModel? loaded)
    {
        if (outcome.IsOfShadow || loaded is null || Of(outcome.Line, outcome.Version, outcome.Model, day, loaded) is not { } report)
            return;
        report.CountOutcome(outcome.Score.Output, outcome.Came, outcome.Groups);
        _changed.Add(report);
    }

    /// <summary>Counts what batches left; what cannot be counted now waits.</summary>
    /// <param name="modelOf">The model of a line's version; null: it is not on the shelf.</param>
    /// <param name="today">The present day: of a model that is not on the shelf a batch of an earlier one is not counted.</param>
    public void TakeUp(Func<string, Sha256Digest, LoadedModel?> modelOf, DateOnly today)
    {
        try
        {
            End();
            foreach (var batch in batches.Waiting())
                TakeUp(batch, modelOf, today);
            _fault = null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (_fault != fault.Message)
                log.BatchNotCounted(fault.Message);
            _fault = fault.Message;
        }
    }

    private void TakeUp(string batch, Func<string, Sha256Digest, LoadedModel?> modelOf, DateOnly today)
    {
        try
        {
            var (line, model, json) = batches.Read(batch);
            if (modelOf(line, model) is not { } loaded)
            {
                if (string.CompareOrdinal(batch, PredictionLog.NameOf(today)) < 0)
                    throw new FormatException("Its version is not on the shelf any more.");
                return;
            }

            var part = DayReport.Read(json, model, loaded.Study, loaded.Sketched?.Basis);
            if (Of(line, part.Version, model, part.Day, loaded) is not { } report)
                return;
            var sum = DayReport.Read(report.Write(), model, loaded.Study, loaded.Sketched?.Basis);
            sum.Add(part);
            var bytes = sum.Write();
            batches.Begin(batch, bytes);
            _changed.Remove(report);
            _reports[(line, part.Version, part.Day)] = sum;
            _begun = (batch, bytes);
            End();
        }
        catch (Exception fault) when (fault is FormatException or OverflowException)
        {
            log.BatchNotCounted(fault.Message);
            batches.Forget(batch);
        }
    }

    private void End()
    {
        if (_begun is not var (batch, sum))
            return;
        batches.Finish(batch, sum);
        _begun = null;
    }

    /// <summary>Writes what has changed, and forgets the reports of days before the present one.</summary>
    public void Write(DateOnly today)
    {
        if (_begun is not null)
            return;
        foreach (var report in _changed.ToList())
        {
            try
            {
                var path = ServingPaths.Report(report.Line, report.Version, report.Day);
                serving.CreateDirectory(DiskPath.Directory(path));
                DurableFile.Write(serving, path, report.Write());
                _changed.Remove(report);
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                log.ReportNotWritten(CalendarDay.Text(report.Day), fault.Message);
            }
        }

        foreach (var (key, _) in _reports.Where(pair => pair.Key.Day < today && !_changed.Contains(pair.Value)).ToList())
            _reports.Remove(key);
        _unread.RemoveWhere(key => key.Day < today);
    }

    private static DateOnly DayOf(DateTimeOffset moment) => DateOnly.FromDateTime(moment.UtcDateTime);

    // Goes on with what an earlier process counted.
    private DayReport? Of(string line, ModelVersion version, Sha256Digest model, DateOnly day, LoadedModel loaded)
    {
        if (_unread.Contains((line, version, day)))
            return null;
        if (_reports.TryGetValue((line, version, day), out var known))
            return known.Model == model ? known : null;
        var path = ServingPaths.Report(line, version, day);
        try
        {
            var report = serving.Exists(path) ? DayReport.Read(DurableFile.Read(serving, path, DayReport.MaximumLength), model, loaded.Study, loaded.Sketched?.Basis) : new DayReport(line, version, model, day, loaded.Study, loaded.Sketched?.Basis);
            return _reports[(line, version, day)] = report;
        }
        catch (Exception fault) when (fault is FormatException or IOException or UnauthorizedAccessException)
        {
            log.ReportNotWritten(CalendarDay.Text(day), fault.Message);
            _unread.Add((line, version, day));
            return null;
        }
    }
}

/// <summary>A row on which a version failed to run.</summary>
/// <param name="Line">The line.</param>
/// <param name="Version">The version.</param>
/// <param name="Model">The model.</param>
/// <param name="At">When.</param>
internal sealed record RunFailure(string Line, ModelVersion Version, LoadedModel Model, DateTimeOffset At);
