using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData.Quality;

/// <summary>Realistic data pass the gate as they are.</summary>
public sealed class SyntheaQualityTests
{
    [Fact]
    public void Synthea_fails_no_rule_that_keeps_out()
    {
        using var folder = new TemporaryFolder();
        var store = new EventStore(new FileDisk(folder.Of("store")), Ward.Key, TimeProvider.System);
        store.Import(new FhirBulkSource(SharedData.Folder("synthea-fhir-r4"), Chart.Clock, FhirLimits.Default), new ImportLimits(0.01), TestContext.Current.CancellationToken);
        var snapshot = store.Snapshot();
        var source = new ClinicalSource(snapshot, new SiteConcepts(snapshot.Concepts, SiteMapping.Empty), Chart.Clock);
        var started = TimeProvider.System.GetTimestamp();

        var report = QualityCheck.Of(source, new QualityScope(null, []), _ => false, 0, TestContext.Current.CancellationToken).Report;

        TestContext.Current.TestOutputHelper?.WriteLine($"{report.Events} events in {TimeProvider.System.GetElapsedTime(started).TotalSeconds:F2} s");
        foreach (var result in report.Results.Where(result => result.Failed > 0))
            TestContext.Current.TestOutputHelper?.WriteLine($"{result.Rule.Id}: {result.Failed} of {result.Checked}, {result.Verdict}");
        Assert.Equal(615, report.Patients);
        Assert.Empty(report.Failing(StudyQuality.Default.KeepsOut).Select(result => result.Rule.Id));
    }
}
