using System.Text.Json.Nodes;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Cli.Launching;

/// <summary>One hospital of a <see cref="LocalFederation"/>: its folders, its worker and its gateway, each of which may be killed and started again.</summary>
internal sealed class LocalSite(string name, string folder, string logs, Executables programs, ChildGroup group)
{
    private const string Steward = "steward";

    /// <summary>The site's name.</summary>
    public string Name => name;

    /// <summary>The worker's own folder: keys, policy, audit log.</summary>
    public string WorkerFolder => Path.Combine(folder, "worker");

    /// <summary>The gateway's own folder: TLS identity and logs.</summary>
    public string GatewayFolder => Path.Combine(folder, "gateway");

    /// <summary>What passes between the two.</summary>
    public string Exchange => Path.Combine(folder, "exchange");

    /// <summary>The running worker; null before <see cref="StartWorkerAsync"/>.</summary>
    public Child? Worker { get; private set; }

    /// <summary>The running gateway; null before <see cref="StartGatewayAsync"/>.</summary>
    public Child? Gateway { get; private set; }

    private string Socket
    {
        get
        {
            var path = Path.Combine(Exchange, ExchangePaths.Socket);
            return OperatingSystem.IsWindows() ? $@"\\.\pipe\{WorkerHost.PipeName(path)}" : path;
        }
    }

    /// <summary>Makes the worker's folder.</summary>
    /// <param name="datasets">The map of datasets, as in docs/reference/datasets.md.</param>
    /// <param name="policy">The site's policy; null: the default.</param>
    /// <param name="cancel">Stops.</param>
    public async Task InitialiseAsync(string datasets, string? policy, CancellationToken cancel)
    {
        foreach (var directory in (string[])[ExchangePaths.Incoming, ExchangePaths.Outgoing])
            Directory.CreateDirectory(Path.Combine(Exchange, directory));
        Directory.CreateDirectory(GatewayFolder);
        await WorkerVerbAsync(["init", "--site", name], cancel);
        await File.WriteAllTextAsync(Path.Combine(WorkerFolder, "datasets.yaml"), datasets, cancel);
        if (policy is not null)
            await File.WriteAllTextAsync(Path.Combine(WorkerFolder, "policy.yaml"), policy, cancel);
    }

    /// <summary>Whether the worker starts in an empty network namespace, as its systemd unit makes it (Linux, as root).</summary>
    public bool WorkerWithoutNetwork { get; set; }

    /// <summary>What the gateway is told to tell of itself, as arguments.</summary>
    public IReadOnlyList<string> Telemetry { get; init; } = [];

    /// <summary>Starts the worker and waits until it answers.</summary>
    public async Task StartWorkerAsync(CancellationToken cancel, IReadOnlyDictionary<string, string>? environment = null)
    {
        Worker = await group.StartAsync(new ChildSpecification(
            $"site-worker of {name}", programs.Worker, ["run", "--data", WorkerFolder, "--exchange", Exchange], Log("worker"), environment,
            WithoutNetwork: WorkerWithoutNetwork));
        await Worker.Ready.WaitAsync(cancel);
    }

    /// <summary>Redeems an invitation; the worker must run.</summary>
    public Task EnrolAsync(string invitation, CancellationToken cancel) => RunAsync(
        programs.Gateway, "site-agent enrol", ["enrol", "--invitation", invitation, "--data", GatewayFolder, "--worker-socket", Socket], "enrol", cancel);

    /// <summary>Starts the gateway and waits until the coordinator has let it in.</summary>
    public async Task StartGatewayAsync(CancellationToken cancel, IReadOnlyDictionary<string, string>? environment = null)
    {
        Gateway = await group.StartAsync(new ChildSpecification(
            $"site-agent of {name}", programs.Gateway, ["run", "--data", GatewayFolder, "--exchange", Exchange, "--worker-socket", Socket, .. Telemetry], Log("gateway"), environment));
        await Gateway.Ready.WaitAsync(cancel);
    }

    /// <summary>Starts the steward's console; gives the link that opens it once. It is not a service of the federation: where it ends, the rest goes on.</summary>
    /// <returns>null where the program is not installed.</returns>
    public async Task<string?> StartConsoleAsync(CancellationToken cancel)
    {
        if (programs.Console is not { } program || OperatingSystem.IsWindows())
            return null;
        var console = await group.StartAsync(new ChildSpecification($"site-console of {name}", program, ["run", "--folder", WorkerFolder], Log("console")));
        await console.Ready.WaitAsync(cancel);
        return (string?)JsonNode.Parse(console.Said)!["link"];
    }

    /// <summary>Whether <see cref="StartScoringAsync"/> finds its program.</summary>
    public bool HasScoring => programs.Scoring is not null;

