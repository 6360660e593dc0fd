using System.Diagnostics;
using System.Text.Json;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Tests.Coordinator;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Tests.Gateway.Doctor;

/// <summary>Whatever can be wrong on the way, produced one thing at a time: the check that finds it names it, and those that rest on it are skipped.</summary>
public sealed class DoctorTests : IAsyncLifetime
{
    private static readonly Member North = new(Roles.Site, Hospital.Name);

    private RunningCoordinator _coordinator = null!;
    private Hospital _hospital = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _coordinator = await RunningCoordinator.StartAsync();
        _hospital = await Hospital.EnrolAsync(_coordinator);
    }

    [Fact]
    public async Task Healthy_site_has_nothing_but_the_one_account_of_this_test_to_answer_for()
    {
        var findings = await ExamineAsync();

        Assert.Equal(["accounts: ACCOUNT_SEPARATION_OFF", "outgoing: OUTGOING_WRITABLE"], Faults(findings));
        Assert.DoesNotContain(findings, finding => finding.Grade == Grade.Skipped);
        Assert.Equal(CommandLine.Warnings, Finding.ExitCode(findings));
    }

    [Fact]
    public async Task Healthy_site_leaves_no_warning_in_the_coordinators_log()
    {
        await ExamineAsync();

        Assert.DoesNotContain(_coordinator.Logged, entry => entry.Level > LogLevel.Information);
        Assert.Contains(_coordinator.Logged, entry => entry.Text.Contains("asked which versions are spoken", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_does_not_replace_the_session_that_the_site_has()
    {
        using var identity = ClientIdentity.Load(_hospital.Options.IdentityDirectory);
        using var session = await SiteStream.OpenAsync(_coordinator, identity, _hospital.Worker.Key);
        await session.NextAsync(CoordinatorMessage.BodyOneofCase.Welcome);

        await ExamineAsync();

        using var ada = await _coordinator.EnrolPersonAsync(Roles.Admin, "ada");
        using var admin = new Person(_coordinator, ada);
        await admin.SubmitAsync(BenchmarkStudy.For(Hospital.Name));
        await session.NextAsync(CoordinatorMessage.BodyOneofCase.StudyOffer); // the stream goes on
    }

    [Fact]
    public async Task Site_that_has_not_enrolled_is_told_to()
    {
        Directory.Delete(_hospital.Options.IdentityDirectory, recursive: true);

        AssertBroken("identity", "IDENTITY_MISSING", await ExamineAsync(), skipped: ["certificate", "name", "connection", "clock", "membership", "protocol"]);
    }

    [Fact]
    public async Task Identity_that_was_cut_off_is_named()
    {
        var file = ClientIdentity.PathIn(_hospital.Options.IdentityDirectory);
        var text = await File.ReadAllTextAsync(file, Stop);
        await File.WriteAllTextAsync(file, text[..(text.Length / 2)], Stop);

        AssertBroken("identity", "IDENTITY_UNREADABLE", await ExamineAsync(), skipped: ["certificate", "name", "connection", "clock", "membership", "protocol"]);
    }

    [Fact]
    public async Task Identity_that_other_accounts_can_read_is_named()
    {
        SetMode(ClientIdentity.PathIn(_hospital.Options.IdentityDirectory), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        AssertBroken("identity", "IDENTITY_EXPOSED", await ExamineAsync());
    }

    [Fact]
    public async Task Name_that_nobody_knows_is_named()
    {
        _hospital.Redirect(new Uri("https://coordinator.invalid"));

        AssertBroken("name", "NAME_NOT_FOUND", await ExamineAsync(), skipped: ["connection", "clock", "membership", "protocol"]);
    }

    [Fact]
    public async Task Port_where_nothing_listens_is_named()
    {
        using var port = new ClosedPort();
        _hospital.Redirect(new Uri($"https://{port}"));

        AssertBroken("connection", "CONNECTION_REFUSED", await ExamineAsync(), skipped: ["clock", "membership", "protocol"]);
    }

    [Fact]
    public async Task Way_on_which_nothing_comes_back_is_named_after_twenty_seconds()
    {
        using var silent = new SilentServer();
        _hospital.Redirect(silent.Address);
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());

        var examination = ExamineAsync(time: time);
        await silent.ConnectedAsync();
        time.Advance(TimeSpan.FromSeconds(20));

        AssertBroken("connection", "UNREACHABLE", await examination);
    }

    [Fact]
    public async Task Proxy_where_nothing_listens_is_named()
    {
        using var port = new ClosedPort();

        AssertBroken("connection", "PROXY_REFUSED", await ExamineAsync(ProxySettings.From($"http://{port}", null)), skipped: ["clock", "membership", "protocol"]);
    }

    [Theory]
    [InlineData("PROXY_LOGIN_NEEDED", "nurse:secret", "", null)]
    [InlineData("PROXY_LOGIN_WRONG", "nurse:secret", "nurse:guessed@", null)]
    [InlineData("PROXY_DENIES", null, "", "403 Forbidden")]
    [InlineData("PROXY_FAILED", null, "", "504 Gateway Timeout")]
    public async Task Proxy_that_lets_nobody_through_is_named(string code, string? wanted, string given, string? refusal)
    {
        await using var proxy = new ConnectProxy(wanted, refusal);
        var settings = ProxySettings.From(proxy.Address.Replace("://", $"://{given}", StringComparison.Ordinal), null);

        AssertBroken("connection", code, await ExamineAsync(settings), skipped: ["clock", "membership", "protocol"]);
    }

    [Fact]
    public async Task Way_through_a_proxy_is_examined_to_its_end()
    {
        await using var proxy = new ConnectProxy();

        var findings = await ExamineAsync(ProxySettings.From(proxy.Address, null));

        Assert.DoesNotContain(findings, finding => finding.Grade is Grade.Broken or Grade.Skipped);
        Assert.Contains("through the proxy", findings.Single(finding => finding.Check == "connection").Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tls_that_somebody_opens_on_the_way_is_named_with_whose_certificate_it_is()
    {
        await using var another = await RunningCoordinator.StartAsync();
        _hospital.Redirect(another.Address);

        var findings = await ExamineAsync();

        AssertBroken("connection", "TLS_INTERCEPTED", findings, skipped: ["clock", "membership", "protocol"]);
        Assert.Contains("issued by 'CN=FederatedClinicalMl authority", findings.Single(finding => finding.Check == "connection").Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clock_that_is_an_hour_ahead_is_named() =>
        AssertBroken("clock", "CLOCK_WRONG", await ExamineAsync(time: new ShiftedTime(TimeSpan.FromHours(1))));

    [Fact]
    public async Task Clock_that_is_two_days_behind_takes_new_certificates_for_ones_of_the_future()
    {
        var findings = await ExamineAsync(time: new ShiftedTime(TimeSpan.FromDays(-2)));

        AssertBroken("certificate", "CERTIFICATE_NOT_YET_VALID", findings);
        AssertBroken("connection", "COORDINATOR_CERTIFICATE_WRONG", findings);
    }

    [Fact]
    public async Task Certificate_that_should_have_been_renewed_is_named()
    {
        var finding = (await ExamineAsync(time: new ShiftedTime(CertificateAuthority.Validity * 2 / 3))).Single(f => f.Check == "certificate");

        Assert.Equal((Grade.Warning, "CERTIFICATE_RENEWAL_DUE"), (finding.Grade, finding.Code));
    }

    [Fact]
    public async Task Certificate_that_has_expired_is_named() =>
        AssertBroken("certificate", "CERTIFICATE_EXPIRED", await ExamineAsync(time: new ShiftedTime(CertificateAuthority.Validity)));

    [Fact]
    public async Task Site_that_was_revoked_is_told_so()
    {
        await _coordinator.RevokeAsync(North);

        AssertBroken("membership", "CERTIFICATE_REVOKED", await ExamineAsync(), skipped: ["protocol"]);
    }

    [Fact]
    public async Task Coordinator_that_was_set_back_to_before_the_enrolment_does_not_know_the_site()
    {
        using var folder = new TemporaryFolder();
        FederatedClinicalMl.Coordinator.Storage.Backup.Write(_coordinator.Data, folder.Of("backup.tar"));
        await _hospital.DisposeAsync();
        await _coordinator.RevokeAsync(North); // as if it had not enrolled yet
        _hospital = await Hospital.EnrolAsync(_coordinator);
        FederatedClinicalMl.Coordinator.Storage.Backup.Restore(folder.Of("backup.tar"), folder.Of("data"));
        await using var older = await RunningCoordinator.StartOverAsync(folder.Of("data"));
        _hospital.Redirect(older.Address);

        var findings = await ExamineAsync();

        AssertBroken("membership", "CERTIFICATE_UNTRUSTED", findings, skipped: ["protocol"]);
        Assert.Contains("restored from an old backup", findings.Single(finding => finding.Check == "membership").Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Site_agent_that_is_too_old_for_the_coordinator_is_told_which_version_it_needs()
    {
        await using var newer = await RunningCoordinator.StartAsync(ProtocolVersions.UpTo(7));
        await using var hospital = await Hospital.EnrolAsync(newer);

        var findings = await ExamineAsync(hospital.Options);

        AssertBroken("protocol", "PROTOCOL_TOO_OLD", findings);
        Assert.Contains("version 6 is needed", findings.Single(finding => finding.Check == "protocol").Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_that_was_never_started_is_named() =>
        AssertBroken("worker", "WORKER_SOCKET_MISSING", await ExamineAsync(_hospital.Options with { WorkerSocket = _hospital.Options.WorkerSocket + "-elsewhere" }), skipped: ["accounts"]);

    [Fact]
    public async Task Socket_behind_which_no_worker_is_any_more_is_named()
    {
        var dead = _hospital.Options.WorkerSocket + "-dead";
        await File.WriteAllTextAsync(dead, "", Stop); // as a worker leaves it that was killed

        AssertBroken("worker", "WORKER_UNREACHABLE", await ExamineAsync(_hospital.Options with { WorkerSocket = dead }), skipped: ["accounts"]);
    }

    [Fact]
    public async Task Worker_that_does_not_hold_its_key_is_named()
    {
        _hospital.Worker.Lies = true;

        AssertBroken("worker", "WORKER_PROOF_WRONG", await ExamineAsync());
    }

    [Fact]
    public async Task Directories_that_are_missing_are_named()
    {
        Directory.Delete(_hospital.Options.Incoming);
        Directory.Delete(_hospital.Options.Outgoing);

        var findings = await ExamineAsync();

        AssertBroken("incoming", "INCOMING_MISSING", findings);
        AssertBroken("outgoing", "OUTGOING_MISSING", findings);
    }

    [Fact]
    public async Task Directories_with_wrong_rights_are_named()
    {
        SetMode(_hospital.Options.Incoming, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        SetMode(_hospital.Options.Outgoing, UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var (code, findings) = await RunAsAnybodyAsync();

        AssertBroken("incoming", "INCOMING_NOT_WRITABLE", findings);
        AssertBroken("outgoing", "OUTGOING_NOT_READABLE", findings);
        Assert.Equal(CommandLine.Fault, code);
    }

    [Fact]
    public async Task Outbox_key_that_is_missing_open_to_others_or_closed_to_the_gateway_is_named()
    {
        var key = OutboxKey.PathIn(_hospital.Options.ExchangeDirectory);
        SetMode(key, UnixFileMode.UserWrite);
        AssertBroken("outbox-key", "OUTBOX_KEY_UNUSABLE", (await RunAsAnybodyAsync()).Findings);
        SetMode(key, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        AssertBroken("outbox-key", "OUTBOX_KEY_UNUSABLE", await ExamineAsync());
        File.Delete(key);
        Assert.Contains("outbox-key: OUTBOX_KEY_UNSEEN", Faults(await ExamineAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        await _hospital.DisposeAsync();
        await _coordinator.DisposeAsync();
    }

    private Task<IReadOnlyList<Finding>> ExamineAsync(ProxySettings? proxy = null, TimeProvider? time = null) =>
        ExamineAsync(_hospital.Options with { Proxy = proxy ?? ProxySettings.Direct }, time);

    private static Task<IReadOnlyList<Finding>> ExamineAsync(GatewayOptions options, TimeProvider? time = null) =>
        new SiteAgent.Gateway.Doctor(options, time ?? TimeProvider.System).ExamineAsync(Stop);

    /// <summary><c>site-agent doctor --json</c> with the rights that a service's account has: root's are laid down where the test runs as root.</summary>
    private async Task<(int Code, IReadOnlyList<Finding> Findings)> RunAsAnybodyAsync()
    {
        var here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        var program = Path.GetFullPath(Path.Combine(here, "..", "..", "Gateway", Path.GetFileName(here), "site-agent"));
        string[] doctor =
        [
            program, "doctor", "--json", "--data", _hospital.Options.DataDirectory, "--exchange", _hospital.Options.ExchangeDirectory,
            "--worker-socket", _hospital.Options.WorkerSocket,
        ];
        string[] line = Environment.UserName == "root" ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", .. doctor] : doctor;
        using var process = Process.Start(new ProcessStartInfo(line[0], line[1..]) { RedirectStandardOutput = true })!;
        var findings = await process.StandardOutput.ReadToEndAsync(Stop);
        await process.WaitForExitAsync(Stop);
        return (process.ExitCode, JsonSerializer.Deserialize<Finding[]>(findings, JsonSerializerOptions.Web)!);
    }

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
            Assert.Skip("Windows has access lists instead of modes.");
        else
            File.SetUnixFileMode(path, mode);
    }

    private static IEnumerable<string> Faults(IEnumerable<Finding> findings) => findings.Where(f => f.Code.Length > 0).Select(f => $"{f.Check}: {f.Code}");

    private static void AssertBroken(string check, string code, IReadOnlyList<Finding> findings, params string[] skipped)
    {
        Assert.Contains($"{check}: {code}", Faults(findings.Where(f => f.Grade == Grade.Broken)));
        Assert.Equal(CommandLine.Fault, Finding.ExitCode(findings));
        if (skipped.Length > 0)
            Assert.Equal(skipped, findings.Where(f => f.Grade == Grade.Skipped).Select(f => f.Check));
    }
}
