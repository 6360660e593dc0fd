using System.Buffers.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// A record in the making: what a resource says, gathered by the mapping of its type and handed to the sink at the end, whole or not at all.
/// The first fault stands; after it, what is gathered no longer matters. One is used for all resources of an import.
/// </summary>
internal sealed class FhirRecord(IEventSink sink, ClinicalClock clock, FhirScratch scratch)
{
    private readonly List<(RecordNote Note, string Element)> _notes = [];
    private readonly LastReference _patient = new(); // exports stand in the order of patients more often than not
    private readonly LastReference _encounter = new();
    private ClinicalEvent[] _events = new ClinicalEvent[8];
    private int _count;
    private RecordFault? _fault;
    private string _faultElement = "";
    private SkipReason? _skip;
    private bool _isRetracted;
    private int _medication;

    /// <summary>Reads what stands inside a resource.</summary>
    public FhirObject Read(ReadOnlySpan<byte> json) => FhirObject.Read(json, scratch);

    /// <summary>Codes.</summary>
    public FhirConcepts Concepts { get; } = new(sink, scratch);

    /// <summary>Begins with another resource.</summary>
    public void Begin()
    {
        _notes.Clear();
        (_count, _fault, _skip, _isRetracted, _medication) = (0, null, null, false, -1);
    }

    /// <summary>Hands over what was gathered.</summary>
    public void End(in SourceRecord record)
    {
        if (_fault is { } fault)
            sink.Refuse(record.Line, fault, _faultElement);
        else if (_isRetracted)
            sink.Retract(record);
        else if (_skip is { } reason)
            sink.Skip(record, reason);
        else
            Keep(record);
    }

    /// <summary>The record cannot be taken.</summary>
    /// <param name="fault">Why.</param>
    /// <param name="element">Which element.</param>
    /// <param name="part">Which element of that.</param>
    public void Refuse(RecordFault fault, FhirElement element, FhirElement? part = null) => Refuse(fault, Path(element, part));

    /// <summary>The record is no event.</summary>
    public void Skip(SkipReason reason) => _skip ??= reason;

    /// <summary>What a resource says of itself by its status.</summary>
    /// <param name="status">The status.</param>
    /// <param name="none">A status of what is no event.</param>
    /// <param name="other">Another one.</param>
    /// <returns>Whether it is an event, as far as it says.</returns>
    public bool IsEvent(ReadOnlySpan<byte> status, ReadOnlySpan<byte> none, ReadOnlySpan<byte> other = default)
    {
        _isRetracted = status.SequenceEqual("entered-in-error"u8);
        if (!status.IsEmpty && (status.SequenceEqual(none) || status.SequenceEqual(other)))
            Skip(SkipReason.NotAnEvent);
        return !_isRetracted && _skip is null;
    }

    /// <summary>Something about the record cannot be used.</summary>
    public void Note(RecordNote note, FhirElement element, FhirElement? part = null) => _notes.Add((note, Path(element, part)));

    /// <summary>Adds an event.</summary>
    public void Add(in ClinicalEvent item)
    {
        if (_count == _events.Length)
            Array.Resize(ref _events, _count * 2);
        _events[_count++] = item;
    }

    /// <summary>Whether an event was added.</summary>
    public bool HasEvents => _count > 0;

    /// <summary>The patient who is described.</summary>
    public int Declare(ReadOnlySpan<byte> id) => _fault is null ? sink.DeclarePatient(id) : -1;

    /// <summary>The patient whom <c>subject</c> refers to; what is said of a group, a device or a place is not kept.</summary>
    public int Patient(in FhirObject resource)
    {
        var subject = resource.Raw(FhirElement.Subject);
        if (!subject.IsEmpty && _patient.Is(subject))
            return (int)_patient.Known;
        var reference = Reference(resource, FhirElement.Subject);
        if (subject.IsEmpty)
            Refuse(RecordFault.ElementMissing, FhirElement.Subject);
        else if (!reference.Type.IsEmpty && !reference.Type.SequenceEqual(FhirType.Patient.Name()))
            Skip(SkipReason.KindNotKept);
        else if (reference.IsTo(FhirType.Patient) && sink.FindPatient(reference.Id) is var patient and >= 0)
            return (int)_patient.Keep(subject, patient);
        else
            Refuse(RecordFault.PatientUnknown, FhirElement.Subject);
        return -1;
    }

    /// <summary>The encounter that an element refers to; 0: none, or none that is known.</summary>
    public long Encounter(in FhirObject resource, FhirElement element = FhirElement.Encounter)
    {
        var raw = resource.Raw(element);
        if (!raw.IsEmpty && _encounter.Is(raw))
            return _encounter.Known;
        var reference = Reference(resource, element);
        if (!reference.IsTo(FhirType.Encounter))
            return 0;
        var key = EventKeys.EncounterKey(reference.Id);
        if (sink.KnowsEncounter(key))
            return _encounter.Keep(raw, key);
        Note(RecordNote.EncounterUnknown, element);
        return 0;
    }

