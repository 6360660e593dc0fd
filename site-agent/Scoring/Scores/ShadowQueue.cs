using System.Threading.Channels;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// Rows that are scored in the shadow, one after the other, after their answer was sent: so a candidate cannot delay an answer by more than its share of the processor. The queue is bounded in rows and in
/// bytes; what does not fit is dropped and counted.
/// </summary>
internal sealed class ShadowQueue : IAsyncDisposable
{
    private const int Rows = 1024;
    private const long Bytes = 64 << 20;

    private readonly Channel<Action> _waiting = Channel.CreateBounded<Action>(new BoundedChannelOptions(Rows) { SingleReader = true });
    private readonly Task _working;
    private long _bytes;
    private long _dropped;

    public ShadowQueue() => _working = Task.Run(WorkAsync);

    /// <summary>Rows that were dropped since this was asked last.</summary>
    public long TakeDropped() => Interlocked.Exchange(ref _dropped, 0);

    /// <summary>Adds a row; one for which there is no room is dropped.</summary>
    public void Add(int bytes, Action score)
    {
        if (Interlocked.Add(ref _bytes, bytes) <= Bytes && _waiting.Writer.TryWrite(() => Run(bytes, score)))
            return;
        Interlocked.Add(ref _bytes, -bytes);
        Interlocked.Increment(ref _dropped);
    }

    /// <summary>Returns once everything that was added before is scored.</summary>
    public async Task IdleAsync(CancellationToken cancel)
    {
        var idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync(idle.SetResult, cancel);
        await idle.Task.WaitAsync(cancel);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.Complete();
        await _working;
    }

    private void Run(int bytes, Action score)
    {
        try
        {
            score();
        }
        finally
        {
            Interlocked.Add(ref _bytes, -bytes);
        }
    }

    private async Task WorkAsync()
    {
        await foreach (var score in _waiting.Reader.ReadAllAsync())
            score();
    }
}
