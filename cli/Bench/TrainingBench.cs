using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>A whole study on generated rows, from the launch of the first process to the end of the last.</summary>
internal static class TrainingBench
{
    public const int Sites = 4;
    public const int Rows = 5000;
    public const int Rounds = 20;

    /// <summary>What it shall take at most, in seconds.</summary>
    public const double Bar = 7;

    /// <summary>The models: a name for people, and the protocol's <c>model</c>.</summary>
    public static readonly IReadOnlyList<(string Name, string Yaml)> Models =
    [
        ("logistic regression", "{kind: logistic-regression}"),
        ("MLP 13-64-64-1", "{kind: mlp, hidden: [64, 64]}"),
    ];

    /// <summary>Seconds that the study took; making the rows does not count.</summary>
    public static async Task<double> RunAsync(string model, string folder, TimeProvider time, CancellationToken cancel)
    {
        var sites = BenchData.Prepare(Path.Combine(folder, "rows"), Sites, Rows);
        var yaml = BenchStudies.Training(model, Sites, Rounds);
        var study = BenchStudies.Checked(yaml);
        var launch = time.GetTimestamp();
        await using var federation = new LocalFederation(folder, time);
        await federation.StartAsync(sites, cancel);
        var run = await federation.StartRunAsync(await federation.ApproveEverywhereAsync(yaml, study, cancel), cancel);
        var view = await federation.WhileAllRunAsync(stop => WatchVerb.FollowAsync(federation.Admin, run, Terminal.Silent, stop), cancel);
        if (view.State.Status != RunStatus.Registered)
            throw new CliException(ExitCode.RunWithoutModel, $"The run ended without a model: {view.State.Failure ?? "it was cancelled"}. Logs: {federation.Logs}.");
        await federation.StopAsync();
        return time.GetElapsedTime(launch).TotalSeconds;
    }
}
