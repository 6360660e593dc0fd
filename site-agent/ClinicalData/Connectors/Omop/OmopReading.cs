using System.Globalization;
using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>One reading of an OMOP database into a sink: what its rows say, table by table.</summary>
internal sealed class OmopReading
{
    private const long OperatorEquals = 4172703;

    private readonly IEventSink _sink;
    private readonly ClinicalClock _clock;
    private readonly OmopOptions _options;
    private readonly OmopCodings _codings;
    private readonly EventRules _rules;
    private readonly CancellationToken _cancel;
    private readonly Dictionary<long, int> _patients = []; // ordinals by person_id
    private readonly HashSet<int> _declared = [];

    public OmopReading(IEventSink sink, ClinicalClock clock, OmopOptions options, OmopConcepts concepts, CancellationToken cancel)
    {
        (_sink, _clock, _options, _cancel) = (sink, clock, options, cancel);
        (_codings, _rules) = (new OmopCodings(concepts, sink), new EventRules(sink, clock));
    }

    public void Persons(PersonTable table, OmopRow row)
    {
        while (Next(row))
        {
            var id = row.Id(table.Id);
            var pseudonym = row.Code(table.SourceValue);
            var (birth, isDate) = row.Text(table.Birth).Length > 0 ? row.Moment(table.Birth) : Birth(table, row);
            var sex = row.IdOrZero(table.Gender) switch { 8507 => "male", 8532 => "female", 8521 => "other", _ => "unknown" };
            if (row.IsRefused)
                continue;
            var patient = _sink.DeclarePatient(Encoding.UTF8.GetBytes(pseudonym.Length > 0 ? pseudonym : id.ToString(CultureInfo.InvariantCulture)));
            if (!_declared.Add(patient) && _patients.GetValueOrDefault(id, -1) != patient)
            {
                row.Refuse(RecordFault.DuplicateDiffers, table.SourceValue.Element); // another person of the same pseudonym
                continue;
            }

            _patients[id] = patient;
            var flags = isDate ? EventFlags.DateOnly : EventFlags.None;
            var says = Event(EventKind.Sex, patient, 0, birth, birth, flags) with { Value = _sink.Concept(new Coding(CodeSystems.Gender, sex)) };
            var record = row.Record(table, EventKind.Birth, id);
            if (birth.IsKnown)
            {
                _sink.Add(record, Event(EventKind.Birth, patient, 0, birth, birth, flags), says);
                continue;
            }

            _sink.Note(row.Line, RecordNote.AvailabilityUnknown, table.Year.Element);
            _sink.Add(record, says);
        }
    }

    public void Deaths(DeathTable table, OmopRow row)
    {
        while (Next(row))
        {
            var id = row.Id(table.Person);
            var (time, isDate) = row.NeededMoment(table.Time);
            if (Patient(row, table.Person, id) is not { } patient)
                continue;
            var (available, flags) = _rules.Available(_options.Availability.GetValueOrDefault(table.Name), time, 0, row.Line);
            _sink.Add(row.Record(table, EventKind.Death, id), Event(EventKind.Death, patient, 0, time, available, Flags(flags, isDate)));
        }
    }

    public void Visits(VisitTable table, OmopRow row)
    {
        while (Next(row))
        {
            var id = row.Id(table.Id);
            var person = row.Id(table.Person);
            var concept = row.IdOrZero(table.Concept);
            var careSite = row.IdOrZero(table.CareSite);
            var (time, isDate) = row.NeededMoment(table.Time);
            var (end, _) = row.Moment(table.End);
            if (Patient(row, table.Person, person) is not { } patient)
                continue;
            var value = careSite == 0 ? -1 : _sink.Concept(new Coding(CodeSystems.Organisation, careSite.ToString(CultureInfo.InvariantCulture)));
            _sink.Add(row.Record(table, EventKind.Encounter, id), Event(EventKind.Encounter, patient, VisitKey(id), time, time, Flags(EventFlags.None, isDate)) with
            {
                End = _rules.End(time, isDate, end, row.Line, table.End.Date.Element),
                Concept = _codings.Visit(concept),
                Value = value,
            });
        }
    }

