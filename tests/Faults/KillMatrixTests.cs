using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>
/// Kills coordinator, gateway and worker, real processes, at every named point between two durable steps (docs/reference/fault-points.md), at
/// each passage of it, starts them again, and holds the run's end against the undisturbed one: the same model to the bit, from the same
/// participants. A seeded sample by default; all of it with <c>FCML_KILL_MATRIX=all ./test.sh Faults</c>.
/// </summary>
public sealed class KillMatrixTests(TestFederation fixture) : IClassFixture<TestFederation>
{
    /// <summary>A process of the federation.</summary>
    public enum Victim
    {
        Coordinator,
        Gateway,
        Worker,
    }

    private static readonly (Victim Victim, string Point)[] Points =
    [
        (Victim.Coordinator, "journal-appended"),
        (Victim.Coordinator, "merge-written"),
        (Victim.Coordinator, "upload-appended"),
        (Victim.Coordinator, "upload-synced"),
        (Victim.Coordinator, "upload-durable"),
        (Victim.Coordinator, "model-registered"),
        (Victim.Gateway, "parameters-arrived"),
        (Victim.Gateway, "release-ticket-received"),
        (Victim.Gateway, "release-delivered"),
        (Victim.Gateway, "step-settled-received"),
        (Victim.Worker, "worker-computed"),
        (Victim.Worker, "worker-release-logged"),
        (Victim.Worker, "worker-release-spooled"),
        (Victim.Worker, "worker-settled"),
    ];

    private static readonly bool All = Environment.GetEnvironmentVariable("FCML_KILL_MATRIX") == "all";
    private static readonly uint Seed = uint.TryParse(Environment.GetEnvironmentVariable("FCML_KILL_SEED"), out var seed) ? seed : 1;

    public static TheoryData<Victim, string> Rows => [.. Points.Select(row => (row.Victim, row.Point))];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalFederation Federation => fixture.Federation;

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Run_ends_with_the_same_model_when_a_process_is_killed(Victim victim, string point)
    {
        var undisturbed = (await fixture.FollowAsync(await Federation.StartRunAsync(fixture.Digest, Cancel))).State;
        Assert.Equal(RunStatus.Registered, undisturbed.Status);

        var reached = 0;
        // Of a sample the first passage or the second; a point that is passed only once is left with its first.
        IEnumerable<int> passages = All ? Enumerable.Range(1, int.MaxValue) : (Seed + (uint)Array.FindIndex(Points, row => row.Point == point)) % 2 == 0 ? [1] : [2, 1];
        foreach (var passage in passages)
        {
            if (await RunAndKillAsync(victim, $"{point}#{passage}") is not { } disturbed)
            {
                if (All)
                    break;
                continue;
            }

            reached++;
            Assert.Equal(RunStatus.Registered, disturbed.Status);
            Assert.True(undisturbed.Parameters == disturbed.Parameters, $"Killed at {point}#{passage}, the run ended with other parameters.");
            Assert.Equal(Outcome(undisturbed), Outcome(disturbed));
            if (!All)
                break;
        }

        Assert.True(reached > 0, $"No run passed {point}: nothing was killed.");
        TestContext.Current.SendDiagnosticMessage($"{victim} at {point}: {reached} passages");
        foreach (var site in Federation.Sites)
            Assert.StartsWith("intact", await site.VerifyAuditAsync(Cancel), StringComparison.Ordinal);
    }

    /// <summary>The run's last state; null where the point was not passed so often.</summary>
    private async Task<RunState?> RunAndKillAsync(Victim victim, string fatal)
    {
        var site = Federation.Sites[0];
        await Current(victim).KillAsync();
        await StartAsync(victim, site, new Dictionary<string, string> { ["FCML_FAULT_POINT"] = fatal });
        var before = (await RunsAsync()).ToHashSet();
        string run;
        try
        {
            run = await Federation.StartRunAsync(fixture.Digest, Cancel);
        }
        catch (Cli.CliException) when (victim == Victim.Coordinator)
        {
            await Current(victim).Ended.WaitAsync(Cancel);
            await StartAsync(victim, site, null);
            run = Assert.Single(await RunsAsync(), known => !before.Contains(known)); // the wish was journaled, though its answer was lost
            return (await fixture.FollowAsync(run)).State;
        }

        var watch = WatchAsync(run);
        if (await Task.WhenAny(watch, Current(victim).Ended) == watch && watch.Result is not null)
        {
            await Current(victim).KillAsync(); // still armed: it would die in the next run
            await StartAsync(victim, site, null);
            return null;
        }

        await Current(victim).Ended.WaitAsync(Cancel);
        await StartAsync(victim, site, null);
        return await watch is { } seen ? seen.State : (await fixture.FollowAsync(run)).State;
    }

    // Null where the coordinator died under the watch.
    private async Task<RunView?> WatchAsync(string run)
    {
        try
        {
            return await fixture.FollowAsync(run);
        }
        catch (Cli.CliException lost) when (lost.Code == Cli.ExitCode.Unreachable)
        {
            return null;
        }
    }

    private Child Current(Victim victim) => victim switch
    {
        Victim.Coordinator => Federation.Coordinator!,
        Victim.Gateway => Federation.Sites[0].Gateway!,
        _ => Federation.Sites[0].Worker!,
    };

    private Task StartAsync(Victim victim, LocalSite site, IReadOnlyDictionary<string, string>? environment) => victim switch
    {
        Victim.Coordinator => Federation.StartCoordinatorAsync(Cancel, environment),
        Victim.Gateway => site.StartGatewayAsync(Cancel, environment),
        _ => site.StartWorkerAsync(Cancel, environment),
    };

    private async Task<IReadOnlyList<string>> RunsAsync() =>
        [.. (await Federation.Admin.AskAsync(admin => admin.ListRunsAsync(new ListRunsRequest(), cancellationToken: Cancel), Cancel)).Runs.Select(run => run.Run)];

    private static string[] Outcome(RunState state) =>
    [
        .. state.History.Where(step => step.Result is not null).Select(step =>
            $"{step.Id.Round} {step.Id.Kind}: {string.Join(' ', step.Participants.Select(site => $"{site}={(step.Sites[site] as AcceptedAnswer)?.Weight}"))}"),
    ];
}
