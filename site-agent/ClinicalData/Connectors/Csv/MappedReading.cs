using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>One reading of mapped files into a sink.</summary>
internal sealed class MappedReading(IEventSink sink, ClinicalClock clock, CancellationToken cancel)
{
    private readonly EventRules _rules = new(sink, clock);
    private readonly Dictionary<Coding, int> _concepts = [];

    /// <summary>Reads a file.</summary>
    public void Read(MappedFile file, MappedRow row)
    {
        var events = new List<ClinicalEvent>();
        while (row.Read())
        {
            cancel.ThrowIfCancellationRequested();
            events.Clear();
            if (file.Kind == EventKind.Birth)
                Patient(file, row, events);
            else
                Event(file, row, events);
        }
    }

    private void Patient(MappedFile file, MappedRow row, List<ClinicalEvent> events)
    {
        var id = row.Needed(file.Patient);
        var (birth, isDate) = row.Moment(file.Time);
        var (death, isDeathDate) = row.Moment(file.End);
        var sex = row.Word(file.Word);
        if (row.IsRefused)
            return;
        var patient = sink.DeclarePatient(Encoding.UTF8.GetBytes(id));
        var blank = new ClinicalEvent(EventKind.Birth, patient, 0, birth, ClinicalTime.None, birth, Flags(EventFlags.None, isDate), -1, double.NaN, -1, -1);
        if (birth.IsKnown)
            events.Add(blank);
        if (sex.Length > 0)
            events.Add(blank with { Kind = EventKind.Sex, Value = Concept(new Coding(CodeSystems.Gender, sex)) });
        if (sex.Length > 0 && !birth.IsKnown)
            sink.Note(row.Line, RecordNote.AvailabilityUnknown, file.Word!.Column);
        if (death.IsKnown)
        {
            var (available, flags) = _rules.Available(file.Availability, death, 0, row.Line);
            events.Add(blank with { Kind = EventKind.Death, Time = death, Available = available, Flags = Flags(flags, isDeathDate) });
        }

        sink.Add(row.Record(id), [.. events]);
    }

    private void Event(MappedFile file, MappedRow row, List<ClinicalEvent> events)
    {
        var isEncounter = file.Kind == EventKind.Encounter;
        var patientId = row.Needed(file.Patient);
        var encounterId = isEncounter ? row.Needed(file.Encounter!) : row.Code(file.Encounter);
        var id = isEncounter ? encounterId : file.Id is null ? null : row.Needed(file.Id);
        var (time, isDate) = row.Moment(file.Time);
        if (!time.IsKnown)
            row.Refuse(RecordFault.ElementMissing, file.Time!.Column);
        var (end, _) = row.Moment(file.End);
        var (available, _) = row.Moment(file.Available);
        var word = row.Word(file.Word);
        var organisation = row.Code(file.Organisation);
        var items = row.IsRefused ? [] : file.Items.Select(item => ItemOf(file, item, row)).OfType<Said>().ToArray();
        var patient = sink.FindPatient(Encoding.UTF8.GetBytes(patientId));
        if (patient < 0)
            row.Refuse(RecordFault.PatientUnknown, file.Patient);
        if (row.IsRefused)
            return;
        if (!isEncounter && items.Length == 0)
        {
            sink.Skip(row.Record(id), SkipReason.KindNotKept); // a row of a wide table without any value
            return;
        }

        var key = encounterId.Length == 0 ? 0 : EventKeys.EncounterKey(Encoding.UTF8.GetBytes(encounterId));
        var encounter = isEncounter ? key : _rules.Encounter(key, row.Line, file.Encounter ?? "");
        var flags = EventFlags.None;
        if (!available.IsKnown)
            (available, flags) = _rules.Available(file.Availability, time, encounter, row.Line);
        var blank = new ClinicalEvent(
            file.Kind, patient, encounter, time, _rules.End(time, isDate, end, row.Line, file.End?.Column ?? ""), available, Flags(flags, isDate), -1, double.NaN, -1, -1);
        if (isEncounter)
            events.Add(blank with { Concept = Concept(new Coding(CodeSystems.ActCode, word)), Value = Concept(new Coding(CodeSystems.Organisation, organisation)) });

        foreach (var (code, number, value, unit) in items)
            events.Add(blank with { Concept = Concept(code), Number = number, Value = Concept(value), Unit = Concept(unit) });
        sink.Add(row.Record(id), [.. events]);
    }

    // What an item says; null: nothing, because its column has no value.
    private static Said? ItemOf(MappedFile file, MappedItem item, MappedRow row)
    {
        var number = row.Number(item.Number);
        var value = item.Value is null ? default : new Coding(item.Value.System, row.Code(item.Value.Column));
        if (file.IsWide && double.IsNaN(number) && string.IsNullOrEmpty(value.Code))
            return null;
        var code = new Coding(item.Code.System, item.Code.Column is null ? item.Code.Code : row.Needed(item.Code.Column));
        var unit = item.Unit is null || double.IsNaN(number) ? default : new Coding(item.Unit.System, item.Unit.Column is null ? item.Unit.Unit : row.Code(item.Unit.Column));
        return new Said(code, number, value, unit);
    }

    private int Concept(Coding coding)
    {
        if (string.IsNullOrEmpty(coding.Code))
            return -1;
        if (!_concepts.TryGetValue(coding, out var ordinal))
            _concepts.Add(coding, ordinal = sink.Concept(coding));
        return ordinal;
    }

    private static EventFlags Flags(EventFlags flags, bool isDate) => isDate ? flags | EventFlags.DateOnly : flags;

    private sealed record Said(Coding Code, double Number, Coding Value, Coding Unit);
}
