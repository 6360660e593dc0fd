using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Synth;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Synth;

/// <summary>
/// The same patients through every connector and along both paths: a feature never knows where an event came from, nor whether it is computed for
/// training or for one patient now.
/// </summary>
public sealed class OnePatientTests : IDisposable
{
    private const int Patients = 120;

    private static readonly Study s_study = StudyChecker.CheckYaml(File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/synthetic-hospitals.yaml"))).Study!;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Synthetic_patients_give_the_same_matrix_from_fhir_omop_and_csv()
    {
        var matrices = Enum.GetValues<SynthFormat>().ToDictionary(format => format, MatricesOf);

        Assert.True(matrices[SynthFormat.Fhir].Sum(matrix => matrix.Rows) > 200);
        Assert.Equal(matrices[SynthFormat.Fhir], matrices[SynthFormat.Omop]);
        Assert.Equal(matrices[SynthFormat.Fhir], matrices[SynthFormat.Csv]);
        Assert.Equal(4, matrices[SynthFormat.Fhir].Select(matrix => matrix.Fingerprint).Distinct().Count());
        foreach (var (site, rows, fingerprint) in matrices[SynthFormat.Fhir])
            TestContext.Current.SendDiagnosticMessage($"{site}: {rows} rows, {fingerprint} from fhir, omop and csv");
    }

    [Fact]
    public void Synthetic_patients_bundle_gives_the_same_vector_to_the_bit_as_the_training_matrix()
    {
        var compared = 0;
        foreach (var site in Make(SynthFormat.Fhir))
        {
            var source = Imported(site);
            var rows = ClinicalCohort.Of(s_study.Data, source, _ => false, TestContext.Current.CancellationToken).Rows.ToLookup(row => row.Patient);
            var bundles = Bundles(Path.Combine(site, "data"));
            foreach (var patient in rows)
            {
                var events = new PatientEvents();
                FhirBundle.Read(Encoding.UTF8.GetBytes(bundles[patient.Key]), events, source.Clock);
                var computer = new FeatureComputer(s_study.Data.Features, new SiteConcepts(events.Concepts, source.Concepts.Mapping), source.Clock);
                var vector = new double[computer.Width];
                foreach (var row in patient)
                {
                    computer.Compute(events.Timeline(), row.Prediction, vector);
                    Assert.Equal(row.Values.Select(BitConverter.DoubleToInt64Bits), vector.Select(BitConverter.DoubleToInt64Bits));
                    compared++;
                }
            }
        }

        Assert.True(compared > 200);
    }

    public void Dispose() => _folder.Dispose();

    private (string Site, int Rows, Sha256Digest Fingerprint)[] MatricesOf(SynthFormat format) =>
    [
        .. Make(format).Select(site =>
        {
            var cohort = ClinicalCohort.Of(s_study.Data, Imported(site), _ => false, TestContext.Current.CancellationToken);
            return (Path.GetFileName(site), cohort.Rows.Length, Secret.FingerprintOf(cohort.AppendTo));
        }),
    ];

    private static SiteSecret Secret => new(new byte[SiteSecret.Length]);

    // Of the faulty site too: what is planted there is the same in all three formats.
    private string[] Make(SynthFormat format)
    {
        var folder = _folder.Of(format.ToString());
        SynthRun.Run(new SynthOptions(4, Patients, Seed: 7, format, Gzip: false, FaultySite: 3, DriftSite: 4), folder, TestContext.Current.CancellationToken);
        return [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal)];
    }

    // As a site does it: by its map of datasets, into its store.
    private static ClinicalSource Imported(string site)
    {
        var events = new SiteEvents(new WorkerFolder(Path.Combine(site, "worker")), () => DatasetMap.ReadFile(Path.Combine(site, "datasets.yaml")), Secret, new StoreKey(new byte[32]), TimeProvider.System, _ => DecisionMark.None, (_, _) => true);
        events.Import(SiteFiles.Dataset, maximumRefusedShare: 0.05, TestContext.Current.CancellationToken);
        return events.Open(SiteFiles.Dataset);
    }

    private static string Here([CallerFilePath] string file = "") => file;

    private static Dictionary<string, string> Bundles(string folder)
    {
        var entries = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (var line in Directory.GetFiles(folder, "*.ndjson").Order(StringComparer.Ordinal).SelectMany(File.ReadLines))
        {
            JsonNode resource;
            try
            {
                resource = JsonNode.Parse(line)!;
            }
            catch (System.Text.Json.JsonException)
            {
                continue; // planted
            }

            var owner = resource["resourceType"]!.GetValue<string>() == "Patient" ? resource["id"]?.GetValue<string>() : resource["subject"]?["reference"]?.GetValue<string>()["Patient/".Length..];
            if (owner is null)
                continue;
            if (!entries.TryGetValue(owner, out var list))
                entries[owner] = list = [];
            list.Add($"{{\"resource\":{line}}}");
        }

        return entries.ToDictionary(entry => entry.Key, entry => $"{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{string.Join(',', entry.Value)}]}}");
    }
}
