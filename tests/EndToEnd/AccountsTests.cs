using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.Cli.Enrolment;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.EndToEnd;

/// <summary>
/// A site as the hospital's how-to sets it up: gateway and worker under two accounts that share a group for the exchange folders, scoring under a third. Needs root, to
/// start programs under other accounts.
/// </summary>
public sealed class AccountsTests : IAsyncLifetime
{
    private const int Refused = 3; // site-worker: the worker does not answer on its steward socket
    private const uint Group = 64_100;

    private static readonly Account Gateway = new(64_101, Group);
    private static readonly Account Worker = new(64_102, Group);
    private static readonly Account Steward = new(64_103, 64_103);
    private static readonly Account Scoring = new(64_104, 64_104);

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
        var worker = await SetUpAsync();

        Assert.Equal(0, await EndAsync(_programs.Gateway, Gateway, "doctor", "--data", GatewayFolder, "--exchange", Exchange, "--worker-socket", Socket)); // no warning either
        var digest = await SubmitAsync(Alone);

        // The folder's mode keeps the gateway's account out; with the door open, the worker asks the operating system who has come in.
        Assert.Equal(Refused, await EndAsync(_programs.Worker, Gateway, "studies", "list", "--data", WorkerFolder));
        await RunAsync("/bin/chmod", "0711", WorkerFolder);
        await RunAsync("/bin/chmod", "0666", Path.Combine(WorkerFolder, "steward.sock"));
        Assert.Equal(Refused, await EndAsync(_programs.Worker, Gateway, "studies", "approve", digest, "--data", WorkerFolder, "--steward", "gateway"));
        await RunAsync("/bin/chmod", "0700", WorkerFolder);
        Assert.Contains($"steward.sock from uid {Gateway.User}", await File.ReadAllTextAsync(LogOf(Worker, "run"), Cancel), StringComparison.Ordinal);

        Assert.Equal(RunStatus.Registered, (await ApproveAndRunAsync(digest)).Status);

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

