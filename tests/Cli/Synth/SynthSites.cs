using System.Runtime.CompilerServices;
using FederatedClinicalMl.Cli.Synth;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Synth;

/// <summary>Synthetic hospitals as files, and what their sites make of them: by the map of datasets, into the store.</summary>
internal static class SynthSites
{
    /// <summary>File of the study that the documentation publishes for these hospitals.</summary>
    public static string StudyFile { get; } = Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/synthetic-hospitals.yaml");

    public static Study Study { get; } = StudyChecker.CheckYaml(File.ReadAllText(StudyFile)).Study!;

    public static SiteSecret Secret { get; } = new(new byte[SiteSecret.Length]);

    /// <summary>Makes four hospitals, faults at the third and drift at the fourth.</summary>
    /// <returns>The folder of each, in order.</returns>
    public static string[] Make(string folder, int patients, long seed, SynthFormat format = SynthFormat.Fhir)
    {
        SynthRun.Run(new SynthOptions(4, patients, seed, format, Gzip: false, FaultySite: 3, DriftSite: 4), folder, TestContext.Current.CancellationToken);
        return [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal)];
    }

    public static ClinicalSource Imported(string site)
    {
        var events = new SiteEvents(
            new WorkerFolder(Path.Combine(site, "worker")), () => DatasetMap.ReadFile(Path.Combine(site, "datasets.yaml")), Secret, new StoreKey(new byte[32]), TimeProvider.System, _ => DecisionMark.None, (_, _) => true);
        events.Import(SiteFiles.Dataset, maximumRefusedShare: 0.05, TestContext.Current.CancellationToken);
        return events.Open(SiteFiles.Dataset);
    }

    public static ClinicalCohort CohortOf(string site) => ClinicalCohort.Of(Study.Data, Imported(site), _ => false, TestContext.Current.CancellationToken);

    private static string Here([CallerFilePath] string file = "") => file;
}
