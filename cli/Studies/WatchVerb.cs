using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary><c>fcml study watch</c>: follows a run from its first event to its last.</summary>
internal static class WatchVerb
{
    public static Verb Create(TimeProvider time)
    {
        var run = ControlVerbs.RunArgument();
        return new Verb("watch", "Follow a run from its first event to its last: rounds, sites, metrics as they come.", "fcml study watch 0123456789abcdef", "fcml study watch 0123456789abcdef --json")
        {
            run,
        }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            return await WatchAsync(connection, parsed.GetRequiredValue(run), terminal, cancel);
        });
    }

    /// <summary>Follows a run to its end, on the terminal.</summary>
    public static async Task<ExitCode> WatchAsync(Connection connection, string run, Terminal terminal, CancellationToken cancel)
    {
        var view = await FollowAsync(connection, run, terminal, cancel);
        return view.State.Status is RunStatus.Registered or RunStatus.Profiled or RunStatus.Compared or RunStatus.Monitored
            ? ExitCode.Success
            : throw new CliException(ExitCode.RunWithoutModel, $"Run {run} ended without a model: {view.State.Failure?.TrimEnd('.') ?? "it was cancelled"}. 'fcml study list' shows each site's state.");
    }

    /// <summary>Follows a run to its end and gives what was seen.</summary>
    /// <param name="connection">To the coordinator.</param>
    /// <param name="run">The run.</param>
    /// <param name="terminal">Where it is shown.</param>
    /// <param name="cancel">Stops.</param>
    /// <param name="on">Hears of each event, in order; null: nobody does.</param>
    public static async Task<RunView> FollowAsync(
        Connection connection, string run, Terminal terminal, CancellationToken cancel, Func<Coordinator.Rounds.RunEvent, Task>? on = null)
    {
        var view = new RunView();
        var events = connection.ReadAsync(admin => admin.WatchRun(new WatchRunRequest { Run = run }, cancellationToken: cancel), cancel);
        if (terminal.Json || !terminal.People.Profile.Capabilities.Interactive)
        {
            await foreach (var happened in events)
                await HeardAsync(view.Report(happened, terminal));
        }
        else
        {
            await terminal.People.Live(view.Draw()).StartAsync(async live =>
            {
                await foreach (var happened in events)
                {
                    var journaled = view.Apply(happened);
                    live.UpdateTarget(view.Draw());
                    await HeardAsync(journaled);
                }
            });
        }

        Task HeardAsync(Coordinator.Rounds.RunEvent journaled) => on?.Invoke(journaled) ?? Task.CompletedTask;

        return view.Ended ? view : throw new CliException(ExitCode.Unreachable, $"The coordinator ended the watch of run {run} before the run ended; watch it again with 'fcml study watch {run}'.");
    }
}