    /// <summary>Scoring as the hospital's how-to sets it up, with a certificate, for callers on other machines.</summary>
    [Fact(Timeout = 180_000)]
    public async Task Scoring_answers_by_HTTPS_under_an_account_of_its_own_that_shares_one_folder_with_the_workers_and_reads_nothing_else()
    {
        var worker = await SetUpAsync();
        var (serving, scoring) = (Path.Combine(_folder, "serving"), Path.Combine(_folder, "scoring"));
        var program = CopyFolderOf(RunningScoring.Program);
        await MakeAsync(serving, new Account(0, 0), "0755");
        await MakeAsync(Path.Combine(serving, ServingPaths.ToScoring), Worker with { Group = Scoring.Group }, "2750");
        await MakeAsync(Path.Combine(serving, ServingPaths.FromScoring), Scoring with { Group = Worker.Group }, "2750");
        await MakeAsync(scoring, Scoring, "0700");
        await worker.KillAsync();
        var configuration = Path.Combine(WorkerFolder, "worker.yaml");
        await File.WriteAllTextAsync(configuration, (await File.ReadAllTextAsync(configuration, Cancel)).Replace("serving-folder: own", $"serving-folder: '{serving}'", StringComparison.Ordinal), Cancel);
        await StartAsync(_programs.Worker, Worker, "run", "--data", WorkerFolder, "--exchange", Exchange);
        var model = (await ApproveAndRunAsync(await SubmitAsync(Lenient))).Model!.Value;
        var signer = ModelManifest.Read(await File.ReadAllBytesAsync(Path.Combine(_federation.CoordinatorFolder, "models", $"{model}", ModelFileNames.Manifest), Cancel)).Key.Fingerprint;
        Assert.Equal(0, await EndAsync(_programs.Worker, Worker, "models", "allow", "two-rounds", "--signer", $"{signer}", "--modes", "production", "--data", WorkerFolder, "--steward", "steward"));
        await ToProductionAsync(model);
        var shelf = Path.Combine(serving, ServingPaths.Shelf);
        await FileSignal.UntilAsync(shelf, () => File.Exists(shelf) && Shelf.Read(File.ReadAllBytes(shelf)).Lines.Any(line => line.Serves.Production is not null), Cancel);

        Assert.Equal(0, await EndAsync(program, Scoring, "init", "--data", scoring, "--site", "cleveland", "--serving", serving));
        using var certificate = await CertifyAsync(scoring);
        var yaml = Path.Combine(scoring, "scoring.yaml");
        await File.WriteAllTextAsync(yaml, (await File.ReadAllTextAsync(yaml, Cancel)).Replace("listen: 127.0.0.1:8630", "listen: 127.0.0.1:0\ncertificate: scoring.pfx\ncertificate-password-file: scoring.pfx.password", StringComparison.Ordinal), Cancel);
        var keys = await _children.StartAsync(Specification(program, Scoring, ["keys", "add", "ehr", "--data", scoring]));
        Assert.Equal(0, await keys.Ended.WaitAsync(Cancel));
        var running = await StartAsync(program, Scoring, "run", "--data", scoring);
        var address = new Uri((string)JsonNode.Parse(running.Said)!["address"]!);

        using var trusting = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, shown, _, _) => shown?.Thumbprint == certificate.Thumbprint };
        using var ehr = new HttpClient(trusting) { BaseAddress = address };
        ehr.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(LogOf(Scoring, "keys"), Cancel)).Split((char[])['\n', ' '], StringSplitOptions.RemoveEmptyEntries)[^1].Trim());
        Assert.Equal("https", address.Scheme);
        var answer = await ehr.PostAsJsonAsync("v1/models/two-rounds/score", new JsonObject { ["patient"] = "p1", ["features"] = new JsonObject { ["age"] = 61 } }, Cancel);
        var said = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
        Assert.Equal(("1.0.0", $"{model}"), ((string?)said["version"], (string?)said["model"]));
        Assert.InRange((double)said["score"]!, 0, 1);
        using var strict = new HttpClient(); // which trusts this machine's authorities, and so not this certificate
        await Assert.ThrowsAsync<HttpRequestException>(() => strict.GetAsync(new Uri(address, "health/live"), Cancel));
        await Assert.ThrowsAsync<HttpRequestException>(() => strict.GetAsync(new UriBuilder(new Uri(address, "health/live")) { Scheme = "http" }.Uri, Cancel));

        foreach (var hidden in (string[])["worker.key", "site.secret", "worker.yaml", "audit.log"])
            Assert.NotEqual(0, await EndAsync("/bin/cat", Scoring, Path.Combine(WorkerFolder, hidden)));
        Assert.NotEqual(0, await EndAsync("/bin/cat", Scoring, Path.Combine(_folder, "rows.csv")));
        Assert.NotEqual(0, await EndAsync("/usr/bin/touch", Scoring, Path.Combine(serving, ServingPaths.ToScoring, "planted")));
        Assert.NotEqual(0, await EndAsync("/usr/bin/touch", Worker, Path.Combine(serving, ServingPaths.FromScoring, "planted")));
        foreach (var account in (Account[])[Worker, Gateway])
        {
            foreach (var hidden in (string[])["scoring.key", "clients.yaml", "scoring.pfx", "scoring.pfx.password"])
                Assert.NotEqual(0, await EndAsync("/bin/cat", account, Path.Combine(scoring, hidden)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _children.DisposeAsync();
        await _federation.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static bool IsPossible => OperatingSystem.IsLinux() && Environment.UserName == "root" && Child.PrivilegeTool is not null;

    private static string Alone => TestFederation.Study.Replace("sites: [cleveland, hungarian]", "sites: [cleveland]", StringComparison.Ordinal).Replace("quorum: 2", "quorum: 1", StringComparison.Ordinal);

    private static string Lenient => Alone.Replace("evaluation: {every: 1, per-site: true}", "evaluation: {every: 1, gates: {baseline: 0, margin: 0.9, least-slope: 0, greatest-slope: 100, in-the-large: 1, ece: 1}}", StringComparison.Ordinal);

    // Worker and gateway run, and the site is enrolled.
    private async Task<Child> SetUpAsync()
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
        var invited = await InviteAsync(Subject.Types.Kind.Site, Subject.Types.Role.Site, "cleveland");
        Assert.Equal(0, await EndAsync(_programs.Gateway, Gateway, "enrol", "--invitation", invited, "--data", GatewayFolder, "--worker-socket", Socket));
        await StartAsync(_programs.Gateway, Gateway, "run", "--data", GatewayFolder, "--exchange", Exchange, "--worker-socket", Socket);
        return worker;
    }

    private async Task<string> InviteAsync(Subject.Types.Kind kind, Subject.Types.Role role, string name) =>
        (await _federation.Admin.AskAsync(admin => admin.InviteAsync(new InviteRequest { Subject = new Subject { Kind = kind, Role = role, Name = name }, ValidHours = 1 }, cancellationToken: Cancel), Cancel)).Invitation;

    private async Task<string> SubmitAsync(string yaml)
    {
        var digest = await SubmitVerb.SubmitAsync(_federation.Admin, yaml, StudyChecker.CheckYaml(yaml).Study!, Cancel);
        await KnownToTheStewardAsync(digest);
        return digest;
    }

    private async Task<RunState> ApproveAndRunAsync(string digest)
    {
        Assert.Equal(0, await EndAsync(_programs.Worker, Worker, "studies", "approve", digest, "--data", WorkerFolder, "--steward", "steward"));
        await VerdictAsync(digest, StudyVerdict.Types.State.Approved);
        return (await WatchVerb.FollowAsync(_federation.Admin, await _federation.StartRunAsync(digest, Cancel), Cli.Terminal.Silent, Cancel)).State;
    }

    private async Task ToProductionAsync(Sha256Digest model)
    {
        var clinician = Path.Combine(_folder, "clinician");
        using var identity = await EnrolCommand.RedeemAsync(await InviteAsync(Subject.Types.Kind.Person, Subject.Types.Role.Clinician, "grace"), clinician, TimeProvider.System, Cancel);
        await FcmlAsync(_federation.AdminIdentity, "confirm", $"{model}", "--as", "1.0.0");
        foreach (var stage in (string[])["staging", "production"])
        {
            await FcmlAsync(_federation.AdminIdentity, "promote", "two-rounds", "1.0.0", "--to", stage);
            foreach (var person in (string[])[_federation.AdminIdentity, clinician])
                await FcmlAsync(person, "agree", "two-rounds", "1.0.0", "--to", stage, "--reason", "Looked at it");
        }

        static async Task FcmlAsync(string identity, params string[] words) => Assert.Equal(0, await FcmlCommand.RunAsync(["models", .. words, "--identity", identity], TimeProvider.System));
    }

    // A certificate of its own for 127.0.0.1, in files for the scoring account alone.
    private static async Task<X509Certificate2> CertifyAsync(string folder)
    {
        const string Password = "made in a test";
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=scoring", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await File.WriteAllBytesAsync(Path.Combine(folder, "scoring.pfx"), certificate.Export(X509ContentType.Pfx, Password), Cancel);
        await File.WriteAllTextAsync(Path.Combine(folder, "scoring.pfx.password"), Password + "\n", Cancel);
        foreach (var secret in (string[])["scoring.pfx", "scoring.pfx.password"])
        {
            await RunAsync("/bin/chown", Scoring.User.ToString(CultureInfo.InvariantCulture), Path.Combine(folder, secret));
            await RunAsync("/bin/chmod", "0600", Path.Combine(folder, secret));
        }

        return certificate;
    }

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
