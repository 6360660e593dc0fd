using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;
using Microsoft.Data.Sqlite;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>What the coordinator has lost of what hospitals released, by somebody with its folder and its key while it was stopped; the other direction is in <see cref="PrivacyTests"/>.</summary>
public sealed class LostReleaseTests(TestFederation fixture) : IClassFixture<TestFederation>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalFederation Federation => fixture.Federation;

    [Fact(Timeout = 300_000)]
    public async Task Release_and_run_that_the_coordinator_lost_while_it_was_stopped_are_named_from_what_the_sites_have()
    {
        var run = (await fixture.UndisturbedAsync(fixture.Digest)).Plan.Run;
        Assert.Equal((0, ""), await CrossVerifyAsync());

        await EditAsync(folder => Keep(folder, run, happened => happened is not ReleaseAccepted { Site.Value: "hungarian", Step: { Kind: StepKind.Training, Round.Value: 2 } }));
        var (code, said) = await CrossVerifyAsync();
        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("differ (2): hungarian: the signed record of round 2 counts the release", said, StringComparison.Ordinal);
        Assert.Contains($"for {run}.2.training.1; the coordinator's events have none. It was removed there.", said, StringComparison.Ordinal);

        await EditAsync(folder => Forget(folder, run));
        Assert.Equal((0, ""), await FcmlAsync("audit", "verify", "--data", Federation.CoordinatorFolder)); // a log that is made again is a valid log
        (code, said) = await CrossVerifyAsync();
        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("cleveland: the worker has heard that its release", said, StringComparison.Ordinal);
        Assert.Contains("the coordinator has no such run", said, StringComparison.Ordinal);
    }

    /// <summary>Somebody at work on the folder while the coordinator is stopped.</summary>
    private async Task EditAsync(Action<DataFolder> edit)
    {
        await Federation.Coordinator!.StopAsync(TimeSpan.FromSeconds(20), TimeProvider.System);
        using (var folder = DataFolder.Open(Federation.CoordinatorFolder))
            edit(folder);
        await Federation.StartCoordinatorAsync(Cancel);
    }

    /// <summary>Takes events out of a run, and numbers the others anew.</summary>
    private static void Keep(DataFolder folder, RunId run, Func<RunEvent, bool> keeps)
    {
        List<RunEvent> all, kept;
        using (var journal = new SqliteRunJournal(folder.Database))
            all = [.. journal.Read(run).Select(journaled => journaled.Event)];
        kept = [.. all.Where(keeps)];
        Assert.Equal(all.Count - 1, kept.Count);
        Remove(folder, run);
        using (var journal = new SqliteRunJournal(folder.Database))
            journal.Append(run, 0, kept);
    }

    /// <summary>Takes a run out with its model, and signs an audit log that never had either.</summary>
    private static void Forget(DataFolder folder, RunId run)
    {
        Remove(folder, run);
        Directory.Delete(Path.Combine(folder.Disk.Root, "models"), recursive: true);
        var log = Path.Combine(folder.Disk.Root, AuditTrail.File);
        var entries = ChainedLog.Read(folder.Disk, AuditTrail.File, folder.Key.PublicKey).Where(entry => (string?)entry.Body["run"] != run.Value).ToList();
        File.Delete(log);
        using var again = ChainedLog.Open(folder.Disk, AuditTrail.File, folder.Key, TimeProvider.System);
        foreach (var entry in entries)
            again.Append(entry.Kind, (JsonObject)entry.Body.DeepClone());
    }

    private static void Remove(DataFolder folder, RunId run) => folder.Database.Write((connection, transaction) =>
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "DELETE FROM run_events WHERE run = $run; DELETE FROM runs WHERE run = $run;";
        command.Parameters.Add(new SqliteParameter("$run", run.Value));
        return command.ExecuteNonQuery();
    });

    private async Task<(int Code, string Error)> CrossVerifyAsync()
    {
        var lists = Directory.CreateDirectory(Path.Combine(Federation.Folder, "lists")).FullName;
        foreach (var site in Federation.Sites)
        {
            File.Delete(Path.Combine(lists, $"{site.Name}.json"));
            await site.WorkerVerbAsync(["audit", "releases", "--out", Path.Combine(lists, $"{site.Name}.json")], Cancel);
        }

        return await FcmlAsync("audit", "verify", "--with-sites", lists, "--identity", Federation.AdminIdentity);
    }

    private static async Task<(int Code, string Error)> FcmlAsync(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await FcmlCommand.InvokeAsync(words, TimeProvider.System, new System.CommandLine.InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output, Error = error }, Cancel);
        return (code, error.ToString());
    }
}