    /// <summary>What an element refers to.</summary>
    public static FhirReference Reference(in FhirObject resource, FhirElement element)
    {
        // By far the most references are this and no more; looking is quicker than reading them as JSON once again.
        var simple = "{\"reference\":\""u8;
        var raw = resource.Raw(element);
        return raw.StartsWith(simple) && raw[simple.Length..^2].IndexOfAny((byte)'"', (byte)'\\') < 0
            ? FhirReference.Parse(raw[simple.Length..^2])
            : FhirReference.Parse(resource.Object(element).Text(FhirElement.Reference));
    }

    /// <summary>The date or time of an element.</summary>
    public FhirTime Time(in FhirObject resource, FhirElement element) => Time(resource, element, null);

    /// <summary>Beginning and end of an element that is a Period.</summary>
    public (FhirTime Start, FhirTime End) Period(in FhirObject resource, FhirElement element)
    {
        if (!resource.Has(element))
            return (FhirTime.None, FhirTime.None);
        var period = resource.Object(element);
        return (Time(period, FhirElement.Start, element), Time(period, FhirElement.End, element));
    }

    /// <summary>An end, where it does not lie before the beginning.</summary>
    public ClinicalTime EndOf(FhirTime start, FhirTime end, FhirElement element)
    {
        if (!end.IsKnown || end.Time >= start.Time)
            return end.Time;
        Note(RecordNote.EndsBeforeItBegins, element);
        return ClinicalTime.None;
    }

    /// <summary>Keeps what a medication is that other resources refer to.</summary>
    public void DeclareMedication(ReadOnlySpan<byte> id, int concept)
    {
        if (_fault is null && !_isRetracted && !sink.DeclareMedication(id, concept))
            Refuse(RecordFault.TooManyMedications, "");
    }

    /// <summary>What a medication is that is described by another resource; where none describes it, the reference itself, with a note.</summary>
    public int Medication(ReadOnlySpan<byte> id, FhirElement element)
    {
        _medication = sink.FindMedication(id);
        if (_medication >= 0)
            return _medication;
        Note(RecordNote.MedicationUnknown, element);
        return Concepts.Medication(id);
    }

    /// <summary>A concept without which the record says nothing.</summary>
    public int Concept(in FhirObject resource, FhirElement element)
    {
        var concept = Concepts.Concept(resource.Raw(element));
        if (concept < 0)
            Refuse(RecordFault.ElementMissing, element);
        return concept;
    }

    /// <summary>The number of an element; NaN, and a fault, where it is none (one in quotation marks is a text, with whatever decimal mark).</summary>
    public double Number(in FhirObject from, FhirElement element, FhirElement? parent = null)
    {
        var raw = from.Raw(element);
        if (Utf8Parser.TryParse(raw, out double number, out var length) && length == raw.Length && double.IsFinite(number))
            return number;
        Refuse(RecordFault.NotANumber, parent ?? element, parent is null ? null : element);
        return double.NaN;
    }

    /// <summary>1 for true, 0 for false; NaN, and a fault, where an element is neither.</summary>
    public double Truth(in FhirObject from, FhirElement element)
    {
        var raw = from.Raw(element);
        if (raw.SequenceEqual("true"u8) || raw.SequenceEqual("false"u8))
            return raw.Length == 4 ? 1 : 0;
        Refuse(RecordFault.NotANumber, element);
        return double.NaN;
    }

    private FhirTime Time(in FhirObject from, FhirElement element, FhirElement? parent)
    {
        if (!from.Has(element))
            return FhirTime.None;
        if (FhirTime.TryParse(from.Text(element), clock, out var time))
            return time;
        Refuse(RecordFault.NotADate, parent ?? element, parent is null ? null : element);
        return FhirTime.None;
    }

    private void Refuse(RecordFault fault, string element)
    {
        if (_fault is null)
            (_fault, _faultElement) = (fault, element);
    }

    private void Keep(in SourceRecord record)
    {
        foreach (var (note, element) in _notes)
            sink.Note(record.Line, note, element);
        // The same words say something else once what they refer to is known, or is another thing: that is an amendment.
        sink.Add(_medication < 0 ? record : record with { Content = record.Content ^ EventKeys.Content(BitConverter.GetBytes(_medication)) }, _events.AsSpan(0, _count));
    }

    private static string Path(FhirElement element, FhirElement? part) => part is { } of ? $"{element.Name()}.{of.Name()}" : element.Name();
}
