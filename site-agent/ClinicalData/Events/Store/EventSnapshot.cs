using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The store as of one import. Reads what was written once; nothing changes it.</summary>
public sealed class EventSnapshot
{
    internal const string PatientsFile = "patients.parquet";
    internal const string ConceptsFile = "concepts.parquet";
    internal const string AmendmentsFile = "amendments.parquet";
    internal const string FaultsFile = "faults.csv";
    internal const string MedicationsFile = "medications.bin"; // only where an import declares some

    private readonly IDisk _disk;
    private readonly ImmutableArray<StoreImport> _imports;
    private readonly Lazy<string[]> _patients;
    private readonly Lazy<ImmutableArray<ImmutableArray<Coding>>> _concepts;

    internal EventSnapshot(IDisk disk, ImmutableArray<StoreImport> imports, EventDecisions? decisions = null)
    {
        (_disk, _imports, Decisions) = (disk, imports, decisions ?? EventDecisions.None);
        _patients = new(() => [.. Texts(PatientsFile)]);
        _concepts = new(() => [.. Texts(ConceptsFile).Select(StoreTables.Concept)]);
    }

    /// <summary>Number of the last import in it; 0: none.</summary>
    public int Number => _imports.Length;

    /// <summary>Keyed fingerprint of everything in it.</summary>
    public Sha256Digest Fingerprint => _imports.IsEmpty ? default : _imports[^1].Fingerprint;

    /// <summary>The imports in it.</summary>
    public ImmutableArray<StoreImport> Imports => _imports;

    /// <summary>Identifiers of the patients, by ordinal: pseudonyms, as the sources name them.</summary>
    public IReadOnlyList<string> Patients => _patients.Value;

    /// <summary>Codings of the concepts, by ordinal.</summary>
    public IReadOnlyList<ImmutableArray<Coding>> Concepts => _concepts.Value;

    /// <summary>What stewards have decided about events; <see cref="Read"/> applies it.</summary>
    public EventDecisions Decisions { get; }

    /// <summary>The same store, read with decisions.</summary>
    public EventSnapshot With(EventDecisions decisions) => new(_disk, _imports, decisions);

    // The newest first.
    internal ImmutableArray<string> RecordIndexes => [.. _imports.SelectMany(import => Enumerable.Range(0, import.Indexes).Select(index => StoreImport.IndexOf(import.Number, index))).Reverse()];

    /// <summary>All faults and notes of an import, as CSV: file, line, element, what; never a value.</summary>
    public string Faults(StoreImport import)
    {
        ArgumentNullException.ThrowIfNull(import);
        return Encoding.UTF8.GetString(DurableFile.Read(_disk, $"{import.Folder}/{FaultsFile}"));
    }

    /// <summary>
    /// Every patient who has an event that is asked for, with all of these, in the order of the patients' ordinals. The timeline that is handed out is
    /// used again for the next patient. What a steward has excluded is not in them, and what was corrected has its right number.
    /// </summary>
    /// <param name="wanted">Whether an event is asked for, by kind and concept (-1: none).</param>
    public IEnumerable<PatientTimeline> Read(Func<EventKind, int, bool> wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        var amendments = Amendments();
        var cursors = Cursors();
        try
        {
            var timeline = new PatientTimeline();
            while (cursors.TryPeek(out _, out var patient))
            {
                timeline.Begin(patient);
                while (cursors.TryPeek(out var cursor, out var owner) && owner == patient)
                {
                    cursors.Dequeue();
                    if (cursor.TakePatient(timeline, wanted, amendments, Decisions))
                        cursors.Enqueue(cursor, cursor.Patient);
                    else
                        cursor.Dispose();
                }

                if (timeline.End())
                    yield return timeline;
            }
        }
        finally
        {
            while (cursors.TryDequeue(out var cursor, out _))
                cursor.Dispose();
        }
    }

    /// <summary>
    /// How many events name what they say in which way: of all that was ever imported, or of what one import added. Events are counted as they were written, older versions
    /// of amended records with the newest, so that segments are gone through once, in any order.
    /// </summary>
    /// <param name="import">Number of the import; null: all.</param>
    /// <param name="cancel">Stops the counting.</param>
    public IReadOnlyDictionary<ConceptUse, long> CountUses(int? import, CancellationToken cancel)
    {
        var counts = new Dictionary<ConceptUse, long>();
        var columns = new EventColumns();
        foreach (var segment in Segments().Where(segment => import is null || segment.Import == import))
        {
            using var reader = SegmentFile.Open(_disk, segment.Path);
            while (reader.Next(columns))
            {
                cancel.ThrowIfCancellationRequested();
                for (var row = 0; row < columns.Rows; row++)
                    CollectionsMarshal.GetValueRefOrAddDefault(counts, columns.UseOf(row), out _)++;
            }
        }

        return counts;
    }

