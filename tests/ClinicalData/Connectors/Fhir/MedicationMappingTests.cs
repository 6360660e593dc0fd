using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class MedicationMappingTests
{
    private const string Code = "'medicationCodeableConcept':{'coding':[{'system':'http://www.nlm.nih.gov/research/umls/rxnorm','code':'310965'}]}";
    private const string Authored = "'authoredOn':'2020-01-01T08:30:00Z'";

    [Fact]
    public void Order_is_known_when_it_was_written()
    {
        var sink = Request($"'status':'active','intent':'order',{Code},{Authored},'encounter':{{'reference':'Encounter/e1'}}");

        var order = sink.Only(EventKind.MedicationOrder);
        Assert.Equal(("2020-01-01T08:30:00Z", order.Time, ClinicalTime.None), (order.Time.ToString(), order.Available, order.End));
        Assert.Equal((EventKeys.EncounterKey("e1"u8), $"{CodeSystems.RxNorm}|310965"), (order.Encounter, sink.Text(order.Concept)));
    }

    [Theory]
    [InlineData("'contained':[{'resourceType':'Medication','id':'x','code':{'text':'b'}},{'resourceType':'Medication','id':'m','code':{'text':'a'}}],'medicationReference':{'reference':'#m'}", "|a")]
    [InlineData("'medicationReference':{'reference':'Medication/m7'}", "urn:fcml:medication-reference|m7")]
    [InlineData("'medicationReference':{'reference':'urn:uuid:m7'}", "urn:fcml:medication-reference|m7")]
    public void Medication_may_be_a_reference(string medication, string concept)
    {
        var sink = Request($"{medication},{Authored}");

        Assert.Equal(concept, sink.Text(sink.Only(EventKind.MedicationOrder).Concept));
    }

    [Theory]
    [InlineData("'status':'cancelled'")]
    [InlineData("'status':'draft'")]
    [InlineData("'status':'active','intent':'proposal'")]
    [InlineData("'status':'active','intent':'plan'")]
    [InlineData("'status':'active','doNotPerform':true")]
    public void Order_that_is_none_is_skipped(string elements) => Assert.Equal([SkipReason.NotAnEvent], Request($"{elements},{Code},{Authored}").Skipped);

    [Fact]
    public void Medication_entered_in_error_is_taken_back()
    {
        Assert.Equal(EventKeys.RecordKey(EventKind.MedicationOrder, "m1"u8), Assert.Single(Request("'status':'entered-in-error','intent':'plan'").Retracted).Record.Key);
        Assert.Equal(EventKeys.RecordKey(EventKind.MedicationAdministration, "m1"u8), Assert.Single(Administration("'status':'entered-in-error'").Retracted).Record.Key);
    }

    [Theory]
    [InlineData(Code, "authoredOn")]
    [InlineData(Authored, "medicationCodeableConcept")]
    [InlineData($"{Authored},'medicationReference':{{'reference':'#m'}}", "medicationReference")]
    [InlineData($"{Authored},'contained':[{{'id':'m'}}],'medicationReference':{{'reference':'#m'}}", "code")]
    [InlineData($"{Authored},'medicationReference':{{'display':'a drug'}}", "medicationReference")]
    public void Order_without_its_time_or_medication_is_refused(string elements, string element) => Assert.Equal((RecordFault.ElementMissing, element), Request(elements).Refusal());

    [Theory]
    [InlineData("'effectiveDateTime':'2020-01-01T08:00:00Z'", "2020-01-01T08:00:00Z", "unknown", "2020-01-01T08:00:00Z")]
    [InlineData("'effectivePeriod':{'start':'2020-01-01T08:00:00Z','end':'2020-01-01T09:00:00Z'}", "2020-01-01T08:00:00Z", "2020-01-01T09:00:00Z", "2020-01-01T09:00:00Z")]
    [InlineData("'effectivePeriod':{'start':'2020-01-01T08:00:00Z'}", "2020-01-01T08:00:00Z", "unknown", "2020-01-01T08:00:00Z")]
    public void Administration_is_known_when_it_was_given(string effective, string time, string end, string available)
    {
        var given = Administration($"'status':'completed',{effective},{Code},'context':{{'reference':'Encounter/e1'}}").Only(EventKind.MedicationAdministration);

        Assert.Equal((time, end, available), (given.Time.ToString(), given.End.ToString(), given.Available.ToString()));
        Assert.Equal(EventKeys.EncounterKey("e1"u8), given.Encounter);
    }

    [Fact]
    public void Administration_in_an_episode_of_care_is_in_no_encounter()
    {
        var sink = Administration($"'effectiveDateTime':'2020-01-01T08:00:00Z',{Code},'context':{{'reference':'EpisodeOfCare/e1'}}");

        Assert.Equal(0, sink.Only(EventKind.MedicationAdministration).Encounter);
        Assert.Empty(sink.Notes);
    }

    [Fact]
    public void Administration_that_was_not_is_skipped() => Assert.Equal([SkipReason.NotAnEvent], Administration("'status':'not-done'").Skipped);

    [Fact]
    public void Administration_without_time_is_refused() => Assert.Equal((RecordFault.ElementMissing, "effectiveDateTime"), Administration(Code).Refusal());

    private static RecordingSink Request(string elements) =>
        FhirExport.ReadOne("MedicationRequest", $"{{'resourceType':'MedicationRequest','id':'m1','subject':{{'reference':'Patient/p1'}},{elements}}}");

    private static RecordingSink Administration(string elements) =>
        FhirExport.ReadOne("MedicationAdministration", $"{{'resourceType':'MedicationAdministration','id':'m1','subject':{{'reference':'Patient/p1'}},{elements}}}");
}
