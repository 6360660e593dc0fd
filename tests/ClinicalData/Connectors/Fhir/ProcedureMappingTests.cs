using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class ProcedureMappingTests
{
    private const string Encounter = "'encounter':{'reference':'Encounter/e1'}";
    private const string Performed = "'performedPeriod':{'start':'2020-01-01T08:00:00Z','end':'2020-01-01T08:15:00Z'}";

    [Fact]
    public void Procedure_of_an_encounter_is_known_at_its_end()
    {
        var sink = Read($"'status':'completed',{Performed},{Encounter}");

        var procedure = sink.Only(EventKind.Procedure);
        Assert.Equal(("2020-01-01T08:00:00Z", "2020-01-01T08:15:00Z", "unknown"), (procedure.Time.ToString(), procedure.End.ToString(), procedure.Available.ToString()));
        Assert.Equal((EventKeys.EncounterKey("e1"u8), EventFlags.AvailableAtEncounterEnd, "urn:x|1"), (procedure.Encounter, procedure.Flags, sink.Text(procedure.Concept)));
        Assert.Empty(sink.Notes);
    }

    [Theory]
    [InlineData(Performed, "2020-01-01T08:15:00Z", EventFlags.None)]
    [InlineData("'performedDateTime':'2020-01-01T08:00:00Z'", "2020-01-01T08:00:00Z", EventFlags.None)]
    [InlineData("'performedDateTime':'2020-01'", "2020-01-31T23:59:59.999999Z", EventFlags.DateOnly)]
    public void Procedure_of_none_is_known_when_it_ended(string performed, string available, EventFlags flags)
    {
        var sink = Read(performed);

        Assert.Equal((available, flags), (sink.Only(EventKind.Procedure).Available.ToString(), sink.Only(EventKind.Procedure).Flags));
        Assert.Empty(sink.Notes);
    }

    [Theory]
    [InlineData("'performedPeriod':{'start':'2020-01-01T08:00:00Z'}", new[] { "performedPeriod" })]
    [InlineData("'performedDateTime':'2020-01-01T08:00:00Z','encounter':{'reference':'Encounter/e2'}", new[] { "encounter", "encounter" })]
    public void Procedure_of_which_no_rule_says_when_it_was_known_is_noted(string elements, string[] noted)
    {
        var sink = Read(elements);

        Assert.Equal((ClinicalTime.None, EventFlags.None), (sink.Only(EventKind.Procedure).Available, sink.Only(EventKind.Procedure).Flags));
        Assert.Equal(noted, sink.Notes.Select(note => note.Element));
        Assert.Equal(RecordNote.AvailabilityUnknown, sink.Notes[^1].Note);
    }

    [Theory]
    [InlineData("not-done")]
    [InlineData("preparation")]
    public void Procedure_that_was_not_or_not_yet_is_skipped(string status) => Assert.Equal([SkipReason.NotAnEvent], Read($"'status':'{status}'").Skipped);

    [Fact]
    public void Procedure_entered_in_error_is_taken_back() =>
        Assert.Equal(EventKeys.RecordKey(EventKind.Procedure, "x1"u8), Assert.Single(Read("'status':'entered-in-error'").Retracted).Record.Key);

    [Fact]
    public void Procedure_without_time_is_refused() => Assert.Equal((RecordFault.ElementMissing, "performedDateTime"), Read($"'performedString':'once',{Encounter}").Refusal());

    private static RecordingSink Read(string elements) => FhirExport.ReadOne("Procedure",
        $"{{'resourceType':'Procedure','id':'x1','code':{{'coding':[{{'system':'urn:x','code':'1'}}]}},'subject':{{'reference':'Patient/p1'}},{elements}}}");
}