    /// <summary>Starts the hospital's scoring program over the worker's shelf, on a free port, with one caller.</summary>
    /// <exception cref="InvalidOperationException">Its program is not installed.</exception>
    public async Task<LocalScoring> StartScoringAsync(CancellationToken cancel)
    {
        var program = programs.Scoring ?? throw new InvalidOperationException("site-scoring is not installed.");
        var (own, serving) = (Path.Combine(folder, "scoring"), Path.Combine(WorkerFolder, "serving"));
        Directory.CreateDirectory(own);
        await File.WriteAllTextAsync(Path.Combine(own, "scoring.yaml"), $"site: {name}\nserving: '{serving.Replace("'", "''", StringComparison.Ordinal)}'\nlisten: 127.0.0.1:0\ntime-zone: UTC\n", cancel);
        await RunAsync(program, "site-scoring init", ["init", "--data", own, "--site", name, "--serving", serving], "scoring", cancel);
        var key = (await RunAsync(program, "site-scoring keys", ["keys", "add", "demo", "--data", own], "scoring", cancel)).Split(' ')[^1];
        var scoring = await group.StartAsync(new ChildSpecification($"site-scoring of {name}", program, ["run", "--data", own], Log("scoring")));
        await scoring.Ready.WaitAsync(cancel);
        return new LocalScoring(own, new Uri((string)JsonNode.Parse(scoring.Said)!["address"]!), key);
    }

    /// <summary>Approves a study as the site's steward.</summary>
    public Task ApproveAsync(string digest, string note, CancellationToken cancel) =>
        WorkerVerbAsync(["studies", "approve", digest, "--steward", Steward, "--note", note], cancel);

    /// <summary>The fingerprint of this site's worker key, as its worker says it; the worker must run.</summary>
    public async Task<string> FingerprintAsync(CancellationToken cancel) =>
        MembersReply.Parser.ParseJson(await WorkerVerbAsync(["members", "show", "--json"], cancel)).Fingerprint;

    /// <summary>Confirms the worker key of another site, as this site's steward.</summary>
    public Task ConfirmMemberAsync(string other, string fingerprint, CancellationToken cancel) =>
        WorkerVerbAsync(["members", "confirm", other, fingerprint, "--steward", Steward, "--note", "local federation"], cancel);

    /// <summary>Approves the mapping of a dataset's own codes and units, as the site's steward; the worker must run.</summary>
    public async Task ApproveMappingAsync(string dataset, CancellationToken cancel)
    {
        var shown = MappingReply.Parser.ParseJson(await WorkerVerbAsync(["data", "mapping", dataset, "--json"], cancel));
        if (!shown.InUse)
            await WorkerVerbAsync(["data", "mapping", dataset, "--approve", shown.Digest, "--steward", Steward], cancel);
    }

    /// <summary>Imports what is new in a dataset's export, as the site's steward; the worker must run.</summary>
    public async Task<DataImport> ImportAsync(string dataset, CancellationToken cancel) =>
        DataImport.Parser.ParseJson(await WorkerVerbAsync(["data", "import", dataset, "--steward", Steward, "--json"], cancel));

    /// <summary>Verifies the worker's log; gives what the verb says.</summary>
    public Task<string> VerifyAuditAsync(CancellationToken cancel) => WorkerVerbAsync(["audit", "verify"], cancel);

    /// <summary>Checks the quality of a dataset's events and writes the report; whether it passed its gate.</summary>
    public async Task<bool> CheckQualityAsync(string dataset, string html, CancellationToken cancel)
    {
        const int KeptOut = 1;
        var child = await group.StartAsync(new ChildSpecification(
            $"site-worker quality of {name}", programs.Worker, ["quality", "check", dataset, "--html", html, "--data", WorkerFolder], Log("quality")));
        if (await child.Ended.WaitAsync(cancel) == KeptOut)
            return false;
        await child.SucceedAsync(cancel);
        return true;
    }

    /// <summary>Runs a verb of <c>site-worker</c> on this site's folder; gives its last line on standard output.</summary>
    /// <exception cref="CliException">It ended with another exit code than 0; the message holds its last words.</exception>
    public Task<string> WorkerVerbAsync(IReadOnlyList<string> words, CancellationToken cancel) =>
        RunAsync(programs.Worker, $"site-worker {words[0]}", [.. words, "--data", WorkerFolder], words[0], cancel);

    private async Task<string> RunAsync(string program, string verb, IReadOnlyList<string> arguments, string log, CancellationToken cancel)
    {
        var child = await group.StartAsync(new ChildSpecification($"{verb} of {name}", program, arguments, Log(log)));
        await child.SucceedAsync(cancel);
        return child.Said;
    }

    private string Log(string of) => Path.Combine(logs, $"{name}-{of}.log");
}

/// <summary>A hospital's running scoring program.</summary>
/// <param name="Folder">Its own folder.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="Key">The bearer key of its one caller.</param>
internal sealed record LocalScoring(string Folder, Uri Address, string Key);
