using System.Threading.Channels;

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
    private readonly TimeProvider _time;
    private readonly ILogger _operators;
    private readonly Channel<object> _waiting = Channel.CreateBounded<object>(new BoundedChannelOptions(Room) { SingleReader = true });
    private readonly Lock _files = new(); // guards the log: one writer, and whoever deletes
    private readonly Task _writing;
    private readonly CancellationTokenSource _stop = new();
    private volatile string? _fault;

    /// <summary>Begins to write.</summary>
    /// <param name="log">Where to.</param>
    /// <param name="time">The clock.</param>
    /// <param name="operators">For operators.</param>
    public PredictionDesk(PredictionLog log, TimeProvider time, ILogger operators)
    {
        (_log, _time, _operators) = (log, time, operators);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Why nothing can be written; null: it can.</summary>
    public string? Fault => _fault;

    /// <summary>Takes a prediction; false: there is no room, and it must not be answered.</summary>
    public bool TryAdd(Prediction prediction) => _waiting.Writer.TryWrite(prediction);

    /// <summary>Returns once everything that was taken before is durable.</summary>
    public async Task FlushAsync(CancellationToken cancel)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync(written, cancel);
        await written.Task.WaitAsync(cancel);
    }

    /// <summary>Does something with the log while nothing is written.</summary>
    public T With<T>(Func<PredictionLog, T> use)
    {
        lock (_files)
            return use(_log);
    }

    /// <summary>Writes what waits, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.Complete();
        await _stop.CancelAsync();
        await _writing;
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
