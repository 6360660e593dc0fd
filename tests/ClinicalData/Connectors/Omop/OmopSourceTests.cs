using FederatedClinicalMl.ClinicalData;
using static FederatedClinicalMl.Tests.ClinicalData.Connectors.Omop.OmopExports;

namespace FederatedClinicalMl.Tests.ClinicalData.Connectors.Omop;

public sealed class OmopSourceTests
{
    private const EventFlags Date = EventFlags.DateOnly;
    private const string Haemorrhage = "http://snomed.info/sct|74474003";

    [Theory]
    [MemberData(nameof(OmopExports.Versions), MemberType = typeof(OmopExports))]
    public void Persons_are_patients_by_their_source_value_or_their_number(string version)
    {
        var sink = Read(OmopExports.Path(version));

        Assert.Equal(["P-A", "2", "P-C", "P-D"], Enumerable.Range(0, sink.Patients).Select(sink.PatientName));
        Assert.Equal(["male", "female", "other", "unknown"], sink.Events.Where(e => e.Kind == EventKind.Sex).Select(e => sink.Concepts[e.Value][0].Code));
        Assert.Equal([At("1950-04-12 08:30"), Day("1960-06-30"), Day("1970-12-31")], sink.Events.Where(e => e.Kind == EventKind.Birth).Select(e => e.Time));
        Assert.All(sink.Events.Where(e => e.Kind is EventKind.Birth or EventKind.Sex), e => Assert.Equal(e.Time, e.Available));
        Assert.Equal([EventFlags.None, Date, Date], sink.Events.Where(e => e.Kind == EventKind.Birth).Select(e => e.Flags));
        Assert.Contains(("person.csv", 5L, RecordNote.AvailabilityUnknown, "person.year_of_birth"), sink.Notes);
        Assert.Equal(
            [("person.csv", 6L, RecordFault.NotADate, "person.year_of_birth"), ("person.csv", 7L, RecordFault.DuplicateDiffers, "person.person_source_value")],
            sink.Refused.Where(fault => fault.File == "person.csv"));
    }

    [Theory]
    [MemberData(nameof(OmopExports.Versions), MemberType = typeof(OmopExports))]
    public void Visits_are_encounters_with_their_class_and_organisation(string version)
    {
        var sink = Read(OmopExports.Path(version));

        var stay = sink.Event("visit_occurrence", 2);
        Assert.Equal((EventKind.Encounter, EventKeys.EncounterKey("100"u8), 0), (stay.Kind, stay.Encounter, stay.Patient));
        Assert.Equal((At("2020-01-10 09:00"), At("2020-01-15 12:00"), At("2020-01-10 09:00"), EventFlags.None), (stay.Time, stay.End, stay.Available, stay.Flags));
        Assert.Equal(["http://terminology.hl7.org/CodeSystem/v3-ActCode|IMP", "urn:omop:vocabulary:Visit|IP", "urn:omop:concept|9201"], sink.Codings(stay.Concept));
        Assert.Equal(["urn:fcml:organisation|7"], sink.Codings(stay.Value));
        var visit = sink.Event("visit_occurrence", 3);
        Assert.Equal((Day("2020-03-01"), Day("2020-03-01"), Day("2020-03-01"), Date, -1), (visit.Time, visit.End, visit.Available, visit.Flags, visit.Value));
        Assert.Equal(
            [["IMP"], ["AMB"], ["EMER"], ["EMER", "IMP"], ["IMP"], [], ["AMB"]],
            sink.Events.Where(e => e.Kind == EventKind.Encounter).Select(e => sink.Concepts[e.Concept].Where(coding => coding.System == CodeSystems.ActCode).Select(coding => coding.Code)));
    }

    [Fact]
    public void Times_with_an_offset_are_moments_and_an_end_before_the_beginning_is_left_out()
    {
        var sink = Read(OmopExports.Path("cdm53"));

        var emergency = sink.Event("visit_occurrence", 4);
        Assert.Equal((At("2020-07-01 22:15"), At("2020-07-02 05:00")), (emergency.Time, emergency.End));
        Assert.Equal(ClinicalTime.None, sink.Event("visit_occurrence", 9).End);
        Assert.Contains(("visit_occurrence.csv", 9L, RecordNote.EndsBeforeItBegins, "visit_occurrence.visit_end_date"), sink.Notes);
    }

