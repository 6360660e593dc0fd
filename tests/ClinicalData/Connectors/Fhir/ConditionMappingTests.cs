using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class ConditionMappingTests
{
    private const string Encounter = "'encounter':{'reference':'Encounter/e1'}";
    private const string Onset = "'onsetDateTime':'2019-05-01T00:00:00Z'";
    private const string Recorded = "'recordedDate':'2019-06-01T12:00:00Z'";

    [Fact]
    public void Condition_is_known_when_it_was_recorded()
    {
        var sink = Read($"{Onset},{Recorded},{Encounter},'abatementDateTime':'2019-07-01T00:00:00Z'");

        var condition = sink.Only(EventKind.Condition);
        Assert.Equal(("2019-05-01T00:00:00Z", "2019-07-01T00:00:00Z", "2019-06-01T12:00:00Z"), (condition.Time.ToString(), condition.End.ToString(), condition.Available.ToString()));
        Assert.Equal((EventKeys.EncounterKey("e1"u8), EventFlags.None), (condition.Encounter, condition.Flags));
        Assert.Equal($"{CodeSystems.Snomed}|1 {CodeSystems.Icd10}|I10", sink.Text(condition.Concept));
        Assert.Empty(sink.Notes);
    }

    [Theory]
    [InlineData("'onsetPeriod':{'start':'2019-05-01T00:00:00Z','end':'2019-05-02T00:00:00Z'},'recordedDate':'2019-06-01'", "2019-05-01T00:00:00Z", EventFlags.None)]
    [InlineData("'onsetString':'last summer','recordedDate':'2019-06-01T12:00:00Z'", "2019-06-01T12:00:00Z", EventFlags.None)]
    [InlineData("'recordedDate':'2019-06-01'", "2019-06-01T23:59:59.999999Z", EventFlags.DateOnly)]
    [InlineData("'onsetDateTime':'2019','recordedDate':'2019-06-01T12:00:00Z'", "2019-12-31T23:59:59.999999Z", EventFlags.DateOnly)]
    public void Onset_is_the_first_that_is_said(string elements, string time, EventFlags flags)
    {
        var condition = Read(elements).Only(EventKind.Condition);

        Assert.Equal((time, flags), (condition.Time.ToString(), condition.Flags));
    }

    [Theory]
    [InlineData("'abatementPeriod':{'start':'2019-07-01T00:00:00Z'}", "2019-07-01T00:00:00Z")]
    [InlineData("'abatementPeriod':{'start':'2019-07-01T00:00:00Z','end':'2019-08-01T00:00:00Z'}", "2019-08-01T00:00:00Z")]
    [InlineData("'abatementString':'long ago'", "unknown")]
    public void Abatement_is_the_end(string element, string end) => Assert.Equal(end, Read($"{Onset},{Recorded},{element}").Only(EventKind.Condition).End.ToString());

    [Theory]
    [InlineData("")]
    [InlineData("'category':[{'coding':[{'system':'http://terminology.hl7.org/CodeSystem/condition-category','code':'encounter-diagnosis'}]}],")]
    public void Diagnosis_without_recorded_date_is_known_at_its_encounters_end(string category)
    {
        var sink = Read($"{category}{Onset},{Encounter}");

        var condition = sink.Only(EventKind.Condition);
        Assert.Equal((ClinicalTime.None, EventFlags.AvailableAtEncounterEnd), (condition.Available, condition.Flags));
        Assert.Empty(sink.Notes);
    }

    [Fact]
    public void Condition_without_either_is_kept_and_noted()
    {
        var sink = Read(Onset);

        Assert.Equal((ClinicalTime.None, EventFlags.None), (sink.Only(EventKind.Condition).Available, sink.Only(EventKind.Condition).Flags));
        Assert.Equal([(RecordNote.AvailabilityUnknown, "recordedDate")], sink.NotesOf());
    }

    [Fact]
    public void Condition_of_an_unknown_encounter_without_recorded_date_is_noted_twice()
    {
        var sink = Read($"{Onset},'encounter':{{'reference':'Encounter/e2'}}");

        Assert.Equal((0, ClinicalTime.None, EventFlags.None), (sink.Only(EventKind.Condition).Encounter, sink.Only(EventKind.Condition).Available, sink.Only(EventKind.Condition).Flags));
        Assert.Equal([(RecordNote.EncounterUnknown, "encounter"), (RecordNote.AvailabilityUnknown, "recordedDate")], sink.NotesOf());
    }

    [Fact]
    public void Condition_entered_in_error_is_taken_back() =>
        Assert.Equal(EventKeys.RecordKey(EventKind.Condition, "c1"u8), Assert.Single(Read("'verificationStatus':{'coding':[{'system':'urn:own','code':'7'},{'code':'entered-in-error'}]}").Retracted).Record.Key);

    [Fact]
    public void Refuted_condition_is_skipped() =>
        Assert.Equal([SkipReason.NotAnEvent], Read("'verificationStatus':{'coding':[{'system':'urn:x','code':'refuted'}]}").Skipped);

    [Fact]
    public void Condition_without_any_date_is_refused() => Assert.Equal((RecordFault.ElementMissing, "onsetDateTime"), Read(Encounter).Refusal());

    [Fact]
    public void Condition_without_code_is_refused() =>
        Assert.Equal((RecordFault.ElementMissing, "code"), FhirExport.ReadOne("Condition", $"{{'resourceType':'Condition','id':'c1','subject':{{'reference':'Patient/p1'}},{Recorded}}}").Refusal());

    private static RecordingSink Read(string elements) => FhirExport.ReadOne("Condition",
        "{'resourceType':'Condition','id':'c1','subject':{'reference':'Patient/p1'},'code':{'coding':[{'system':'http://snomed.info/sct','code':'1','display':'x'},"
        + $"{{'system':'http://hl7.org/fhir/sid/icd-10','code':'I10'}}],'text':'y'}},{elements}}}");
}
