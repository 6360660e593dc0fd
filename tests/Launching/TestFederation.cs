using FederatedClinicalMl.Cli.Demo;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Launching;

/// <summary>
/// Two hospitals with generated rows and a coordinator, each program in a process of its own, and a study of two rounds that both have approved.
/// </summary>
public sealed class TestFederation : IAsyncLifetime
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

    internal LocalFederation Federation { get; private set; } = null!;

    /// <summary>Digest of <see cref="Study"/>, which both sites have approved.</summary>
    internal string Digest { get; private set; } = "";

    /// <summary>Folder with the sites' files.</summary>
    internal string Data => Path.Combine(_folder, "data");

    /// <summary>Whether the workers run in empty network namespaces.</summary>
    internal static bool WithoutNetwork { get; } = OperatingSystem.IsLinux() && Environment.UserName == "root" && File.Exists("/usr/bin/unshare");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Federation = new LocalFederation(Path.Combine(_folder, "f"), TimeProvider.System, Programs());
        Directory.CreateDirectory(Data);
        var tables = SyntheticHearts.Generate(1).Select(hospital => hospital.Table).Where(table => table.Site is "cleveland" or "hungarian").ToList();
        foreach (var table in tables)
            table.WriteCsv(FileOf(table.Site));
        var policy = PolicyReader.Default.Replace("maximum-rounds: 200", "maximum-rounds: 5000", StringComparison.Ordinal); // many runs of one study
        await Federation.StartAsync([.. tables.Select(table => new LocalSiteSettings(table.Site, $$"""
            datasets:
              heart-disease: {path: '{{FileOf(table.Site)}}', format: csv}
            """, table.Site == "cleveland" ? policy.Replace("per-site-metrics: withhold", "per-site-metrics: release", StringComparison.Ordinal) : policy))], Cancel, WithoutNetwork);
        Digest = await Federation.ApproveEverywhereAsync(Study, StudyChecker.CheckYaml(Study).Study!, Cancel);
    }

    /// <summary>Follows a run from its first event to its last.</summary>
    internal Task<RunView> FollowAsync(string run) => WatchVerb.FollowAsync(Federation.Admin, run, Cli.Terminal.Silent, Cancel);

    public async ValueTask DisposeAsync()
    {
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