    [Theory]
    [MemberData(nameof(OmopExports.Versions), MemberType = typeof(OmopExports))]
    public void Conditions_have_the_codes_of_their_concepts_and_the_sites_own_where_none_says_it(string version)
    {
        var sink = Read(OmopExports.Path(version));

        var first = sink.Event("condition_occurrence", 2);
        Assert.Equal((At("2020-01-11 10:30"), Day("2020-01-14"), EventKeys.EncounterKey("100"u8)), (first.Time, first.End, first.Encounter));
        Assert.Equal([Haemorrhage, "http://hl7.org/fhir/sid/icd-10-cm|K92.2", "urn:omop:concept|192671"], sink.Codings(first.Concept));
        Assert.Equal([Haemorrhage, "urn:omop:concept|192671", "urn:omop:source:condition_occurrence|GI-7"], sink.Codings(sink.Event("condition_occurrence", 3).Concept));
        Assert.Equal(["urn:omop:source:condition_occurrence|X1"], sink.Codings(sink.Event("condition_occurrence", 4).Concept));
        Assert.Equal(["urn:omop:concept|0"], sink.Codings(sink.Event("condition_occurrence", 5).Concept));
        Assert.Equal([Haemorrhage, "urn:omop:concept|192671"], sink.Codings(sink.Event("condition_occurrence", 6).Concept));
        Assert.Equal(["urn:omop:concept|999999", "urn:omop:source:condition_occurrence|Z"], sink.Codings(sink.Event("condition_occurrence", 9).Concept));
    }

    [Theory]
    [MemberData(nameof(OmopExports.Versions), MemberType = typeof(OmopExports))]
    public void What_is_known_at_the_visits_end_says_so_and_what_has_no_visit_is_not_known(string version)
    {
        var sink = Read(OmopExports.Path(version));

        Assert.Equal((ClinicalTime.None, EventFlags.AvailableAtEncounterEnd), Availability(sink.Event("condition_occurrence", 2)));
        Assert.Equal((ClinicalTime.None, EventFlags.None), Availability(sink.Event("condition_occurrence", 3)));
        var dangling = sink.Event("condition_occurrence", 6);
        Assert.Equal((0L, ClinicalTime.None, Date), (dangling.Encounter, dangling.Available, dangling.Flags));
        Assert.Equal(
            [(3L, RecordNote.AvailabilityUnknown, ""), (6L, RecordNote.EncounterUnknown, "condition_occurrence.visit_occurrence_id"), (6L, RecordNote.AvailabilityUnknown, "")],
            sink.Notes.Where(note => note.File == "condition_occurrence.csv").Select(note => (note.Line, note.Note, note.Element)));
    }

    [Fact]
    public void What_is_known_some_time_after_the_event_needs_no_visit()
    {
        var sink = Read(OmopExports.Path("cdm53"), Options(("condition_occurrence", AvailabilityRule.After(TimeSpan.FromHours(2))), ("death", AvailabilityRule.After(TimeSpan.Zero))));

        Assert.Equal((At("2020-01-11 12:30"), EventFlags.None), Availability(sink.Event("condition_occurrence", 2)));
        Assert.Equal(Day("2020-02-01") + TimeSpan.FromHours(2), sink.Event("condition_occurrence", 3).Available);
        Assert.Equal(Day("2021-05-05"), sink.Event("death", 2).Available);
        Assert.Equal(EventFlags.AvailableAtEncounterEnd, Availability(sink.Event("procedure_occurrence", 2)).Flags);
    }

    [Theory]
    [MemberData(nameof(OmopExports.Versions), MemberType = typeof(OmopExports))]
    public void Faulty_rows_are_refused_and_named(string version) => Assert.Equal(
        [
            ("concept.csv", 15L, RecordFault.NotANumber, "concept.concept_id"),
            ("person.csv", 6L, RecordFault.NotADate, "person.year_of_birth"),
            ("person.csv", 7L, RecordFault.DuplicateDiffers, "person.person_source_value"),
            ("visit_occurrence.csv", 8L, RecordFault.PatientUnknown, "visit_occurrence.person_id"),
            ("condition_occurrence.csv", 7L, RecordFault.NotADate, "condition_occurrence.condition_start_date"),
            ("condition_occurrence.csv", 8L, RecordFault.PatientUnknown, "condition_occurrence.person_id"),
            ("measurement.csv", 6L, RecordFault.NotANumber, "measurement.value_as_number"),
            ("measurement.csv", 8L, RecordFault.NotANumber, "measurement.measurement_id"),
            ("measurement.csv", 9L, RecordFault.ElementMissing, "measurement.measurement_date"),
        ],
        Read(OmopExports.Path(version)).Refused);

