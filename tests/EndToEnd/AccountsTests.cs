using System.Diagnostics;
using System.Globalization;
using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>
/// A site as the hospital's how-to sets it up: gateway and worker under two accounts that share a group for the exchange folders. Needs root, to
/// start programs under other accounts.
/// </summary>
public sealed class AccountsTests : IAsyncLifetime
{
    private const int Refused = 3; // site-worker: the worker does not answer on its steward socket
    private const uint Group = 64_100;

    private static readonly Account Gateway = new(64_101, Group);
    private static readonly Account Worker = new(64_102, Group);
    private static readonly Account Steward = new(64_103, 64_103);

    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-accounts-").FullName;
    private readonly ChildGroup _children = new();
    private readonly LocalFederation _federation;
    private Executables _programs = null!;

    public AccountsTests() => _federation = new LocalFederation(Path.Combine(_folder, "coordinator"), TimeProvider.System, TestFederation.Programs());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string GatewayFolder => Path.Combine(_folder, "gateway");

    private string WorkerFolder => Path.Combine(_folder, "worker");

    private string Exchange => Path.Combine(_folder, "exchange");

    private string Socket => Path.Combine(Exchange, "worker.sock");

    public async ValueTask InitializeAsync()
    {
        if (!IsPossible)
            return;
        await RunAsync("/bin/chmod", "0755", _folder);
        _programs = TestFederation.Programs();
        _programs = _programs with { Gateway = CopyFolderOf(_programs.Gateway), Worker = CopyFolderOf(_programs.Worker) };
        await MakeAsync(GatewayFolder, Gateway, "0700");
        await MakeAsync(WorkerFolder, Worker, "0700");
        await MakeAsync(Exchange, Worker, "2750");
        await MakeAsync(Path.Combine(Exchange, "incoming"), Gateway, "2750");
        await MakeAsync(Path.Combine(Exchange, "outgoing"), Worker, "2750");
        await _federation.StartAsync([], Cancel);
    }

    [Fact(Timeout = 180_000)]
    public async Task Gateway_and_worker_work_under_two_accounts_and_the_gateways_is_refused_at_the_stewards_socket()
    {
        if (!IsPossible)
            Assert.Skip("Starting programs under other accounts needs root and util-linux's setpriv.");
        var table = SyntheticHearts.Generate(1).Select(hospital => hospital.Table).Single(table => table.Site == "cleveland");
        var rows = Path.Combine(_folder, "rows.csv");
        table.WriteCsv(rows);
        await RunAsync("/bin/chown", Worker.User.ToString(CultureInfo.InvariantCulture), rows);
        await RunAsync("/bin/chmod", "0600", rows);

        Assert.Equal(0, await EndAsync(_programs.Worker, Worker, "init", "--data", WorkerFolder, "--site", "cleveland", "--gateway-uid", $"{Gateway.User}"));
        await File.WriteAllTextAsync(Path.Combine(WorkerFolder, "datasets.yaml"), $$"""
            datasets:
              heart-disease: {path: '{{rows}}', format: csv}
            """, Cancel);
        var worker = await StartAsync(_programs.Worker, Worker, "run", "--data", WorkerFolder, "--exchange", Exchange);
        var subject = new Subject { Kind = Subject.Types.Kind.Site, Role = Subject.Types.Role.Site, Name = "cleveland" };
        var invited = await _federation.Admin.AskAsync(admin => admin.InviteAsync(new InviteRequest { Subject = subject, ValidHours = 1 }, cancellationToken: Cancel), Cancel);
        Assert.Equal(0, await EndAsync(_programs.Gateway, Gateway, "enrol", "--invitation", invited.Invitation, "--data", GatewayFolder, "--worker-socket", Socket));
        await StartAsync(_programs.Gateway, Gateway, "run", "--data", GatewayFolder, "--exchange", Exchange, "--worker-socket", Socket);

        Assert.Equal(0, await EndAsync(_programs.Gateway, Gateway, "doctor", "--data", GatewayFolder, "--exchange", Exchange, "--worker-socket", Socket)); // no warning either
        var yaml = TestFederation.Study.Replace("sites: [cleveland, hungarian]", "sites: [cleveland]", StringComparison.Ordinal).Replace("quorum: 2", "quorum: 1", StringComparison.Ordinal);
        var digest = await SubmitVerb.SubmitAsync(_federation.Admin, yaml, StudyChecker.CheckYaml(yaml).Study!, Cancel);
        await KnownToTheStewardAsync(digest);

        // The folder's mode keeps the gateway's account out; with the door open, the worker asks the operating system who has come in.
        Assert.Equal(Refused, await EndAsync(_programs.Worker, Gateway, "studies", "list", "--data", WorkerFolder));
        await RunAsync("/bin/chmod", "0711", WorkerFolder);
        await RunAsync("/bin/chmod", "0666", Path.Combine(WorkerFolder, "steward.sock"));
        Assert.Equal(Refused, await EndAsync(_programs.Worker, Gateway, "studies", "approve", digest, "--data", WorkerFolder, "--steward", "gateway"));
        await RunAsync("/bin/chmod", "0700", WorkerFolder);
        Assert.Contains($"steward.sock from uid {Gateway.User}", await File.ReadAllTextAsync(LogOf(Worker, "run"), Cancel), StringComparison.Ordinal);

        Assert.Equal(0, await EndAsync(_programs.Worker, Worker, "studies", "approve", digest, "--data", WorkerFolder, "--steward", "steward"));
        await VerdictAsync(digest, StudyVerdict.Types.State.Approved);
        var run = await _federation.StartRunAsync(digest, Cancel);
        Assert.Equal(RunStatus.Registered, (await WatchVerb.FollowAsync(_federation.Admin, run, Cli.Terminal.Silent, Cancel)).State.Status);

        // A steward with an account of their own, who can use the socket and read nothing.
        Assert.Equal(Refused, await EndAsync(_programs.Worker, Steward, "studies", "list", "--data", WorkerFolder));
        await worker.KillAsync();
        var configuration = Path.Combine(WorkerFolder, "worker.yaml");
        var before = await File.ReadAllTextAsync(configuration, Cancel);
        Assert.Contains("steward-uids: []", before, StringComparison.Ordinal);
        await File.WriteAllTextAsync(configuration, before.Replace("steward-uids: []", $"steward-uids: [{Steward.User}]", StringComparison.Ordinal), Cancel);
        await StartAsync(_programs.Worker, Worker, "run", "--data", WorkerFolder, "--exchange", Exchange);

        Assert.Equal(0, await EndAsync(_programs.Worker, Steward, "studies", "list", "--data", WorkerFolder));
        Assert.Equal(Refused, await EndAsync(_programs.Worker, Gateway, "studies", "list", "--data", WorkerFolder));
        Assert.NotEqual(0, await EndAsync("/bin/ls", Steward, WorkerFolder));
        foreach (var hidden in (string[])["worker.key", "site.secret", "store.key", "worker.yaml", "policy.yaml", "audit.log", $"studies/{digest}.json"])
            Assert.NotEqual(0, await EndAsync("/bin/cat", Steward, Path.Combine(WorkerFolder, hidden)));
    }

