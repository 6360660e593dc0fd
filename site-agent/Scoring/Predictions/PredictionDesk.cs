using System.Threading.Channels;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// Writes down what was predicted, in groups: while one group becomes durable, the next gathers. An answer does not wait for it. What a power cut or a kill takes is what was answered in the last
/// group or two: some milliseconds. While the disk refuses, predictions wait in memory; once there is no room for another, nothing more is answered.
/// </summary>
internal sealed class PredictionDesk : IAsyncDisposable
{
    private const int Room = 65_536;
    private const int GroupSize = 4096;

    private readonly PredictionLog _log;
    private readonly ReportDesk _reports;
    private readonly TimeProvider _time;
    private readonly ILogger _operators;
    private readonly Channel<object> _waiting = Channel.CreateBounded<object>(new BoundedChannelOptions(Room) { SingleReader = true });
    private readonly Lock _files = new(); // guards the log and the reports
    private readonly Task _writing;
    private readonly CancellationTokenSource _stop = new();
    private volatile string? _fault;

    /// <summary>Begins to write.</summary>
    /// <param name="log">Where to.</param>
    /// <param name="reports">Counts what is written.</param>
    /// <param name="time">The clock.</param>
    /// <param name="operators">For operators.</param>
    public PredictionDesk(PredictionLog log, ReportDesk reports, TimeProvider time, ILogger operators)
    {
        (_log, _reports, _time, _operators) = (log, reports, time, operators);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Why nothing can be written; null: it can.</summary>
    public string? Fault => _fault;

    /// <summary>Takes a prediction; false: there is no room, and it must not be answered.</summary>
    public bool TryAdd(Prediction prediction) => _waiting.Writer.TryWrite(prediction);

    /// <summary>Takes a failure to run; where there is no room it is not counted.</summary>
    public void Add(RunFailure failure) => _waiting.Writer.TryWrite(failure);

    /// <summary>Writes outcomes down, and returns once they are durable.</summary>
    /// <param name="outcomes">The outcomes.</param>
    /// <param name="modelOf">The model of the version of each; null: it is not on the shelf any more.</param>
    public void Append(IReadOnlyList<Outcome> outcomes, Func<Outcome, LoadedModel?> modelOf)
    {
        lock (_files)
        {
            _log.Append(DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime), outcomes);
            foreach (var outcome in outcomes)
                _reports.Count(outcome, PredictionLog.DayOfId(outcome.Prediction)!.Value, modelOf(outcome));
        }
    }

    /// <summary>Writes down what clinicians did with cards, and returns once it is durable.</summary>
    public void Append(IReadOnlyList<CardFeedback> feedback)
    {
        lock (_files)
            _log.Append(DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime), feedback);
    }

    /// <summary>Counts what batches did.</summary>
    /// <param name="modelOf">The model of a line's version; null: it is not on the shelf.</param>
    public void TakeUpBatches(Func<string, Sha256Digest, LoadedModel?> modelOf)
    {
        lock (_files)
            _reports.TakeUp(modelOf, DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime));
    }

    /// <summary>Writes the reports of days.</summary>
    public void WriteReports()
    {
        lock (_files)
            _reports.Write(DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime));
    }

    /// <summary>Returns once everything that was taken before is durable.</summary>
    public async Task FlushAsync(CancellationToken cancel)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync(written, cancel);
        await written.Task.WaitAsync(cancel);
    }

    /// <summary>The log, for reading: what is durable in it.</summary>
    public PredictionLog Log => _log;

    /// <summary>Deletes what was kept long enough.</summary>
    /// <returns>The days.</returns>
    public IReadOnlyList<DateOnly> End()
    {
        lock (_files)
            return _log.End(DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime));
    }

    /// <summary>Writes what waits, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.Complete();
        await _stop.CancelAsync();
        await _writing;
        WriteReports();
        _stop.Dispose();
        _log.Dispose();
    }

    private async Task WriteAsync()
    {
        var group = new List<object>();
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (group.Count < GroupSize && _waiting.Reader.TryRead(out var item))
                group.Add(item);
            while (!TryWrite(group))
            {
                if (_stop.IsCancellationRequested)
                    return;
                // A disk that refuses is asked again in a while; what waits is not lost as long as this process lives.
                await Task.Delay(TimeSpan.FromSeconds(1), _time, _stop.Token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }

            group.Clear();
        }
    }

    private bool TryWrite(List<object> group)
    {
        try
        {
            lock (_files)
            {
                foreach (var day in group.OfType<Prediction>().GroupBy(prediction => DateOnly.FromDateTime(prediction.Made.UtcDateTime)))
                    _log.Append(day.Key, day);
                foreach (var item in group)
                {
                    if (item is Prediction prediction)
                        _reports.Count(prediction);
                    else if (item is RunFailure failure)
                        _reports.Count(failure);
                }
            }

            _fault = null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            if (_fault is null)
                _operators.PredictionsNotWritten(fault.Message);
            _fault = fault.Message;
            return false;
        }

        foreach (var written in group.OfType<TaskCompletionSource>())
            written.SetResult();
        return true;
    }
}
