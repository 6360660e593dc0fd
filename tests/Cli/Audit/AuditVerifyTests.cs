using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Storage;

namespace FederatedClinicalMl.Tests.Cli.Audit;

public sealed class AuditVerifyTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("fcml-audit-").FullName, "coordinator");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public async Task Verify_of_an_untouched_log_succeeds_while_the_coordinator_holds_the_folder()
    {
        using var folder = DataFolder.Create(_folder, ["localhost"], 8443, authority: null, TimeProvider.System);
        using var audit = new AuditTrail(folder.Disk, folder.Key, TimeProvider.System);
        audit.Record("run-started", null, new JsonObject { ["run"] = "0123456789abcdef" });

        Assert.Equal(0, await FcmlCommand.RunAsync(["audit", "verify", "--data", _folder], TimeProvider.System));
    }

    [Fact]
    public async Task Verify_finds_any_flipped_byte_and_names_its_line()
    {
        var log = Record(entries: 5);
        var whole = await File.ReadAllBytesAsync(log, TestContext.Current.CancellationToken);

        // Every line end, and a sample of all other bytes. CsCheck prints the seed of a failure.
        foreach (var end in whole.Index().Where(at => at.Item == '\n').Select(at => at.Index))
            await FlipAsync(end, 0x40);
        await Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte[1, 255]).SampleAsync(async at => await FlipAsync(at.Item1, at.Item2), iter: 150, threads: 1);

        async Task FlipAsync(int at, byte bits)
        {
            var changed = whole.ToArray();
            changed[at] ^= bits;
            await File.WriteAllBytesAsync(log, changed);

            var (code, error) = await RunAsync();

            Assert.Equal((int)ExitCode.NotVerified, code);
            var line = whole.AsSpan(0, at).Count((byte)'\n') + 1;
            Assert.Contains($"line {line} is", error);
        }
    }

    [Fact]
    public async Task Verify_of_a_removed_line_names_the_line_that_does_not_follow()
    {
        var log = Record(entries: 5);
        var lines = await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(log, string.Concat(lines.Where((_, index) => index != 2).Select(line => line + "\n")), TestContext.Current.CancellationToken);

        var (code, error) = await RunAsync();

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("line 3 is BROKEN", error);
    }

    [Fact]
    public async Task Verify_of_a_log_that_another_key_signed_finds_it()
    {
        var log = Record(entries: 2);
        var another = Path.Combine(_folder, "another");
        using (var folder = DataFolder.Create(another, ["localhost"], 8443, authority: null, TimeProvider.System))
        using (var audit = new AuditTrail(folder.Disk, folder.Key, TimeProvider.System))
            audit.Record("run-started", null, []);
        File.Copy(Path.Combine(another, AuditTrail.File), log, overwrite: true);

        var (code, error) = await RunAsync();

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("line 1 is BROKEN", error);
    }

    [Fact]
    public async Task Verify_of_a_folder_without_a_coordinator_is_a_usage_fault() =>
        Assert.Equal((int)ExitCode.Usage, await FcmlCommand.RunAsync(["audit", "verify", "--data", Path.GetTempPath()], TimeProvider.System));

    private string Record(int entries)
    {
        using var folder = DataFolder.Create(_folder, ["localhost"], 8443, authority: null, TimeProvider.System);
        using var audit = new AuditTrail(folder.Disk, folder.Key, TimeProvider.System);
        for (var i = 0; i < entries; i++)
            audit.Record("run-started", null, new JsonObject { ["run"] = $"{i:x16}" });
        return Path.Combine(_folder, AuditTrail.File);
    }

    private Task<(int Code, string Error)> RunAsync() => CommandRun.FcmlAsync("audit", "verify", "--data", _folder);
}