    public void Events(OmopEventTable table, OmopRow row)
    {
        var rule = _options.Availability.GetValueOrDefault(table.Name, AvailabilityRule.EncounterEnd);
        while (Next(row))
        {
            var id = row.Id(table.Id);
            var person = row.Id(table.Person);
            var visit = row.IdOrZero(table.Visit);
            var (concept, source, text) = (row.IdOrZero(table.Concept), row.IdOrZero(table.SourceConcept), row.Code(table.SourceValue));
            var (time, isDate) = row.NeededMoment(table.Time);
            var end = table.End is null ? ClinicalTime.None : row.Moment(table.End).Time;
            var kind = table.Type is not null && IsAdministration(row.IdOrZero(table.Type)) ? EventKind.MedicationAdministration : table.Kind;
            var value = table.Value is null ? default : ValueOf(table.Value, row);
            if (Patient(row, table.Person, person) is not { } patient)
                continue;
            var encounter = visit == 0 ? 0 : _rules.Encounter(VisitKey(visit), row.Line, table.Visit.Element);
            var (available, flags) = _rules.Available(rule, time, encounter, row.Line);
            if (value.HasNumber && value.Operator is not (0 or OperatorEquals))
            {
                flags |= EventFlags.Bound;
                _sink.Note(row.Line, RecordNote.Bound, table.Value!.Operator!.Element);
            }

            var says = Event(kind, patient, encounter, time, available, Flags(flags, isDate)) with { Concept = _codings.Event(table.LocalSystem, concept, source, text) };
            if (table.End is not null)
                says = says with { End = _rules.End(time, isDate, end, row.Line, table.End.Date.Element) };
            if (table.Value is not null)
                says = says with { Number = value.Number, Value = _codings.Value(value.Concept), Unit = value.HasNumber ? _codings.Unit(value.Unit, value.UnitText) : -1 };
            _sink.Add(row.Record(table, table.Kind, id), says);
        }
    }

    private static (double Number, bool HasNumber, long Operator, long Concept, long Unit, string UnitText) ValueOf(OmopValue columns, OmopRow row)
    {
        var number = row.Number(columns.Number);
        var comparison = columns.Operator is null ? 0 : row.IdOrZero(columns.Operator);
        return (number, !double.IsNaN(number), comparison, row.IdOrZero(columns.Concept), row.IdOrZero(columns.Unit), row.Code(columns.UnitText));
    }

    // A birth of which only the month or the year is known is at its end.
    private (ClinicalTime Time, bool IsDate) Birth(PersonTable table, OmopRow row)
    {
        var (year, month, day) = (row.IdOrZero(table.Year), row.IdOrZero(table.Month), row.IdOrZero(table.Day));
        if (row.IsRefused || row.Text(table.Year).Length == 0)
            return (ClinicalTime.None, false);
        if (row.Text(table.Month).Length == 0)
            (month, day) = (12, 31);
        else if (row.Text(table.Day).Length == 0 && year is >= 1 and <= 9999 && month is >= 1 and <= 12)
            day = DateTime.DaysInMonth((int)year, (int)month);
        if (TextValues.TryTime(string.Create(CultureInfo.InvariantCulture, $"{year:D4}-{month:D2}-{day:D2}"), TextValues.Iso8601, _clock, out var time, out var isDate))
            return (time, isDate);
        row.Refuse(RecordFault.NotADate, table.Year.Element);
        return (ClinicalTime.None, false);
    }

    private bool Next(OmopRow row)
    {
        _cancel.ThrowIfCancellationRequested();
        return row.Read();
    }

    // The row's patient; null: the row is refused.
    private int? Patient(OmopRow row, OmopColumn column, long person)
    {
        if (!row.IsRefused && _patients.TryGetValue(person, out var patient))
            return patient;
        row.Refuse(RecordFault.PatientUnknown, column.Element);
        return null;
    }

    // Concepts of the domain Type Concept: EHR administration record, Inpatient administration.
    private static bool IsAdministration(long type) => type is 32818 or 38000180;

    private static long VisitKey(long visit) => EventKeys.EncounterKey(Encoding.UTF8.GetBytes(visit.ToString(CultureInfo.InvariantCulture)));

    private static EventFlags Flags(EventFlags flags, bool isDate) => isDate ? flags | EventFlags.DateOnly : flags;

    private static ClinicalEvent Event(EventKind kind, int patient, long encounter, ClinicalTime time, ClinicalTime available, EventFlags flags) =>
        new(kind, patient, encounter, time, ClinicalTime.None, available, flags, Concept: -1, Number: double.NaN, Value: -1, Unit: -1);
}