    [Fact]
    public void Drugs_are_orders_unless_their_type_says_that_they_were_given()
    {
        var sink = Read(OmopExports.Path("cdm53"));

        Assert.Equal(
            [EventKind.MedicationOrder, EventKind.MedicationAdministration, EventKind.MedicationAdministration], Enumerable.Range(2, 3).Select(line => sink.Event("drug_exposure", line).Kind));
        Assert.Equal(["http://www.nlm.nih.gov/research/umls/rxnorm|1525", "urn:omop:concept|1118084"], sink.Codings(sink.Event("drug_exposure", 2).Concept));
        Assert.Equal(["urn:omop:vocabulary:Site drugs|D1", "urn:omop:concept|2000000001"], sink.Codings(sink.Event("drug_exposure", 4).Concept));
        Assert.Equal((At("2020-01-12"), EventFlags.AvailableAtEncounterEnd), (sink.Event("drug_exposure", 3).Time, sink.Event("drug_exposure", 3).Flags)); // a time like any other
    }

    [Fact]
    public void Only_version_5_4_says_when_a_procedure_ended()
    {
        Assert.Equal(ClinicalTime.None, Read(OmopExports.Path("cdm53")).Event("procedure_occurrence", 2).End);
        Assert.Equal(At("2020-01-13 15:30"), Read(OmopExports.Path("cdm54")).Event("procedure_occurrence", 2).End);
    }

    [Theory]
    [MemberData(nameof(OmopExports.Versions), MemberType = typeof(OmopExports))]
    public void Measurements_and_observations_have_numbers_units_and_coded_values(string version)
    {
        var sink = Read(OmopExports.Path(version));

        var pressure = sink.Event("measurement", 2);
        Assert.Equal((At("2020-01-10 09:30:15.25"), 120.5, EventFlags.AvailableAtEncounterEnd, -1), (pressure.Time, pressure.Number, pressure.Flags, pressure.Value));
        Assert.Equal(["http://loinc.org|8480-6", "urn:omop:concept|3004249"], sink.Codings(pressure.Concept));
        Assert.Equal(["http://unitsofmeasure.org|mm[Hg]"], sink.Codings(pressure.Unit));
        var bound = sink.Event("measurement", 3);
        Assert.Equal((5, EventFlags.AvailableAtEncounterEnd | EventFlags.Bound | Date), (bound.Number, bound.Flags));
        Assert.Equal([("measurement.csv", 3L, RecordNote.Bound, "measurement.operator_concept_id")], sink.Notes.Where(note => note.Note == RecordNote.Bound));
        var positive = sink.Event("measurement", 4);
        Assert.Equal((true, -1), (double.IsNaN(positive.Number), positive.Unit));
        Assert.Equal(["http://loinc.org|LA6576-8", "urn:omop:concept|45884084"], sink.Codings(positive.Value));
        Assert.Equal((100, "|Zoll Hg"), (sink.Event("measurement", 5).Number, sink.Codings(sink.Event("measurement", 5).Unit)[0]));
        var smoking = sink.Event("observation", 2);
        Assert.Equal((EventKind.Observation, 20, "|/d"), (smoking.Kind, smoking.Number, sink.Codings(smoking.Unit)[0]));
        Assert.Equal("http://loinc.org|LA6576-8", sink.Codings(sink.Event("observation", 3).Value)[0]);
    }

    [Fact]
    public void Death_is_known_only_where_its_availability_is_declared()
    {
        var death = Read(OmopExports.Path("cdm54")).Event("death", 2);

        Assert.Equal((EventKind.Death, Day("2021-05-05"), ClinicalTime.None, Date), (death.Kind, death.Time, death.Available, death.Flags));
    }

    [Fact]
    public void Records_of_two_tables_with_one_number_are_two_and_a_changed_field_is_other_content()
    {
        var (before, after) = (Read(OmopExports.Path("cdm53")), Read(OmopExports.Path("cdm54")));
        var keys = before.Added.Select(added => added.Record.Key).ToArray();

        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(keys, after.Added.Select(added => added.Record.Key));
        Assert.Equal(
            ["procedure_occurrence.csv"], // which says its end in 5.4
            before.Added.Zip(after.Added).Where(pair => pair.First.Record.Content != pair.Second.Record.Content).Select(pair => pair.First.File));
    }

    private static (ClinicalTime Time, EventFlags Flags) Availability(ClinicalEvent e) => (e.Available, e.Flags & EventFlags.AvailableAtEncounterEnd);
}
