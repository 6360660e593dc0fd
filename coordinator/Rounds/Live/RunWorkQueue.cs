using System.Collections.Concurrent;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Long work of runs, off the grains' turns: items of one run one after another, of several runs side by side. An item that meets a disk
/// error is executed again a little later, for as long as it takes: the run must not end because a disk was full for a while.
/// </summary>
public sealed partial class RunWorkQueue(TimeProvider time, ILogger<RunWorkQueue> log) : IDisposable
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<RunId, Task> _tails = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Executes <paramref name="work"/> after what was queued for the run before.</summary>
    /// <param name="run">The run.</param>
    /// <param name="work">The item.</param>
    /// <param name="done">Takes the command that it ended in. Its exceptions count as the item's own.</param>
    public void Add(RunId run, RunWork work, Func<RunCommand, Task> done) =>
        _tails.AddOrUpdate(run, _ => Chain(Task.CompletedTask, run, work, done), (_, tail) => Chain(tail, run, work, done));

    /// <summary>Starts nothing more. An item that is under way goes on until the process ends; it is idempotent.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task Chain(Task before, RunId run, RunWork work, Func<RunCommand, Task> done)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (work.Execute() is { } command)
                    await done(command);
                return;
            }
            catch (IOException error)
            {
                LogDisk(error, run, work.Name, Again);
                await Task.Delay(Again, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception error)
            {
                // A fault in this program. The run stands still where its journal says; nothing is reported that did not happen.
                LogBroken(error, run, work.Name);
                return;
            }
        }
    }

    [LoggerMessage(1301, LogLevel.Error, "Run {Run}: {Work} met a disk error; tried again in {Again}")]
    private partial void LogDisk(IOException error, RunId run, string work, TimeSpan again);

    [LoggerMessage(1302, LogLevel.Critical, "Run {Run} stands still: {Work} failed. Restart the coordinator to try it again, and report this")]
    private partial void LogBroken(Exception error, RunId run, string work);
}
