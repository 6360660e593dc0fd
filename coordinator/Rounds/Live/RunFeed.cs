using System.Collections.Concurrent;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>Wakes those who watch a run. What happened they read from the journal, so that nobody sees an event that is not durable, and none is missed.</summary>
public sealed class RunFeed
{
    private readonly ConcurrentDictionary<RunId, TaskCompletionSource> _next = new();
    private readonly Signal _any = new();

    /// <summary>Completes at the next event of any run. Ask before reading the journal.</summary>
    public Task NextOfAny => _any.Next;

    /// <summary>Completes at the next event of a run. Ask before reading the journal.</summary>
    public Task Next(RunId run) => _next.GetOrAdd(run, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Raised when an event of a run is in the journal; handlers must not wait.</summary>
    public event Action<RunId>? EventOf;

    /// <summary>An event of a run is in the journal.</summary>
    public void Happened(RunId run)
    {
        if (_next.TryRemove(run, out var waiting))
            waiting.SetResult();
        _any.Raise();
        EventOf?.Invoke(run);
    }
}
