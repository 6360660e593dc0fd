using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Audit;

/// <summary>An auditor takes the log away and checks it where no coordinator is.</summary>
public sealed class AuditExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Log => _folder.Of("audit.ndjson");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Exported_log_is_checked_without_the_coordinator_and_any_change_is_found()
    {
        var exported = await ExportAsync();
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("audit", "verify", "--log", Log));

        var lines = await File.ReadAllLinesAsync(Log, TestContext.Current.CancellationToken);
        Assert.True(lines.Length > 1);
        await File.WriteAllTextAsync(Log, string.Concat(lines.Skip(1).Select(line => line + "\n")), TestContext.Current.CancellationToken);
        await NotVerifiedAsync("line 1 is", "--log", Log);
        await File.WriteAllTextAsync(Log, exported.Replace("auditor", "auditoR", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await NotVerifiedAsync("is BROKEN", "--log", Log);

        await File.WriteAllTextAsync(Log, exported, TestContext.Current.CancellationToken);
        using var other = SigningKey.Create();
        var key = _folder.Of("other.key");
        await File.WriteAllTextAsync(key, System.Security.Cryptography.PemEncoding.WriteString("PUBLIC KEY", other.PublicKey.SubjectPublicKeyInfo.Span), TestContext.Current.CancellationToken);
        await NotVerifiedAsync("line 1 is", "--log", Log, "--key", key);
    }

    [Fact]
    public async Task Export_writes_over_nothing_and_needs_its_key_to_be_checked()
    {
        await ExportAsync();
        var (code, error) = await CommandRun.FcmlAsync("audit", "export", "--out", Log, "--identity", _folder.Of("identity"));
        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Contains("is there already", error, StringComparison.Ordinal);

        File.WriteAllText(Log + ".key", "no key");
        (code, error) = await CommandRun.FcmlAsync("audit", "verify", "--log", Log);
        Assert.Equal((int)ExitCode.InvalidInput, code);
        Assert.Contains("no public key in PEM", error, StringComparison.Ordinal);
        File.Delete(Log + ".key");
        (code, error) = await CommandRun.FcmlAsync("audit", "verify", "--log", Log);
        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Contains("--key", error, StringComparison.Ordinal);
        Assert.Equal((int)ExitCode.Usage, (await CommandRun.FcmlAsync("audit", "verify", "--key", Log)).Code);
    }

    private async Task<string> ExportAsync()
    {
        await using var coordinator = await RunningCoordinator.StartAsync();
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("enrol", coordinator.Invite(new Member(Roles.Auditor, "eve")), "--identity", _folder.Of("identity")));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("audit", "export", "--out", Log, "--identity", _folder.Of("identity")));
        return await File.ReadAllTextAsync(Log, TestContext.Current.CancellationToken);
    }

    private static async Task NotVerifiedAsync(string says, params string[] words)
    {
        var (code, error) = await CommandRun.FcmlAsync(["audit", "verify", .. words]);
        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }
}
