using System.Text;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.Tests.ClinicalData;

/// <summary>Keeps everything that a connector hands over, in order, so that a test can look at it.</summary>
internal sealed class RecordingSink : IEventSink
{
    private readonly Utf8Dictionary _patients = new();
    private readonly HashSet<long> _encounters = [];
    private readonly Dictionary<string, int> _medications = new(StringComparer.Ordinal);
    private string _file = "";

    public List<string> Files { get; } = [];

    /// <summary>Codings by ordinal.</summary>
    public List<Coding[]> Concepts { get; } = [];

    public List<(string File, SourceRecord Record, ClinicalEvent[] Events)> Added { get; } = [];

    public List<(string File, SourceRecord Record)> Retracted { get; } = [];

    public List<SkipReason> Skipped { get; } = [];

    public List<(string File, long Line, RecordFault Fault, string Element)> Refused { get; } = [];

    public List<(string File, long Line, RecordNote Note, string Element)> Notes { get; } = [];

    public IEnumerable<ClinicalEvent> Events => Added.SelectMany(added => added.Events);

    public int Patients => _patients.Count;

    public string PatientName(int ordinal) => Encoding.UTF8.GetString(_patients[ordinal]);

    public void BeginFile(string name)
    {
        Files.Add(name);
        _file = name;
    }

    public int DeclarePatient(ReadOnlySpan<byte> identifier) => _patients.GetOrAdd(identifier, out _);

    public int FindPatient(ReadOnlySpan<byte> identifier) => _patients.Find(identifier);

    public bool KnowsEncounter(long encounter) => _encounters.Contains(encounter);

    public bool DeclareMedication(ReadOnlySpan<byte> identifier, int concept) => _medications.TryAdd(Encoding.UTF8.GetString(identifier), concept) || true;

    public int FindMedication(ReadOnlySpan<byte> identifier) => _medications.GetValueOrDefault(Encoding.UTF8.GetString(identifier), -1);

    public int Concept(params ReadOnlySpan<Coding> codings)
    {
        for (var i = 0; i < Concepts.Count; i++)
        {
            if (codings.SequenceEqual(Concepts[i]))
                return i;
        }

        Concepts.Add(codings.ToArray());
        return Concepts.Count - 1;
    }

    public void Add(in SourceRecord record, params ReadOnlySpan<ClinicalEvent> events)
    {
        Added.Add((_file, record, events.ToArray()));
        foreach (var item in events)
        {
            if (item.Kind == EventKind.Encounter)
                _encounters.Add(item.Encounter);
        }
    }

    public void Retract(in SourceRecord record) => Retracted.Add((_file, record));

    public void Skip(in SourceRecord record, SkipReason reason) => Skipped.Add(reason);

    public void Refuse(long line, RecordFault fault, string element = "") => Refused.Add((_file, line, fault, element));

    public void Note(long line, RecordNote note, string element = "") => Notes.Add((_file, line, note, element));
}