    public async ValueTask DisposeAsync()
    {
        await _children.DisposeAsync();
        await _federation.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static bool IsPossible => OperatingSystem.IsLinux() && Environment.UserName == "root" && Child.PrivilegeTool is not null;

    private Task KnownToTheStewardAsync(string digest) => VerdictAsync(digest, StudyVerdict.Types.State.Pending);

    private async Task VerdictAsync(string digest, StudyVerdict.Types.State wanted)
    {
        var summaries = _federation.Admin.ReadAsync(admin => admin.WatchStudy(new WatchStudyRequest { Digest = digest }, cancellationToken: Cancel), Cancel);
        await foreach (var summary in summaries)
        {
            if (summary.Verdicts.All(verdict => verdict.State == wanted))
                return;
        }
    }

    private async Task<Child> StartAsync(string program, Account account, params string[] arguments)
    {
        var child = await _children.StartAsync(Specification(program, account, arguments));
        await child.Ready.WaitAsync(Cancel);
        return child;
    }

    private async Task<int> EndAsync(string program, Account account, params string[] arguments) =>
        await (await _children.StartAsync(Specification(program, account, arguments))).Ended.WaitAsync(Cancel);

    private ChildSpecification Specification(string program, Account account, string[] arguments) =>
        new(Path.GetFileName(program), program, arguments, LogOf(account, arguments[0]), Account: account);

    private string LogOf(Account account, string verb) => Path.Combine(_folder, "logs", $"{account.User}-{verb}.log");

    // The build's output folder holds links into root's own package cache, which no other account can follow.
    private string CopyFolderOf(string program)
    {
        var from = Path.GetDirectoryName(program)!;
        var to = Path.Combine(_folder, "programs", Path.GetFileName(program));
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return Path.Combine(to, Path.GetFileName(program));
    }

    private static Task MakeAsync(string folder, Account owner, string mode) =>
        RunAsync("/usr/bin/install", "-d", "-o", $"{owner.User}", "-g", $"{owner.Group}", "-m", mode, folder);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync(Cancel);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
