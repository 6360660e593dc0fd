using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using FederatedClinicalMl.Cli.Synth;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Synth;

/// <summary>Drift that was planted is found where and when it was, and nowhere else.</summary>
public sealed class DriftTests
{
    private const int Patients = 2500;

    private static readonly Study s_study = StudyChecker.CheckYaml(
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/synthetic-hospitals.yaml"))).Study!;

    private static readonly Lazy<ImmutableArray<ClinicalRow>> s_drifting = new(() => Rows(site: 4));
    private static readonly Lazy<ImmutableArray<ClinicalRow>> s_steady = new(() => Rows(site: 1));

    [Fact]
    public void Drift_that_was_planted_is_found_at_its_features_from_its_day_on()
    {
        var rows = s_drifting.Value;

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
    public void Windows_of_one_check_find_drift_first_in_its_year_at_its_features_and_nowhere_else()
    {
        var check = Windows(s_drifting.Value);

        TestContext.Current.SendDiagnosticMessage(string.Join("; ", check.First.Select(first => $"{first.Subject} {first.Window}")));
        string[] planted = ["creatinine", "cholesterol", "obstructive-lung-disease"];
        Assert.Superset(planted.ToHashSet(StringComparer.Ordinal), check.First.Select(first => first.Subject).ToHashSet(StringComparer.Ordinal));
        Assert.All(check.First, first => Assert.True(planted.Contains(first.Subject) || first.Subject == "all numbers together", first.Subject));
        Assert.All(check.First.Where(first => planted.Contains(first.Subject)), first => Assert.Equal("2018", first.Window));
        Assert.All(check.First, first => Assert.True(string.CompareOrdinal(first.Window, "2018") >= 0, first.Window));
        Assert.True(check.Windows.Count(window => string.CompareOrdinal(window.Name, "2018") < 0) >= 2);
        Assert.Equal(check.Alpha, new DriftOptions().Alpha * AlphaSpending.Share(1));
    }

    [Fact]
    public void Windows_of_a_hospital_without_drift_do_not_alarm() => Assert.Empty(Windows(s_steady.Value).First);

    [Fact]
    public void Hospital_without_drift_does_not_alarm() => Assert.Empty(Alarms(s_steady.Value, new DateOnly(2018, 1, 1)));

    private static DriftTimeline Windows(ImmutableArray<ClinicalRow> rows) => StudyDrift.Windows(s_study, rows, new ClinicalClock(TimeZoneInfo.Utc), DriftPeriod.Year, from: null, check: 1);

    private static List<string> Alarms(ImmutableArray<ClinicalRow> rows, DateOnly from)
    {
        var reference = StudyDrift.Profile(s_study, StudyDrift.RowsOf([.. rows.Where(row => row.Prediction < Day(from))]));
        return [.. StudyDrift.Check(s_study, reference, StudyDrift.RowsOf([.. rows.Where(row => row.Prediction >= Day(from))]), check: 1).Alarms.Select(DriftReport.Name)];
    }

    private static ImmutableArray<ClinicalRow> Rows(int site)
    {
        using var temporary = new TemporaryFolder();
        var folder = temporary.Of($"site-{site}");
        SynthRun.Run(new SynthOptions(4, Patients, Seed: 1, SynthFormat.Fhir, Gzip: false, FaultySite: 3, DriftSite: 4), folder, TestContext.Current.CancellationToken);
        var path = Path.Combine(folder, $"site-{site}");
        var events = new SiteEvents(
            new WorkerFolder(Path.Combine(path, "worker")), () => DatasetMap.ReadFile(Path.Combine(path, "datasets.yaml")), new SiteSecret(new byte[SiteSecret.Length]), new StoreKey(new byte[32]), TimeProvider.System, _ => DecisionMark.None, (_, _) => true);
        events.Import(SiteFiles.Dataset, maximumRefusedShare: 0.05, TestContext.Current.CancellationToken);
        return ClinicalCohort.Of(s_study.Data, events.Open(SiteFiles.Dataset), _ => false, TestContext.Current.CancellationToken).Rows;
    }

    private static ClinicalTime Day(DateOnly day) => new ClinicalClock(TimeZoneInfo.Utc).StartOfDay(day);

    private static string Here([CallerFilePath] string file = "") => file;
}
