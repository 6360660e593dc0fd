namespace FederatedClinicalMl.Coordinator;

/// <summary>Wakes those who watch something. What changed they look up themselves, so that nobody sees what is not yet so, and nothing is missed.</summary>
public sealed class Signal
{
    private TaskCompletionSource _next = New();

    /// <summary>Completes at the next change. Ask before looking: a change after that completes it.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Something has changed, and can be looked at.</summary>
    public void Raise() => Interlocked.Exchange(ref _next, New()).SetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
