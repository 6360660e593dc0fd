using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>
/// The OMOP Common Data Model, version 5.4 (https://ohdsi.github.io/CommonDataModel/cdm54.html): one CSV file for each table, and a table of the concepts that
/// are used. Times are the hospital's, which is UTC, without offset. Rows are numbered as they come. What was entered in error is not there.
/// </summary>
internal sealed class OmopWriter : ISiteWriter
{
    private const long FromRecords = 32817; // type concept: EHR
    private const long NoEncounter = 2_000_000_000; // what a reference to an encounter that is not there becomes
    private const string Date = "yyyy-MM-dd";
    private const string DateAndTime = "yyyy-MM-dd HH:mm:ss";

    private readonly OmopTables _tables;
    private readonly Dictionary<string, long> _visits = new(StringComparer.Ordinal); // of the present patient
    private long _person;
    private long _visit;
    private long _row;

    public OmopWriter(OutputFolder folder, Hospital hospital)
    {
        _tables = new OmopTables(folder);
        OmopVocabulary.Write(folder, hospital);
    }

    /// <inheritdoc/>
    public void Write(SynthPatient patient)
    {
        _visits.Clear();
        _person++;
        WritePerson(patient);
        foreach (var encounter in patient.Encounters)
            WriteVisit(encounter);
        foreach (var item in patient.Events)
        {
            if (!item.Retracted)
                WriteEvent(item);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _tables.Dispose();

    private void WritePerson(SynthPatient patient)
    {
        _tables.Person.Add(_person).Add(patient.Male switch { true => 8507, false => 8532, null => 0L })
            .Add(patient.Birth?.Year).Add(patient.Birth?.Month).Add(patient.Birth?.Day).Add(0L).Add(0L).Add(patient.Id).Add(patient.Male switch { true => "M", false => "F", null => null }).End();
        var (first, last) = (patient.Encounters.Min(encounter => encounter.Start), patient.Encounters.Max(encounter => encounter.Start));
        _tables.Period.Add(_person).Add(_person).Add(first, Date).Add(last, Date).Add(FromRecords).End();
        if (patient.Death is { } death)
            _tables.Death.Add(_person).Add(death, Date).Add(death, DateAndTime).Add(FromRecords).End();
    }

    private void WriteVisit(SynthEncounter encounter)
    {
        _visits.Add(encounter.Id, ++_visit);
        _tables.Visit.Add(_visit).Add(_person).Add(OmopVocabulary.VisitConcept(encounter.Class))
            .Add(encounter.Start, Date).Add(encounter.Start, DateAndTime).Add(encounter.End, Date).Add(encounter.End, DateAndTime)
            .Add(FromRecords).Add((long)encounter.Organisation).Add(encounter.Class).End();
    }

    private void WriteEvent(SynthEvent item)
    {
        var visit = _visits.GetValueOrDefault(item.Encounter, NoEncounter);
        switch (item.Kind)
        {
            case SynthKind.Condition:
                Begin(_tables.Condition, item, item.Code).Add(visit).Add(SourceValue(item.Code)).Add(0L).Add((string?)null).End();
                break;
            case SynthKind.Medication:
                // The model wants an end; an order has none.
                Begin(_tables.Drug, item, item.Code).Add(item.Time, Date).Add(visit).Add(SourceValue(item.Code)).Add(0L).End();
                break;
            case SynthKind.Procedure:
                Begin(_tables.Procedure, item, item.Code).Add(visit).Add(SourceValue(item.Code)).Add(0L).Add((string?)null).End();
                break;
            default:
                foreach (var value in item.Values)
                    WriteValue(item, value, visit);

                break;
        }
    }

    private void WriteValue(SynthEvent item, SynthValue value, long visit)
    {
        var isObservation = Lags.IsObservation(item);
        var row = Begin(isObservation ? _tables.Observation : _tables.Measurement, item, value.Code)
            .Add(value.Number).Add(value.Answer?.Concept).Add(value.Unit?.Concept).Add(visit).Add(value.Unit?.Code).Add(SourceValue(value.Code)).Add(0L);
        if (!isObservation)
            row.Add((string?)null); // no value is a bound
        row.End();
    }

    // The columns with which every table of events begins.
    private CsvFile Begin(CsvFile table, SynthEvent item, SynthCode? code) =>
        table.Add(++_row).Add(_person).Add(code?.Concept ?? 0).Add(item.Time, Date).Add(item.Time, DateAndTime).Add(FromRecords);

    // Only what no concept says: the codes of the hospital's own.
    private static string? SourceValue(SynthCode? code) => code is { Concept: 0 } ? code.Code : null;
}

/// <summary>The tables of what happened, with the columns of the model that are filled.</summary>
internal sealed class OmopTables(OutputFolder folder) : IDisposable
{
    public CsvFile Person { get; } = new(
        folder, "person", "person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth", "race_concept_id", "ethnicity_concept_id",
        "person_source_value", "gender_source_value");

    public CsvFile Period { get; } = new(
        folder, "observation_period", "observation_period_id", "person_id", "observation_period_start_date", "observation_period_end_date", "period_type_concept_id");

    public CsvFile Death { get; } = new(folder, "death", "person_id", "death_date", "death_datetime", "death_type_concept_id");

    public CsvFile Visit { get; } = new(
        folder, "visit_occurrence", "visit_occurrence_id", "person_id", "visit_concept_id", "visit_start_date", "visit_start_datetime", "visit_end_date",
        "visit_end_datetime", "visit_type_concept_id", "care_site_id", "visit_source_value");

    public CsvFile Condition { get; } = new(
        folder, "condition_occurrence", "condition_occurrence_id", "person_id", "condition_concept_id", "condition_start_date", "condition_start_datetime",
        "condition_type_concept_id", "visit_occurrence_id", "condition_source_value", "condition_source_concept_id", "condition_end_date");

    public CsvFile Drug { get; } = new(
        folder, "drug_exposure", "drug_exposure_id", "person_id", "drug_concept_id", "drug_exposure_start_date", "drug_exposure_start_datetime",
        "drug_type_concept_id", "drug_exposure_end_date", "visit_occurrence_id", "drug_source_value", "drug_source_concept_id");

    public CsvFile Procedure { get; } = new(
        folder, "procedure_occurrence", "procedure_occurrence_id", "person_id", "procedure_concept_id", "procedure_date", "procedure_datetime",
        "procedure_type_concept_id", "visit_occurrence_id", "procedure_source_value", "procedure_source_concept_id", "procedure_end_date");

    public CsvFile Measurement { get; } = new(
        folder, "measurement", "measurement_id", "person_id", "measurement_concept_id", "measurement_date", "measurement_datetime", "measurement_type_concept_id",
        "value_as_number", "value_as_concept_id", "unit_concept_id", "visit_occurrence_id", "unit_source_value", "measurement_source_value",
        "measurement_source_concept_id", "operator_concept_id");

    public CsvFile Observation { get; } = new(
        folder, "observation", "observation_id", "person_id", "observation_concept_id", "observation_date", "observation_datetime", "observation_type_concept_id",
        "value_as_number", "value_as_concept_id", "unit_concept_id", "visit_occurrence_id", "unit_source_value", "observation_source_value", "observation_source_concept_id");

    public void Dispose()
    {
        foreach (var table in (CsvFile[])[Person, Period, Death, Visit, Condition, Drug, Procedure, Measurement, Observation])
            table.Dispose();
    }
}

/// <summary>The tables that describe: which version this is, which concepts are used, which departments there are.</summary>
internal static class OmopVocabulary
{
    private static readonly (string Class, long Concept, string Code, string Name)[] s_visits =
        [("IMP", 9201, "IP", "Inpatient Visit"), ("AMB", 9202, "OP", "Outpatient Visit"), ("EMER", 9203, "ER", "Emergency Room Visit")];

    public static long VisitConcept(string @class) => s_visits.First(visit => visit.Class == @class).Concept;

    public static void Write(OutputFolder folder, Hospital hospital)
    {
        using (var source = new CsvFile(folder, "cdm_source", "cdm_source_name", "cdm_source_abbreviation", "cdm_holder", "source_release_date", "cdm_release_date", "cdm_version", "vocabulary_version"))
            source.Add($"Synthetic hospital {hospital.Name}").Add(hospital.Name).Add("FederatedClinicalMl").Add("2021-01-01").Add("2021-01-01").Add("5.4").Add("made up").End();
        using (var sites = new CsvFile(folder, "care_site", "care_site_id", "care_site_name", "place_of_service_concept_id", "care_site_source_value"))
        {
            foreach (var organisation in hospital.Organisations)
                sites.Add((long)organisation).Add($"Department {organisation} of {hospital.Name}").Add(0L).Add((long)organisation).End();
        }

        using var concepts = new CsvFile(
            folder, "concept", "concept_id", "concept_name", "domain_id", "vocabulary_id", "concept_class_id", "standard_concept", "concept_code", "valid_start_date", "valid_end_date", "invalid_reason");
        foreach (var code in Codes.All)
            Add(concepts, code.Concept, code.Name, code.Domain, VocabularyOf(code.System), code.Code);
        foreach (var visit in s_visits)
            Add(concepts, visit.Concept, visit.Name, "Visit", "Visit", visit.Code);
        Add(concepts, 8507, "MALE", "Gender", "Gender", "M");
        Add(concepts, 8532, "FEMALE", "Gender", "Gender", "F");
        Add(concepts, 32817, "EHR", "Type Concept", "Type Concept", "OMOP4976890");
    }

    private static void Add(CsvFile concepts, long id, string name, string domain, string vocabulary, string code) =>
        concepts.Add(id).Add(name).Add(domain).Add(vocabulary).Add(domain).Add("S").Add(code).Add("1970-01-01").Add("2099-12-31").Add((string?)null).End();

    private static string VocabularyOf(string system) => system switch
    {
        CodeSystems.Loinc => "LOINC",
        CodeSystems.Snomed => "SNOMED",
        CodeSystems.RxNorm => "RxNorm",
        CodeSystems.Ucum => "UCUM",
        _ => throw new ArgumentOutOfRangeException(nameof(system)),
    };
}
