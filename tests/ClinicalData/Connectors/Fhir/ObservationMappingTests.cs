using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Fhir;

public sealed class ObservationMappingTests
{
    private const string Times = "'effectiveDateTime':'2020-01-01T08:30:00Z','issued':'2020-01-01T10:00:00.5Z'";
    private const string Glucose = "'valueQuantity':{'value':5.4,'unit':'mmol per L','system':'http://unitsofmeasure.org','code':'mmol/L'}";

    [Fact]
    public void Observation_is_known_when_it_was_issued()
    {
        var sink = Read($"'status':'final',{Times},{Glucose},'encounter':{{'reference':'Encounter/e1'}}");

        var observation = sink.Only(EventKind.Observation);
        Assert.Equal("p1", sink.PatientName(observation.Patient));
        Assert.Equal(("2020-01-01T08:30:00Z", "unknown", "2020-01-01T10:00:00.5Z"), (observation.Time.ToString(), observation.End.ToString(), observation.Available.ToString()));
        Assert.Equal((EventKeys.EncounterKey("e1"u8), EventFlags.None, 5.4, -1), (observation.Encounter, observation.Flags, observation.Number, observation.Value));
        Assert.Equal(($"{CodeSystems.Loinc}|2345-7", $"{CodeSystems.Ucum}|mmol/L"), (sink.Text(observation.Concept), sink.Text(observation.Unit)));
        Assert.Empty(sink.Notes);
    }

    [Theory]
    [InlineData("'effectiveDateTime':'2020-01-01'", "2020-01-01T23:59:59.999999Z", EventFlags.DateOnly)]
    [InlineData("'effectiveInstant':'2020-01-01T08:00:00.123+01:00'", "2020-01-01T07:00:00.123Z", EventFlags.None)]
    [InlineData("'effectivePeriod':{'start':'2020-01-01T08:00:00Z','end':'2020-01-02T08:00:00Z'}", "2020-01-02T08:00:00Z", EventFlags.None)]
    [InlineData("'effectivePeriod':{'start':'2020-01-01T08:00:00Z'}", "2020-01-01T08:00:00Z", EventFlags.None)]
    public void Time_is_when_it_was_measured(string effective, string time, EventFlags flags)
    {
        var observation = Read($"{effective},{Glucose}").Only(EventKind.Observation);

        Assert.Equal((time, flags), (observation.Time.ToString(), observation.Flags));
    }

    [Theory]
    [InlineData("'value':1,'unit':'mg','system':'http://unitsofmeasure.org','code':'mg'", $"{CodeSystems.Ucum}|mg")]
    [InlineData("'value':1,'unit':'mg','system':'http://unitsofmeasure.org'", "|mg")]
    [InlineData("'value':1,'unit':'Stück','system':'urn:own','code':'St'", "|Stück")]
    [InlineData("'value':1,'code':'St'", "|St")]
    [InlineData("'value':1,'unit':'mg\\/dL'", "|mg/dL")]
    [InlineData("'value':1", "")]
    public void Unit_is_of_ucum_or_a_text(string quantity, string unit)
    {
        var sink = Read($"{Times},'valueQuantity':{{{quantity}}}");

        Assert.Equal(unit, sink.Text(sink.Only(EventKind.Observation).Unit));
    }

    [Theory]
    [InlineData("-0.5", -0.5)]
    [InlineData("176.35499866729558", 176.35499866729558)]
    [InlineData("1.5E2", 150)]
    [InlineData("0", 0)]
    public void Number_is_read_to_the_last_digit(string text, double number) =>
        Assert.Equal(number, Read($"{Times},'valueQuantity':{{'value':{text}}}").Only(EventKind.Observation).Number);

    [Fact]
    public void Bound_is_marked_and_noted()
    {
        var sink = Read($"{Times},'valueQuantity':{{'value':5,'comparator':'<'}}");

        Assert.Equal((5.0, EventFlags.Bound), (sink.Only(EventKind.Observation).Number, sink.Only(EventKind.Observation).Flags));
        Assert.Equal([(RecordNote.Bound, "valueQuantity.comparator")], sink.NotesOf());
    }

    [Theory]
    [InlineData("'valueCodeableConcept':{'coding':[{'system':'urn:x','code':'pos'}],'text':'positive'}", "urn:x|pos")]
    [InlineData("'valueCodeableConcept':{'text':'positive'}", "|positive")]
    public void Coded_value_is_kept(string value, string expected)
    {
        var sink = Read($"{Times},{value}");

        Assert.Equal((expected, double.NaN), (sink.Text(sink.Only(EventKind.Observation).Value), sink.Only(EventKind.Observation).Number));
    }

    [Theory]
    [InlineData("'valueInteger':7", 7)]
    [InlineData("'valueBoolean':true", 1)]
    [InlineData("'valueBoolean':false", 0)]
    public void Integers_and_truths_are_numbers(string value, double number) => Assert.Equal(number, Read($"{Times},{value}").Only(EventKind.Observation).Number);

    [Theory]
    [InlineData("'valueString':'said a name'")]
    [InlineData("'valueQuantity':{'unit':'mg'}")]
    [InlineData("'dataAbsentReason':{'coding':[{'code':'unknown'}]}")]
    [InlineData("'component':[{'code':{'text':'a'},'valueString':'b'}]")]
    public void Observation_of_which_nothing_is_kept_is_skipped(string value) => Assert.Equal([SkipReason.KindNotKept], Read($"{Times},{value}").Skipped);

