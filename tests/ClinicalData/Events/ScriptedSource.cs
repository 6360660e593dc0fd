using System.Text;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData;

/// <summary>A source of events that a test writes down: one file, one record each line.</summary>
internal sealed class ScriptedSource(params ReadOnlySpan<ScriptedRecord> records) : IEventSource
{
    private readonly ScriptedRecord[] _records = records.ToArray();

    public string Description => "script";

    public void ReadInto(IEventSink sink, CancellationToken cancel)
    {
        sink.BeginFile("script");
        for (var i = 0; i < _records.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            _records[i].WriteTo(sink, i + 1);
        }
    }
}

/// <summary>One record with one event. Times are hours after 2020-01-01.</summary>
internal sealed record ScriptedRecord(string Id, string Patient, double Time, double? Available = null, double Number = 0, string Code = "8867-4")
{
    public static readonly ClinicalTime Origin = ClinicalTime.Of(new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public EventKind Kind { get; init; } = EventKind.Observation;

    public string? Encounter { get; init; }

    public double? End { get; init; }

    public bool AtEncounterEnd { get; init; }

    public bool Retracted { get; init; }

    public RecordFault? Fault { get; init; }

    public static ClinicalTime Hour(double hours) => Origin + TimeSpan.FromHours(hours);

    public void WriteTo(IEventSink sink, long line)
    {
        if (Fault is { } fault)
        {
            sink.Refuse(line, fault, "element");
            return;
        }

        var record = new SourceRecord(EventKeys.RecordKey(Kind, Encoding.UTF8.GetBytes(Id)), EventKeys.Content(Encoding.UTF8.GetBytes(ToString())), line);
        if (Retracted)
        {
            sink.Retract(record);
            return;
        }

        sink.Add(record, new ClinicalEvent(
            Kind, sink.DeclarePatient(Encoding.UTF8.GetBytes(Patient)), Encounter is null ? 0 : EventKeys.EncounterKey(Encoding.UTF8.GetBytes(Encounter)),
            Hour(Time), End is { } end ? Hour(end) : ClinicalTime.None, Available is { } available ? Hour(available) : ClinicalTime.None,
            AtEncounterEnd ? EventFlags.AvailableAtEncounterEnd : EventFlags.None, sink.Concept(new Coding(CodeSystems.Loinc, Code)), Number, -1, -1));
    }
}
