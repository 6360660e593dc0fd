using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>A process of the federation.</summary>
public enum Victim
{
    Coordinator,
    Gateway,
    Worker,
}

/// <summary>A named point of a process (docs/reference/fault-points.md), and the passages of one run from the first to the last of which a sample takes one.</summary>
internal sealed record KillPoint(Victim Victim, string Name, int First, int Last);

/// <summary>
/// Runs of a study in which a process is killed at a point, started again, and the run followed to its end. One passage of each point by default, chosen by
/// <c>FCML_KILL_SEED</c>; every one with <c>FCML_KILL_MATRIX=all</c>.
/// </summary>
internal sealed class KillMatrix(TestFederation fixture)
{
    private const int EveryPassage = 0;

    private static readonly bool All = Environment.GetEnvironmentVariable("FCML_KILL_MATRIX") == "all";
    private static readonly uint Seed = uint.TryParse(Environment.GetEnvironmentVariable("FCML_KILL_SEED"), out var seed) ? seed : 1;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalFederation Federation => fixture.Federation;

    private LocalSite Site => Federation.Sites[0];

    /// <summary>A row for each point; its passage, or 0 for every one. Of several studies that share their points a sample has each point in one.</summary>
    /// <param name="points">The points.</param>
    /// <param name="study">Which study it is, from 0.</param>
    /// <param name="studies">How many share the points.</param>
    public static TheoryData<Victim, string, int> Rows(IEnumerable<KillPoint> points, uint study = 0, uint studies = 1) =>
    [
        .. points.Select((point, i) => (point.Victim, point.Name, All ? EveryPassage : point.First + (int)((Seed + (uint)i) % (uint)(point.Last - point.First + 1))))
            .Where((_, i) => All || (Seed + (uint)i) % studies == study),
    ];

    /// <summary>
    /// Runs a study, kills at a passage of a point, and has <paramref name="hold"/> hold the run's end against what it should be; for every passage, one run after the other,
    /// where <paramref name="passage"/> is 0. The audit chains are verified at the end.
    /// </summary>
    /// <param name="digest">The study, approved.</param>
    /// <param name="victim">Who is killed; of the sites the first.</param>
    /// <param name="point">At which point.</param>
    /// <param name="passage">At which passage of it.</param>
    /// <param name="hold">Gets the registered run.</param>
    /// <param name="dead">Is told when the victim is dead, with the run, before it is started again; not where the run's start itself was killed.</param>
    public async Task VisitAsync(string digest, Victim victim, string point, int passage, Func<RunState, Task> hold, Action<string>? dead = null)
    {
        var reached = 0;
        foreach (var fatal in passage == EveryPassage ? Enumerable.Range(1, int.MaxValue) : [passage])
        {
            if (await RunAndKillAsync(digest, victim, $"{point}#{fatal}", dead) is not { } disturbed)
                break;
            reached++;
            Assert.True(disturbed.Status == RunStatus.Registered, $"Killed at {point}#{fatal}, the run is {disturbed.Status}: {disturbed.Failure}");
            await hold(disturbed);
        }

        Assert.True(reached > 0, $"No run passed {point} {passage} times: nothing was killed.");
        TestContext.Current.SendDiagnosticMessage($"{victim} at {point}: {reached} passages");
        Assert.All(await Task.WhenAll(Federation.Sites.Select(site => site.VerifyAuditAsync(Cancel))), verified => Assert.StartsWith("intact", verified, StringComparison.Ordinal));
    }

    /// <summary>Whom each result is made of, and with which weights.</summary>
    public static string[] Outcome(RunState state) =>
    [
        .. state.History.Where(step => step.Result is not null).Select(step =>
            $"{step.Id.Round} {step.Id.Kind}: {string.Join(' ', step.Participants.Select(site => $"{site}={(step.Sites[site] as AcceptedAnswer)?.Weight}"))}"),
    ];

    /// <summary>The entries of a worker's log.</summary>
    public static List<(string Kind, JsonNode Body)> LogOf(LocalSite site)
    {
        var text = File.ReadAllText(Path.Combine(site.WorkerFolder, "audit.log"));
        var whole = text[..text.LastIndexOf('\n')]; // the worker may be writing the next line
        return [.. whole.Split('\n').Select(line => JsonNode.Parse(line)!).Select(entry => ((string)entry["kind"]!, entry["body"]!))];
    }

    /// <summary>Of a worker that is dead: the step of the release that its log ends with.</summary>
    public static StepId LastReleased(LocalSite site)
    {
        var (kind, body) = LogOf(site)[^1];
        Assert.Equal(WorkerEntries.Released, kind);
        return ReleaseHead.FromJson(CanonicalJson.Write(body["release"])).Manifest.Step;
    }

    /// <summary>Of a coordinator that is dead: the step that its journal ends with.</summary>
    public static StepId LastOpened(LocalFederation federation, string run)
    {
        using var database = CoordinatorDatabase.Open(Path.Combine(federation.CoordinatorFolder, CoordinatorDatabase.FileName));
        using var journal = new SqliteRunJournal(database);
        return Assert.IsType<StepOpened>(journal.Read(RunId.Parse(run))[^1].Event).Step;
    }

    /// <summary>The run's last state; null where the point was not passed so often.</summary>
    private async Task<RunState?> RunAndKillAsync(string digest, Victim victim, string fatal, Action<string>? dead)
    {
        await Current(victim).KillAsync();
        await StartAsync(victim, new Dictionary<string, string> { ["FCML_FAULT_POINT"] = fatal });
        var before = (await RunsAsync()).ToHashSet();
        string run;
        try
        {
            run = await Federation.StartRunAsync(digest, Cancel);
        }
        catch (Cli.CliException) when (victim == Victim.Coordinator)
        {
            await Current(victim).Ended.WaitAsync(Cancel);
            await StartAsync(victim, null);
            run = Assert.Single(await RunsAsync(), known => !before.Contains(known)); // the wish was journaled, though its answer was lost
            return (await fixture.FollowAsync(run)).State;
        }

        var watch = WatchAsync(run);
        if (await Task.WhenAny(watch, Current(victim).Ended) == watch && watch.Result is not null)
        {
            await Current(victim).KillAsync(); // still armed: it would die in the next run
            await StartAsync(victim, null);
            return null;
        }

        await Current(victim).Ended.WaitAsync(Cancel);
        dead?.Invoke(run);
        await StartAsync(victim, null);
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
        Victim.Gateway => Site.Gateway!,
        _ => Site.Worker!,
    };

    private Task StartAsync(Victim victim, IReadOnlyDictionary<string, string>? environment) => victim switch
    {
        Victim.Coordinator => Federation.StartCoordinatorAsync(Cancel, environment),
        Victim.Gateway => Site.StartGatewayAsync(Cancel, environment),
        _ => Site.StartWorkerAsync(Cancel, environment),
    };

    private async Task<IReadOnlyList<string>> RunsAsync() =>
        [.. (await Federation.Admin.AskAsync(admin => admin.ListRunsAsync(new ListRunsRequest(), cancellationToken: Cancel), Cancel)).Runs.Select(run => run.Run)];
}
