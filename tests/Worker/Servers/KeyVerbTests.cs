using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary><c>site-worker key</c> on a real folder.</summary>
public sealed class KeyVerbTests : IAsyncLifetime
{
    private RunningWorker _worker = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _worker = await RunningWorker.StartAsync();

    public ValueTask DisposeAsync() => _worker.DisposeAsync();

    [Fact]
    public async Task Key_of_a_stopped_worker_is_renewed_and_the_file_stays_the_owners_alone()
    {
        var before = Fingerprint();
        Assert.Equal(4, await RunAsync("key", "renew")); // it runs
        Assert.Equal(before, Fingerprint());
        await _worker.StopAsync();

        Assert.Equal(0, await RunAsync("key", "renew", "--steward", "grace", "--note", "yearly"));

        var after = Fingerprint();
        Assert.NotEqual(before, after);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_worker.Folder.Key));
        Assert.Equal(0, await RunAsync("audit", "verify"));
        Assert.Equal(0, await RunAsync("ledger", "verify"));
        await _worker.StartAgainAsync();
        var shown = await _worker.Steward.ShowMembersAsync(new ShowMembersRequest(), cancellationToken: Stop);
        Assert.Equal(after.ToString(), shown.Fingerprint);
        Assert.Equal((before.ToString(), after.ToString()), (shown.Renewed.Single().From, shown.Renewed.Single().To));
        using var text = new StringWriter();
        MembersTable.Write(text, shown);
        Assert.Contains("signed by the old key", text.ToString(), StringComparison.Ordinal);
    }

    private Sha256Digest Fingerprint()
    {
        using var key = SigningKey.FromPem(File.ReadAllText(_worker.Folder.Key));
        return key.PublicKey.Fingerprint;
    }

    private Task<int> RunAsync(params string[] words) => CommandLine.RunAsync([.. words, "--data", _worker.Folder.Root]);
}
