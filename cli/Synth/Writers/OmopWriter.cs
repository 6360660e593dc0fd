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
            .Add(patient.Birth?.Year).Add(patient.Birth?.Month).Add(patient.Birth?.Day).Add(0L).Add(0L)
            .Add(patient.Id).Add(patient.Male switch { true => "M", false => "F", null => null }).End();
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
