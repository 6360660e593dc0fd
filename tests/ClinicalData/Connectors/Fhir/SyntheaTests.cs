using System.Runtime.CompilerServices;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

/// <summary>The synthetic export beside the checkout: as many records as its README says, and every one accounted for.</summary>
public sealed class SyntheaTests
{
    [Fact]
    public void Every_record_of_the_export_is_accounted_for()
    {
        var sink = new RecordingSink();
        var source = new FhirBulkSource(Folder(), new ClinicalClock(TimeZoneInfo.Utc), FhirLimits.Default);

        source.ReadInto(sink, TestContext.Current.CancellationToken);

        Assert.Equal(
            ["AllergyIntolerance", "CarePlan", "DiagnosticReport", "Goal", "ImagingStudy", "Immunization", "Practitioner"],
            source.IgnoredFiles.Select(name => name.Split('.')[0]));
        Assert.Empty(sink.Refused);
        Assert.Empty(sink.Retracted);
        Assert.Empty(sink.Notes);
        Assert.Equal((615, 18098, 4546, 4712, 14081), (Records(sink, "Patient"), Records(sink, "Encounter"), Records(sink, "Condition"), Records(sink, "MedicationRequest"), Records(sink, "Procedure")));
        Assert.Equal(615, sink.Patients);
        Assert.Equal(102, sink.Concepts.Count(codings => codings[0].System == CodeSystems.Organisation));
        Assert.Equal(102 + 88674, sink.Skipped.Count + Records(sink, "Observation")); // organisations are no events
        Assert.Equal(190, 88674 - Records(sink, "Observation")); // texts
        Assert.Equal(5661, sink.Added.Count(added => added.Events is [{ Kind: EventKind.Observation }, _, ..]));
        Assert.Equal((615, 615), (sink.Events.Count(item => item.Kind == EventKind.Birth), sink.Events.Count(item => item.Kind == EventKind.Sex)));
        Assert.All(sink.Events, item => Assert.True(item.Available.IsKnown || item is { Kind: EventKind.Procedure, Flags: EventFlags.AvailableAtEncounterEnd }));
    }

    private static int Records(RecordingSink sink, string type) => sink.Added.Count(added => added.File.StartsWith(type + ".", StringComparison.Ordinal));

    private static string Folder([CallerFilePath] string here = "")
    {
        var data = Environment.GetEnvironmentVariable("FCML_DATA") is { Length: > 0 } given
            ? given
            : Path.Combine(Path.GetDirectoryName(here)!, "../../../../../shared/data");
        var folder = Path.GetFullPath(Path.Combine(data, "synthea-fhir-r4"));
        if (!Directory.Exists(folder))
        {
            Assert.NotEqual("true", Environment.GetEnvironmentVariable("CI"));
            Assert.Skip($"'{folder}' is not there: set FCML_DATA to the folder with the test data.");
        }

        return folder;
    }
}
