using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The events of one patient in memory: what the online path computes features from. A connector writes into it as it does into a store, with the same
/// rules. Not for use by several threads at once.
/// </summary>
public sealed class PatientEvents : IEventSink
{
    private readonly ConceptDictionary _concepts = new();
    private readonly Utf8Dictionary _patients = new();
    private readonly Dictionary<UInt128, (ulong Content, ImmutableArray<ClinicalEvent> Events)> _records = [];
    private readonly HashSet<long> _encounters = [];
    private readonly MedicationIndex _medications = new();
    private readonly List<(long Line, RecordFault Fault, string Element)> _refused = [];

    /// <summary>Codings by ordinal.</summary>
    public IReadOnlyList<ImmutableArray<Coding>> Concepts => _concepts.Concepts;

    /// <summary>What was refused, and where.</summary>
    public IReadOnlyList<(long Line, RecordFault Fault, string Element)> Refused => _refused;

    /// <summary>Number of patients who were described; features are computed of one.</summary>
    public int Patients => _patients.Count;

    /// <summary>Everything that was said of a patient, by time.</summary>
    /// <param name="patient">Ordinal; the first has 0.</param>
    public PatientTimeline Timeline(int patient = 0)
    {
        var timeline = new PatientTimeline();
        timeline.Begin(patient);
        foreach (var (_, events) in _records.Values)
        {
            foreach (ref readonly var item in events.AsSpan())
            {
                if (item.Patient == patient)
                    timeline.Add(item, ClinicalTime.Never, default);
            }
        }

        timeline.End();
        return timeline;
    }

    /// <inheritdoc/>
    public void BeginFile(string name)
    {
        // A bundle has no files.
    }

    /// <inheritdoc/>
    public int DeclarePatient(ReadOnlySpan<byte> identifier) => _patients.GetOrAdd(identifier, out _);

    /// <inheritdoc/>
    public int FindPatient(ReadOnlySpan<byte> identifier) => _patients.Find(identifier);

    /// <inheritdoc/>
    public bool KnowsEncounter(long encounter) => _encounters.Contains(encounter);

    /// <inheritdoc/>
    public bool DeclareMedication(ReadOnlySpan<byte> identifier, int concept) => _medications.TryAdd(identifier, concept);

    /// <inheritdoc/>
    public int FindMedication(ReadOnlySpan<byte> identifier) => _medications.Find(identifier);

    /// <inheritdoc/>
    public int Concept(params ReadOnlySpan<Coding> codings) => _concepts.GetOrAdd(codings);

    /// <inheritdoc/>
    public void Add(in SourceRecord record, params ReadOnlySpan<ClinicalEvent> events)
    {
        if (_records.TryGetValue(record.Key, out var known))
        {
            if (known.Content != record.Content)
                Refuse(record.Line, RecordFault.DuplicateDiffers);
            return;
        }

        _records.Add(record.Key, (record.Content, [.. events]));
        foreach (ref readonly var item in events)
        {
            if (item.Kind == EventKind.Encounter)
                _encounters.Add(item.Encounter);
        }
    }

    /// <inheritdoc/>
    public void Retract(in SourceRecord record) => Add(record);

    /// <inheritdoc/>
    public void Skip(in SourceRecord record, SkipReason reason) => Add(record);

    /// <inheritdoc/>
    public void Refuse(long line, RecordFault fault, string element = "") => _refused.Add((line, fault, element));

    /// <inheritdoc/>
    public void Note(long line, RecordNote note, string element = "")
    {
        // What cannot be used of a record shows in the features.
    }
}
