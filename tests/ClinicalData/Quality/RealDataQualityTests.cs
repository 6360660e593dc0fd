using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData.Quality;

/// <summary>Realistic data pass the gate as they are; what is known to be amiss in them is found.</summary>
public sealed class RealDataQualityTests
{
    [Fact]
    public void Synthea_fails_no_rule_that_keeps_out()
    {
        var report = Check(new FhirBulkSource(SharedData.Folder("synthea-fhir-r4"), Chart.Clock, FhirLimits.Default));

        Assert.Equal((615, 136_939), (report.Patients, report.Events));
        Assert.Empty(report.Failing(StudyQuality.Default).Select(result => result.Rule.Id));
        Assert.Equal(5, report.Results.Single(result => result.Rule.Id == "before-birth").Failed);
    }

    [Fact]
    public void Gibleed_fails_no_rule_that_keeps_out_and_its_observations_have_no_values()
    {
        var report = Check(OmopSource.OpenFolder(SharedData.Folder("omop-gibleed"), OmopOptions.None, Chart.Clock));

        Assert.Equal(2_694, report.Patients);
        Assert.Empty(report.Failing(StudyQuality.Default).Select(result => result.Rule.Id));
        Assert.Equal(QualityVerdict.Failed, report.Results.Single(result => result.Rule.Id == "missing-value").Verdict);
    }

    private static QualityReport Check(IEventSource export)
    {
        using var folder = new TemporaryFolder();
        var store = new EventStore(new FileDisk(folder.Of("store")), Ward.Key, TimeProvider.System);
        store.Import(export, new ImportLimits(0.01), TestContext.Current.CancellationToken);
        var snapshot = store.Snapshot();
        var source = new ClinicalSource(snapshot, new SiteConcepts(snapshot.Concepts, SiteMapping.Empty), Chart.Clock);
        var started = TimeProvider.System.GetTimestamp();
        var report = QualityCheck.Of(source, new QualityScope(null, SiteQuality.None), _ => false, 0, TestContext.Current.CancellationToken).Report;
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant($"{report.Events} events in {TimeProvider.System.GetElapsedTime(started).TotalSeconds:F2} s"));
        foreach (var result in report.Results.Where(result => result.Failed > 0))
            TestContext.Current.TestOutputHelper?.WriteLine($"{result.Rule.Id}: {result.Failed} of {result.Checked}, {result.Verdict}");
        return report;
    }
}
