using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using FederatedClinicalMl.Cli.Synth;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Synth;

/// <summary>Drift that was planted is found where and when it was, and nowhere else.</summary>
public sealed class DriftTests : IDisposable
{
    private const int Patients = 2500;

    private static readonly Study s_study = StudyChecker.CheckYaml(
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/synthetic-hospitals.yaml"))).Study!;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Drift_that_was_planted_is_found_at_its_features_from_its_day_on()
    {
        var rows = Rows(site: 4);

        var found = Alarms(rows, new DateOnly(2018, 1, 1));
        var before = Alarms([.. rows.Where(row => row.Prediction < Day(new DateOnly(2018, 1, 1)))], new DateOnly(2016, 1, 1));

        TestContext.Current.SendDiagnosticMessage($"from 2018-01-01: {string.Join(", ", found)}");
        Assert.Empty(before);
        Assert.Contains(found, name => name.Contains("creatinine", StringComparison.Ordinal));
        Assert.Contains(found, name => name.Contains("cholesterol", StringComparison.Ordinal));
        Assert.Contains(found, name => name.Contains("obstructive-lung-disease", StringComparison.Ordinal));
        Assert.All(found, name => Assert.True(
            name.Contains("creatinine", StringComparison.Ordinal) || name.Contains("cholesterol", StringComparison.Ordinal) || name.Contains("obstructive-lung-disease", StringComparison.Ordinal)
            || name.StartsWith("all numbers", StringComparison.Ordinal), name));
    }

    [Fact]
    public void Hospital_without_drift_does_not_alarm() => Assert.Empty(Alarms(Rows(site: 1), new DateOnly(2018, 1, 1)));

    public void Dispose() => _folder.Dispose();

    private static List<string> Alarms(ImmutableArray<ClinicalRow> rows, DateOnly from)
    {
        var reference = StudyDrift.Profile(s_study, RowsOf(rows.Where(row => row.Prediction < Day(from))));
        return [.. StudyDrift.Check(s_study, reference, RowsOf(rows.Where(row => row.Prediction >= Day(from))), check: 1).Alarms.Select(DriftReport.Name)];
    }

    private ImmutableArray<ClinicalRow> Rows(int site)
    {
        var folder = _folder.Of($"site-{site}");
        SynthRun.Run(new SynthOptions(4, Patients, Seed: 1, SynthFormat.Fhir, Gzip: false, FaultySite: 3, DriftSite: 4), folder, TestContext.Current.CancellationToken);
        var path = Path.Combine(folder, $"site-{site}");
        var events = new SiteEvents(
            new WorkerFolder(Path.Combine(path, "worker")), () => DatasetMap.ReadFile(Path.Combine(path, "datasets.yaml")), new SiteSecret(new byte[SiteSecret.Length]), new StoreKey(new byte[32]), TimeProvider.System, _ => DecisionMark.None, (_, _) => true);
        events.Import(SiteFiles.Dataset, maximumRefusedShare: 0.05, TestContext.Current.CancellationToken);
        return ClinicalCohort.Of(s_study.Data, events.Open(SiteFiles.Dataset), _ => false, TestContext.Current.CancellationToken).Rows;
    }

    private static CohortRows RowsOf(IEnumerable<ClinicalRow> rows) => new([.. rows.SelectMany(row => row.Values)], [.. rows.Select(row => row.Positive ? 1f : 0f)]);

    private static ClinicalTime Day(DateOnly day) => new ClinicalClock(TimeZoneInfo.Utc).StartOfDay(day);

    private static string Here([CallerFilePath] string file = "") => file;
}
