using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Ledger;
using FederatedClinicalMl.Tests.Worker.Policies;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary>The privacy ledger for the steward, over the real socket; its entries were made while the worker was stopped.</summary>
public sealed class LedgerVerbTests : IAsyncLifetime
{
    private RunningWorker _worker = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _worker = await RunningWorker.StartAsync();
        await File.WriteAllTextAsync(_worker.Folder.Policy, PolicyText.With("privacy", Spending.Ceilings), Stop);
        await File.WriteAllTextAsync(_worker.Folder.Datasets, "datasets: {heart: {path: heart.csv, format: csv}}", Stop);
        await WriteAsync(ledger =>
        {
            ledger.Reserve(Spending.Plan());
            ledger.Charge(Spending.Inputs()).Dispose();
        });
    }

    public ValueTask DisposeAsync() => _worker.DisposeAsync();

    [Fact]
    public async Task Steward_sees_accounts_and_plans_and_verifies_with_the_worker_running_and_stopped()
    {
        var reply = await _worker.Steward.ShowLedgerAsync(new ShowLedgerRequest(), cancellationToken: Stop);

        var heart = Assert.Single(reply.Populations);
        Assert.Equal(["total", "year", "study"], heart.Accounts.Select(account => account.Scope));
        Assert.All(heart.Accounts, account => Assert.True(account.Spent > 0 && account.Held > account.Spent && account.Remaining > 0));
        var run = Assert.Single(heart.Runs);
        Assert.Equal((1u, 3ul, 2ul), (run.Released, run.Charges, run.Left));
        Assert.Equal((3ul, 0ul), (reply.HeadSequence, reply.CountersignedSequence));
        Assert.Equal(0, await RunAsync("show"));
        Assert.Equal(0, await RunAsync("show", "--json"));
        Assert.Equal(0, await RunAsync("plan"));
        Assert.Equal(0, await RunAsync("verify"));
        await _worker.StopAsync();
        Assert.Equal(0, await RunAsync("verify", "--json"));
        Assert.Equal(3, await RunAsync("show"));
    }

    [Fact]
    public async Task Steward_merges_populations_and_resolves_a_ledger_that_misses_entries()
    {
        Assert.Equal(0, await RunAsync("close", Spending.Run(1).Value));
        Assert.Equal(1, await RunAsync("close", Spending.Run(1).Value));
        Assert.Equal(0, await RunAsync("merge", "heart", "cardiology"));
        Assert.Equal(1, await RunAsync("merge", "heart", "other"));
        Assert.Equal(1, await RunAsync("resolve", "--spent", "1"));
        Assert.Equal("The ledger misses nothing: there is nothing to resolve.", (await Assert.ThrowsAsync<RpcException>(
            async () => await _worker.Steward.ResolveLedgerAsync(new ResolveLedgerRequest { Spent = "1" }, cancellationToken: Stop))).Status.Detail);

        using var peer = SigningKey.Create();
        var lost = new LedgerHead(99, Sha256Digest.Of("an entry that is not there"u8));
        using (var key = SigningKey.FromPem(await File.ReadAllTextAsync(_worker.Folder.Key, Stop)))
            await WriteAsync(ledger => Assert.True(ledger.Countersigned(LedgerReceipt.For(SignedHead.Sign(Site.Name, lost, key), peer))));

        Assert.Equal(1, await RunAsync("verify"));
        Assert.Equal(1, await RunAsync("resolve", "--spent", "some"));
        Assert.Equal(0, await RunAsync("resolve", "--spent", "0.5", "--note", "backup of Monday"));
        Assert.Equal(0, await RunAsync("verify"));
    }

    /// <summary>docs/reference/ledger.md</summary>
    [Fact]
    public void Example_of_the_page_is_what_the_ledger_shows()
    {
        using var site = new Site().WithCeilings();
        site.Datasets = "datasets: {heart: {path: heart.csv, format: csv, population: cardiology}}";
        site.Ledger.Reserve(Spending.Plan(rounds: 10));
        for (var round = 1; round <= 3; round++)
            site.Ledger.Charge(Spending.Inputs(round: round)).Dispose();
        using var shown = new StringWriter { NewLine = "\n" };

        LedgerTable.Write(shown, site.LedgerDesk.Show());

        var lines = string.Join('\n', shown.ToString().Split('\n').TakeWhile(line => !line.StartsWith("head ", StringComparison.Ordinal)));
        TestContext.Current.TestOutputHelper?.WriteLine(lines); // for whoever mends the page
        Assert.Contains(lines, Repository.Read("docs/reference/ledger.md"), StringComparison.Ordinal);
    }

    private async Task<int> RunAsync(params string[] verb) => await CommandLine.RunAsync(["ledger", .. verb, "--data", _worker.Folder.Root]);

    // Transport and training will do it in the worker; here the test does, with the worker stopped.
    private async Task WriteAsync(Action<PrivacyLedger> write)
    {
        await _worker.StopAsync();
        var (folder, disk) = (_worker.Folder, new FileDisk(_worker.Folder.Root, ownerOnly: true));
        using (var key = SigningKey.FromPem(await File.ReadAllTextAsync(folder.Key, Stop)))
        using (var journal = WorkerJournal.Open(disk, WorkerCore.LogPath, key, TimeProvider.System))
        {
            write(new PrivacyLedger(
                journal, new RunRoots(journal, new RootStore(StoreKey.Open(folder, null).SealRoots(disk), keepDays: 365)), new WorkerIdentity(Site.Name, key, Site.Secret, "1.0.0"),
                new PolicyFile(folder.Policy).Read, () => DatasetMap.ReadFile(folder.Datasets)));
        }

        await _worker.StartAgainAsync();
    }
}