    internal Utf8Dictionary CopyPatients()
    {
        var copy = new Utf8Dictionary();
        foreach (var patient in Patients)
            copy.GetOrAdd(Encoding.UTF8.GetBytes(patient), out _);
        return copy;
    }

    internal ConceptDictionary CopyConcepts()
    {
        var copy = new ConceptDictionary();
        foreach (var concept in Concepts)
            copy.GetOrAdd(concept.AsSpan());
        return copy;
    }

    internal MedicationIndex ReadMedications()
    {
        var medications = new MedicationIndex();
        foreach (var path in _imports.Select(import => $"{import.Folder}/{MedicationsFile}").Where(_disk.Exists))
            medications.Read(DurableFile.Read(_disk, path));
        return medications;
    }

    internal HashSet<long> ReadEncounters()
    {
        var encounters = new HashSet<long>();
        var columns = new EventColumns();
        foreach (var segment in Segments())
        {
            using var reader = SegmentFile.Open(_disk, segment.Path);
            while (reader.Next(columns))
            {
                for (var row = 0; row < columns.Rows; row++)
                {
                    if (columns.Kind[row] == (int)EventKind.Encounter)
                        encounters.Add(columns.Encounter[row]);
                }
            }
        }

        return encounters;
    }

    private PriorityQueue<SegmentCursor, int> Cursors()
    {
        var cursors = new PriorityQueue<SegmentCursor, int>();
        foreach (var (import, path) in Segments())
        {
            var cursor = new SegmentCursor(SegmentFile.Open(_disk, path), import);
            if (cursor.IsAtEnd)
                cursor.Dispose();
            else
                cursors.Enqueue(cursor, cursor.Patient);
        }

        return cursors;
    }

    private IEnumerable<(int Import, string Path)> Segments() =>
        _imports.SelectMany(import => import.Segments.Select((_, segment) => (import.Number, StoreImport.SegmentOf(import.Number, segment))));

    private Dictionary<RecordPlace, ClinicalTime> Amendments()
    {
        var amendments = new Dictionary<RecordPlace, ClinicalTime>();
        foreach (var import in _imports)
        {
            foreach (var (place, until) in StoreTables.ReadAmendments(_disk, $"{import.Folder}/{AmendmentsFile}"))
                amendments[place] = until;
        }

        return amendments;
    }

    private IEnumerable<string> Texts(string file) => _imports.SelectMany(import => StoreTables.ReadTexts(_disk, $"{import.Folder}/{file}"));

    /// <summary>Goes through one segment, patient by patient.</summary>
    private sealed class SegmentCursor : IDisposable
    {
        private readonly SegmentFile.Reader _reader;
        private readonly EventColumns _columns = new();
        private readonly int _import;
        private int _row;

        public SegmentCursor(SegmentFile.Reader reader, int import)
        {
            (_reader, _import) = (reader, import);
            IsAtEnd = !NextGroup();
        }

        public bool IsAtEnd { get; private set; }

        public int Patient => _columns.Patient[_row];

        /// <summary>Hands over the rows of the present patient; false: the segment is at its end.</summary>
        public bool TakePatient(PatientTimeline timeline, Func<EventKind, int, bool> wanted, Dictionary<RecordPlace, ClinicalTime> amendments, EventDecisions decisions)
        {
            var patient = Patient;
            for (; !IsAtEnd && Patient == patient; Advance())
            {
                var until = ClinicalTime.Never;
                if (amendments.Count > 0 && amendments.TryGetValue(new RecordPlace(_import, _columns.File[_row], _columns.Line[_row]), out var amended))
                    until = amended;
                if (!until.IsKnown)
                    continue;
                var (item, origin) = (_columns[_row], new EventOrigin(_import, _columns.File[_row], _columns.Line[_row]));
                if (decisions.Count == 0 || decisions.Apply(origin, ref item))
                    timeline.Add(item, until, origin, wanted(item.Kind, item.Concept));
            }

            return !IsAtEnd;
        }

        public void Dispose() => _reader.Dispose();

        private void Advance()
        {
            if (++_row == _columns.Rows)
                IsAtEnd = !NextGroup();
        }

        private bool NextGroup()
        {
            _row = 0;
            while (_reader.Next(_columns))
            {
                if (_columns.Rows > 0)
                    return true;
            }

            return false;
        }
    }
}
