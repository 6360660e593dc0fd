using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class FhirBundleTests
{
    private const string Observation = "{'resourceType':'Observation','id':'o1','status':'final','code':{'text':'a'},'subject':{'reference':'Patient/p1'},"
        + "'encounter':{'reference':'Encounter/e1'},'effectiveDateTime':'2020-01-01T08:30:00Z','issued':'2020-01-01T08:31:00Z','valueInteger':7}";

    [Fact]
    public void Entries_may_stand_in_any_order()
    {
        var sink = Read(Observation, FhirExport.Encounter, FhirExport.Patient);

        Assert.Equal([3, 2, 1], sink.Added.Select(added => added.Record.Line));
        Assert.Equal(EventKeys.EncounterKey("e1"u8), sink.Only(EventKind.Observation).Encounter);
        Assert.Empty(sink.Notes);
    }

    [Fact]
    public void Bundle_gives_what_the_bulk_export_gives()
    {
        using var export = new FhirExport().With("Patient.ndjson", FhirExport.Patient).With("Encounter.ndjson", FhirExport.Encounter).With("Observation.ndjson", Observation);
        var bulk = export.Read();
        var bundle = Read(FhirExport.Encounter, Observation, FhirExport.Patient);

        Assert.Equal(bulk.Events, bundle.Events);
        Assert.Equal(bulk.Concepts, bundle.Concepts);
        Assert.Equal(bulk.Added.Select(added => (added.Record.Key, added.Record.Content)), bundle.Added.Select(added => (added.Record.Key, added.Record.Content)));
    }

    [Theory]
    [InlineData("{'resourceType':'Observation','id':'o2','subject':{'reference':'Patient/p2'},'effectiveDateTime':'2020','code':{'text':'a'},'valueInteger':1}", RecordFault.PatientUnknown, "subject")]
    [InlineData("{'resourceType':'Observation','id':'o2','id':'o3'}", RecordFault.NotJson, "")]
    [InlineData("{'id':'o2'}", RecordFault.ElementMissing, "resourceType")]
    [InlineData("null", RecordFault.ElementMissing, "resource")]
    public void Entry_with_a_fault_is_refused_alone(string resource, RecordFault fault, string element)
    {
        var sink = Read(FhirExport.Patient, resource, FhirExport.Encounter);

        Assert.Equal(("Bundle", 2, fault, element), Assert.Single(sink.Refused));
        Assert.Equal(2, sink.Added.Count);
    }

    [Fact]
    public void Entry_that_is_not_utf8_is_refused_alone()
    {
        var json = FhirExport.Json($"{{'resourceType':'Bundle','entry':[{{'resource':{FhirExport.Patient}}},{{'resource':{Observation.Replace("'a'", "'#'", StringComparison.Ordinal)}}}]}}");
        json[json.AsSpan().IndexOf((byte)'#')] = 0xE4;
        var sink = new RecordingSink();

        FhirBundle.Read(json, sink, new ClinicalClock(TimeZoneInfo.Utc));

        Assert.Equal(("Bundle", 2, RecordFault.NotUtf8, ""), Assert.Single(sink.Refused));
        Assert.Single(sink.Added);
    }

    [Fact]
    public void Resources_of_other_types_are_skipped() =>
        Assert.Equal([SkipReason.KindNotKept], Read(FhirExport.Patient, "{'resourceType':'OperationOutcome'}").Skipped);

    [Theory]
    [InlineData("{'resourceType':'Bundle','entry':[")]
    [InlineData("{'resourceType':'Patient','id':'p1'}")]
    [InlineData("[]")]
    [InlineData("")]
    public void What_is_no_bundle_is_an_error(string json) =>
        Assert.Throws<DatasetException>(() => FhirBundle.Read(FhirExport.Json(json), new RecordingSink(), new ClinicalClock(TimeZoneInfo.Utc)));

    [Fact]
    public void Bundle_without_entries_says_nothing() => Assert.Empty(Read().Added);

    private static RecordingSink Read(params string[] resources)
    {
        var sink = new RecordingSink();
        FhirBundle.Read(
            FhirExport.Json($"{{'resourceType':'Bundle','type':'collection','entry':[{string.Join(',', resources.Select(resource => $"{{'fullUrl':'x','resource':{resource}}}"))}]}}"),
            sink,
            new ClinicalClock(TimeZoneInfo.Utc));
        return sink;
    }
}
