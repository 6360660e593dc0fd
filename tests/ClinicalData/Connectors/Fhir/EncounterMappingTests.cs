using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class EncounterMappingTests
{
    private const string Period = "'period':{'start':'2020-01-02T08:00:00Z','end':'2020-01-03T09:00:00Z'}";
    private const string Class = "'class':{'system':'http://terminology.hl7.org/CodeSystem/v3-ActCode','code':'IMP'}";
    private const string Types = "'type':[{'coding':[{'system':'urn:t','code':'1'},{'system':'urn:u','code':'2'}]},{'text':'Aufnahme'}]";

    [Fact]
    public void Encounter_is_known_from_its_beginning()
    {
        var sink = Read($"'status':'finished',{Class},{Types},{Period},'serviceProvider':{{'reference':'Organization/o7'}}");

        var stay = sink.Only(EventKind.Encounter);
        Assert.Equal("p1", sink.PatientName(stay.Patient));
        Assert.Equal(EventKeys.EncounterKey("e9"u8), stay.Encounter);
        Assert.Equal(("2020-01-02T08:00:00Z", "2020-01-03T09:00:00Z", "2020-01-02T08:00:00Z"), (stay.Time.ToString(), stay.End.ToString(), stay.Available.ToString()));
        Assert.Equal($"{CodeSystems.ActCode}|IMP urn:t|1 urn:u|2 |Aufnahme", sink.Text(stay.Concept));
        Assert.Equal($"{CodeSystems.Organisation}|o7", sink.Text(stay.Value));
        Assert.Equal(EventFlags.None, stay.Flags);
    }

    [Theory]
    [InlineData(Types, "urn:t|1 urn:u|2 |Aufnahme")]
    [InlineData(Class, $"{CodeSystems.ActCode}|IMP")]
    [InlineData("'language':'de'", "")]
    public void Class_or_types_may_be_missing(string elements, string concept)
    {
        var sink = Read($"{elements},{Period}");

        Assert.Equal(concept, sink.Text(sink.Only(EventKind.Encounter).Concept));
        Assert.Equal(-1, sink.Only(EventKind.Encounter).Value);
    }

    [Fact]
    public void Encounter_that_goes_on_has_no_end() => Assert.False(Read("'period':{'start':'2020-01-02T08:00:00Z'}").Only(EventKind.Encounter).End.IsKnown);

    [Fact]
    public void Encounter_of_days_says_so()
    {
        var stay = Read("'period':{'start':'2020-01-02','end':'2020-01-02'}").Only(EventKind.Encounter);

        Assert.Equal(("2020-01-02T23:59:59.999999Z", stay.Time, EventFlags.DateOnly), (stay.Time.ToString(), stay.End, stay.Flags));
    }

    [Fact]
    public void End_before_the_beginning_is_noted_and_left_out()
    {
        var sink = Read("'period':{'start':'2020-01-02T08:00:00Z','end':'2020-01-02T07:59:59Z'}");

        Assert.False(sink.Only(EventKind.Encounter).End.IsKnown);
        Assert.Equal([(RecordNote.EndsBeforeItBegins, "period")], sink.NotesOf());
    }

    [Theory]
    [InlineData("planned")]
    [InlineData("cancelled")]
    public void Encounter_that_was_not_is_skipped(string status) => Assert.Equal([SkipReason.NotAnEvent], Read($"'status':'{status}',{Period}").Skipped);

    [Fact]
    public void Encounter_entered_in_error_is_taken_back() =>
        Assert.Equal(EventKeys.RecordKey(EventKind.Encounter, "e9"u8), Assert.Single(Read("'status':'entered-in-error'").Retracted).Record.Key);

    [Theory]
    [InlineData("'status':'finished'", RecordFault.ElementMissing, "period.start")]
    [InlineData("'period':{'end':'2020-01-03T09:00:00Z'}", RecordFault.ElementMissing, "period.start")]
    [InlineData("'period':{'start':'2020-01-02 08:00:00'}", RecordFault.NotADate, "period.start")]
    public void Encounter_without_a_beginning_is_refused(string elements, RecordFault fault, string element) => Assert.Equal((fault, element), Read(elements).Refusal());

    private static RecordingSink Read(string elements)
    {
        using var export = new FhirExport().With("Patient.ndjson", FhirExport.Patient)
            .With("Encounter.ndjson", $"{{'resourceType':'Encounter','id':'e9','subject':{{'reference':'Patient/p1'}},{elements}}}");
        return export.Read();
    }
}
