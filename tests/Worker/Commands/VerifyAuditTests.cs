using System.Text.Json.Nodes;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using Microsoft.Extensions.Time.Testing;

namespace FederatedClinicalMl.Tests.Worker.Commands;

public sealed class VerifyAuditTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_byte_of_the_log_that_is_flipped_with_the_worker_stopped_is_found()
    {
        var file = Record();
        var whole = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal(0, await RunAsync());

        foreach (var at in (int[])[0, whole.Length / 2, whole.AsSpan().IndexOf((byte)'\n'), whole.Length - 2, whole.Length - 1])
        {
            var changed = whole.ToArray();
            changed[at] ^= 0x40;
            await File.WriteAllBytesAsync(file, changed, TestContext.Current.CancellationToken);
            Assert.Equal(1, await RunAsync());
        }

        await File.WriteAllBytesAsync(file, whole[..^20], TestContext.Current.CancellationToken); // torn
        Assert.Equal(1, await RunAsync());
    }

    [Fact]
    public async Task Folder_on_which_no_worker_has_run_is_not_set_up()
    {
        new WorkerFolder(_folder.Path).Initialise(new WorkerConfiguration(Site.Name, null, []));

        Assert.Equal(4, await RunAsync());
    }

    private string Record()
    {
        var folder = new WorkerFolder(_folder.Path);
        folder.Initialise(new WorkerConfiguration(Site.Name, null, []));
        using var key = SigningKey.FromPem(File.ReadAllText(folder.Key));
        using var log = ChainedLog.Open(new FileDisk(_folder.Path), WorkerCore.LogPath, key, new FakeTimeProvider());
        for (var i = 0; i < 3; i++)
            log.Append(WorkerEntries.ExclusionsSet, new JsonObject { ["steward"] = "grace", ["patients"] = new JsonArray() });
        return Path.Combine(_folder.Path, WorkerCore.LogPath);
    }

    private Task<int> RunAsync() => CommandLine.RunAsync(["audit", "verify", "--data", _folder.Path]);
}
