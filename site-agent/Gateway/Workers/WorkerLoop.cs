using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// Keeps watching the worker: the Watch stream is the sign that it is there, and its end that it is not. After a loss it is tried again
/// with growing waits; a call that fails counts as a loss, because the worker says no in words and never by an error.
/// </summary>
internal sealed partial class WorkerLoop(WorkerClient worker, Action<GatewayEvent> post, Backoff waits, TimeProvider time, ILogger log)
{
    private readonly Lock _gate = new(); // guards the two below
    private CancellationTokenSource? _present;
    private TaskCompletionSource _there = NewSignal();

    /// <summary>Runs until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var known = true; // whether the log has said that the worker is away
        while (!stop.IsCancellationRequested)
        {
            using var present = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var found = false;
            try
            {
                var held = await worker.ListHeldAsync(present.Token);
                lock (_gate)
                {
                    _present = present;
                    _there.TrySetResult();
                }

                found = true;
                known = false;
                waits.Reset();
                LogFound(held.Length);
                post(new WorkerFound(held));
                await foreach (var said in worker.WatchAsync(present.Token))
                    post(said);
                LogLost("it ended the stream");
            }
            catch (OperationCanceledException)
            {
                // stopping, or broken by Break, which has said why
            }
            catch (RpcException) when (stop.IsCancellationRequested || present.IsCancellationRequested)
            {
                // the same
            }
            catch (RpcException e)
            {
                if (found || known)
                    LogLost(e.Status.Detail);
                known = false;
            }

            lock (_gate)
            {
                _present = null;
                if (_there.Task.IsCompleted)
                    _there = NewSignal();
            }

            if (found)
                post(new WorkerLost());
            if (!stop.IsCancellationRequested)
                await Task.Delay(waits.Next(), time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A call failed: whatever else is under way is given up, and the worker looked for anew.</summary>
    public void Break(RpcException why)
    {
        lock (_gate)
        {
            if (_present is not { IsCancellationRequested: false } present)
                return;
            LogLost(why.Status.Detail);
            present.Cancel();
        }
    }

    /// <summary>The worker's proof that it holds its key, bound to a challenge; waits until the worker is there.</summary>
    public async Task<WorkerKey> ProveAsync(Sha256Digest challenge, CancellationToken stop)
    {
        while (true)
        {
            Task there;
            lock (_gate)
                there = _there.Task;
            await there.WaitAsync(stop);
            try
            {
                return await worker.ProveAsync(challenge, stop);
            }
            catch (RpcException e) when (!stop.IsCancellationRequested)
            {
                Break(e);
                lock (_gate)
                {
                    if (_there.Task.IsCompleted)
                        _there = NewSignal();
                }
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(2101, LogLevel.Information, "The worker answers; it holds {Held} releases")]
    private partial void LogFound(int held);

    [LoggerMessage(2102, LogLevel.Warning, "The worker cannot be reached ({Why}); the session stays up, steps wait for it until shortly before their deadlines")]
    private partial void LogLost(string why);
}
