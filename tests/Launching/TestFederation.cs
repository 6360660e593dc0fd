using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Launching;

/// <summary>
/// Hospitals with generated rows and a coordinator, each program in a process of its own, and a study that all have approved: two hospitals and two plain rounds, unless a
/// fixture of its own says otherwise.
/// </summary>
public class TestFederation : IAsyncLifetime
{
    internal const string Study = """
        protocol: 1
        name: two-rounds
        title: Two rounds over generated rows
        purpose: Show that the machinery keeps its promises
        ethics: Generated rows, nobody's
        data:
          dataset: heart-disease
          features:
            - {name: age, unit: a, range: [18, 110], missing: mean}
            - {name: cp, type: category, levels: [1, 2, 3, 4], missing: no-level}
            - {name: thalach, unit: "{beats}/min", range: [40, 230], missing: mean}
            - {name: oldpeak, unit: mm, range: [-5, 10], missing: mean}
          label: {name: num, above: 0}
          split: {test: 0.3, seed: 1}
        model: {kind: logistic-regression}
        training: {optimizer: sgd, learning-rate: 0.1, batch-size: 16, local-epochs: 1, seed: 1}
        federation:
          strategy: fedavg
          rounds: 2
          sites: [cleveland, hungarian]
          quorum: 2
          deadline: 10m
          attempts: 3
          weighting: rows
          aggregation: plain
          encoding: {fixed: {bits: 32, range: 8}}
        evaluation: {every: 1, per-site: true}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-").FullName;
    private readonly Dictionary<string, string> _approved = []; // digests by the studies' texts
    private readonly Dictionary<string, RunState> _undisturbed = []; // by the studies' digests
    private readonly string _study;
    private readonly string[] _sites;
    private readonly string _privacy;

    public TestFederation()
        : this(Study, ["cleveland", "hungarian"])
    {
    }

    /// <summary>A fixture of its own.</summary>
    /// <param name="study">The study.</param>
    /// <param name="sites">The hospitals, some of those of <see cref="SyntheticHearts"/>.</param>
    /// <param name="privacy">What the policies let be spent, as the value of their key.</param>
    protected TestFederation(string study, string[] sites, string privacy = "none") => (_study, _sites, _privacy) = (study, sites, privacy);

    internal LocalFederation Federation { get; private set; } = null!;

    /// <summary>Digest of the study, which all sites have approved.</summary>
    internal string Digest { get; private set; } = "";

    /// <summary>Folder with the sites' files.</summary>
    internal string Data => Path.Combine(_folder, "data");

    /// <summary>Whether the workers run in empty network namespaces.</summary>
    internal static bool WithoutNetwork { get; } = OperatingSystem.IsLinux() && Environment.UserName == "root" && File.Exists("/usr/bin/unshare");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Federation = new LocalFederation(Path.Combine(_folder, "f"), TimeProvider.System, Programs()) { Telemetry = await TelemetryAsync(), HasDashboard = HasDashboard };
        Directory.CreateDirectory(Data);
        var tables = SyntheticHearts.Generate(1).Select(hospital => hospital.Table).Where(table => _sites.Contains(table.Site)).ToList();
        foreach (var table in tables)
            table.WriteCsv(FileOf(table.Site));
        var policy = PolicyReader.Default.Replace("maximum-rounds: 200", "maximum-rounds: 5000", StringComparison.Ordinal) // many runs of one study
            .Replace("privacy: none", $"privacy: {_privacy}", StringComparison.Ordinal);
        await Federation.StartAsync([.. tables.Select(table => new LocalSiteSettings(table.Site, $$"""
            datasets:
              heart-disease: {path: '{{FileOf(table.Site)}}', format: csv}
            """, table.Site == "cleveland" ? policy.Replace("per-site-metrics: withhold", "per-site-metrics: release", StringComparison.Ordinal) : policy))], Cancel, WithoutNetwork);
        Digest = await ApproveAsync(_study);
    }

    /// <summary>Whether the coordinator serves pages.</summary>
    protected virtual bool HasDashboard => false;

    /// <summary>What coordinator and gateways are told to tell of themselves.</summary>
    protected virtual Task<string[]> TelemetryAsync() => Task.FromResult<string[]>([]);

    /// <summary>Has all sites approve a study, the first time it is asked for; gives its digest.</summary>
    internal async Task<string> ApproveAsync(string yaml)
    {
        if (!_approved.TryGetValue(yaml, out var digest))
            _approved.Add(yaml, digest = await Federation.ApproveEverywhereAsync(yaml, StudyChecker.CheckYaml(yaml).Study!, Cancel));
        return digest;
    }

    /// <summary>The end of a run of an approved study that nothing befell, made the first time it is asked for.</summary>
    internal async Task<RunState> UndisturbedAsync(string digest)
    {
        if (!_undisturbed.TryGetValue(digest, out var state))
        {
            _undisturbed.Add(digest, state = (await FollowAsync(await Federation.StartRunAsync(digest, Cancel))).State);
            Assert.Equal(RunStatus.Registered, state.Status);
        }

        return state;
    }

    /// <summary>Follows a run from its first event to its last.</summary>
    internal Task<RunView> FollowAsync(string run) => WatchVerb.FollowAsync(Federation.Admin, run, Cli.Terminal.Silent, Cancel);

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Federation.DisposeAsync();
        if (TestContext.Current.CancellationToken.IsCancellationRequested)
            return;
        Directory.Delete(_folder, recursive: true);
    }

    // The tests' own output folder has copies without what each program needs beside it: the built programs are what is tested.
    internal static Executables Programs()
    {
        if (Environment.GetEnvironmentVariable("FCML_PROGRAMS") is { Length: > 0 } installed)
            return Executables.Find(Path.Combine(Path.GetFullPath(installed), "fcml"));
        var here = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return Executables.Find(Path.GetFullPath(Path.Combine(here, "..", "..", "Cli", Path.GetFileName(here))));
    }

    private string FileOf(string site) => Path.Combine(Data, $"{site}.csv");
}