    [Fact]
    public void Components_are_events_of_their_own_with_the_times_of_the_whole()
    {
        var sink = Read($"{Times},'component':[{{'code':{{'coding':[{{'system':'http://loinc.org','code':'8462-4'}}]}},'valueQuantity':{{'value':75,'unit':'mmHg'}}}},"
            + "{'code':{'text':'b'},'valueString':'x'},{'code':{'text':'c'},'valueInteger':3}]");

        var events = Assert.Single(sink.Added, added => added.Record.Key == EventKeys.RecordKey(EventKind.Observation, "o1"u8)).Events;
        Assert.Equal([($"{CodeSystems.Loinc}|8462-4", 75, "|mmHg"), ("|c", 3, "")], events.Select(item => (sink.Text(item.Concept), item.Number, sink.Text(item.Unit))));
        Assert.All(events, item => Assert.Equal(("2020-01-01T08:30:00Z", "2020-01-01T10:00:00.5Z"), (item.Time.ToString(), item.Available.ToString())));
    }

    [Fact]
    public void Whole_with_a_value_is_an_event_beside_its_components() =>
        Assert.Equal([5.4, 3], Read($"{Times},{Glucose},'component':[{{'code':{{'text':'c'}},'valueInteger':3}}]").Events.Where(item => item.Kind == EventKind.Observation).Select(item => item.Number));

    [Theory]
    [InlineData("'status':'final','meta':{'lastUpdated':'2020-02-01T00:00:00Z'}", "unknown")]
    [InlineData("'status':'amended','meta':{'lastUpdated':'2020-02-01T00:00:00Z'}", "2020-02-01T00:00:00Z")]
    [InlineData("'status':'corrected','meta':{'lastUpdated':'2020-02-01T00:00:00Z'}", "2020-02-01T00:00:00Z")]
    [InlineData("'status':'corrected','meta':{'lastUpdated':'2020-02-01T00:00:00Z'},'issued':'2020-01-15T00:00:00Z'", "2020-01-15T00:00:00Z")]
    [InlineData("'status':'corrected'", "unknown")]
    public void Amendment_exists_from_when_it_was_issued_or_else_stored(string elements, string available)
    {
        var sink = Read($"'effectiveDateTime':'2020-01-01T08:30:00Z',{elements},{Glucose}");

        Assert.Equal(available, sink.Only(EventKind.Observation).Available.ToString());
        Assert.Equal(available == "unknown" ? [(RecordNote.AvailabilityUnknown, "issued")] : [], sink.NotesOf());
    }

    [Fact]
    public void Observation_of_an_unknown_encounter_is_kept_and_noted()
    {
        var sink = Read($"{Times},{Glucose},'encounter':{{'reference':'Encounter/e2'}}");

        Assert.Equal(0, sink.Only(EventKind.Observation).Encounter);
        Assert.Equal([(RecordNote.EncounterUnknown, "encounter")], sink.NotesOf());
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("registered")]
    public void Observation_that_is_not_or_not_yet_is_skipped(string status) => Assert.Equal([SkipReason.NotAnEvent], Read($"'status':'{status}'").Skipped);

    [Fact]
    public void Observation_entered_in_error_is_taken_back() =>
        Assert.Equal(EventKeys.RecordKey(EventKind.Observation, "o1"u8), Assert.Single(Read("'status':'entered-in-error'").Retracted).Record.Key);

    [Theory]
    [InlineData("'valueQuantity':{'value':'5,3'}", RecordFault.NotANumber, "valueQuantity.value")]
    [InlineData("'valueQuantity':{'value':'5.3'}", RecordFault.NotANumber, "valueQuantity.value")]
    [InlineData("'valueQuantity':{'value':true}", RecordFault.NotANumber, "valueQuantity.value")]
    [InlineData("'valueQuantity':{'value':1e999}", RecordFault.NotANumber, "valueQuantity.value")]
    [InlineData("'valueInteger':'7'", RecordFault.NotANumber, "valueInteger")]
    [InlineData("'valueBoolean':'yes'", RecordFault.NotANumber, "valueBoolean")]
    [InlineData("'component':[{'code':{'text':'a'},'valueInteger':1},{'valueInteger':2}]", RecordFault.ElementMissing, "code")]
    public void Observation_with_a_faulty_value_is_refused_whole(string value, RecordFault fault, string element)
    {
        var sink = Read($"{Times},{value}");

        Assert.Equal((fault, element), sink.Refusal());
        Assert.DoesNotContain(sink.Events, item => item.Kind == EventKind.Observation);
        Assert.Empty(sink.Notes);
    }

    [Theory]
    [InlineData("'issued':'2020-01-01T10:00:00Z'", RecordFault.ElementMissing, "effectiveDateTime")]
    [InlineData("'effectiveDateTime':'01/02/2020'", RecordFault.NotADate, "effectiveDateTime")]
    [InlineData("'effectivePeriod':{'end':'2020'},'issued':'2020-01-01T10:00:00'", RecordFault.NotADate, "issued")]
    public void Observation_without_times_that_hold_is_refused(string elements, RecordFault fault, string element) => Assert.Equal((fault, element), Read($"{elements},{Glucose}").Refusal());

    private static RecordingSink Read(string elements) => FhirExport.ReadOne("Observation",
        "{'resourceType':'Observation','id':'o1','code':{'coding':[{'system':'http://loinc.org','code':'2345-7','display':'Glucose'}]},"
        + $"'subject':{{'reference':'Patient/p1'}},{elements}}}");
}
