using System.Collections.Concurrent;

namespace FederatedClinicalMl.Cli.Launching;

/// <summary>
/// Child processes that live no longer than this object: they are killed when it is disposed, when fcml exits by whatever path
/// (ProcessExit), and on Linux by the kernel when fcml is killed.
/// </summary>
internal sealed class ChildGroup : IAsyncDisposable
{
    private readonly BlockingCollection<Action> _starts = [];
    private readonly Thread _starter;
    private readonly ConcurrentQueue<Child> _children = new();

    public ChildGroup()
    {
        // One thread that lives as long as the group starts every child: see Child.Start.
        _starter = new Thread(() =>
        {
            foreach (var start in _starts.GetConsumingEnumerable())
                start();
        })
        { IsBackground = true, Name = "child starter" };
        _starter.Start();
        AppDomain.CurrentDomain.ProcessExit += KillAll;
    }

    /// <summary>Starts a child.</summary>
    public Task<Child> StartAsync(ChildSpecification specification)
    {
        var started = new TaskCompletionSource<Child>(TaskCreationOptions.RunContinuationsAsynchronously);
        _starts.Add(() =>
        {
            try
            {
                var child = Child.Start(specification);
                _children.Enqueue(child);
                started.SetResult(child);
            }
            catch (Exception fault) when (fault is System.ComponentModel.Win32Exception or IOException or UnauthorizedAccessException)
            {
                started.SetException(new CliException(ExitCode.ChildEnded, $"{specification.Name} could not be started from {specification.Program}: {fault.Message}.", fault));
            }
        });
        return started.Task;
    }

    /// <summary>Asks every child to end, the last started first, and waits for all.</summary>
    public async Task StopAsync(TimeSpan patience, TimeProvider time) =>
        await Task.WhenAll(_children.Reverse().Select(child => child.StopAsync(patience, time)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= KillAll;
        foreach (var child in _children)
            await child.DisposeAsync();
        _starts.CompleteAdding();
        _starter.Join();
        _starts.Dispose();
    }

    private void KillAll(object? sender, EventArgs e)
    {
        foreach (var child in _children)
            child.KillAsync().Wait(TimeSpan.FromSeconds(5));
    }
}
