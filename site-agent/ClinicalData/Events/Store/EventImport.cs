using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// One import that is going on. Records are gathered to a batch; a full one is held against what the store has, ordered by patient and
/// time, and written as a segment. Memory is a batch, the dictionaries and the encounters' keys, however long the export. Nothing is in
/// the store before <see cref="Commit"/>.
/// </summary>
internal sealed class EventImport : IEventSink
{
    private readonly IDisk _disk;
    private readonly ImportLimits _limits;
    private readonly int _number;
    private readonly string _folder;
    private readonly IncrementalHash _fingerprint;
    private readonly Utf8Dictionary _patients;
    private readonly ConceptDictionary _concepts;
    private readonly HashSet<long> _encounters;
    private readonly MedicationIndex _medications;
    private readonly int _oldPatients;
    private readonly int _oldConcepts;
    private readonly ImmutableArray<string> _indexes; // of the store, the newest first

    private readonly EventColumns _batch;
    private readonly EventColumns _sorted = new();
    private readonly BatchRecords _records;
    private readonly List<(RecordPlace Place, ClinicalTime Until)> _amendments = [];
    private readonly List<string> _files = [];
    private readonly List<int> _segments = [];
    private int _ownIndexes;
    private readonly FaultFile _faults = new();

    private readonly SortedDictionary<SkipReason, long> _skipped = [];
    private readonly SortedDictionary<RecordFault, long> _refused = [];
    private readonly SortedDictionary<RecordNote, long> _notes = [];
    private long _read;
    private long _allRefused;
    private long _added;
    private long _unchanged;
    private long _amended;
    private long _retracted;

    public EventImport(IDisk disk, EventSnapshot before, ImportLimits limits, IncrementalHash fingerprint)
    {
        (_disk, _limits, _fingerprint) = (disk, limits, fingerprint);
        (_batch, _records) = (new(limits.BatchRows), new(limits.BatchRows));
        _number = before.Number + 1;
        _folder = StoreImport.FolderOf(_number);
        (_patients, _concepts, _encounters, _medications) = (before.CopyPatients(), before.CopyConcepts(), before.ReadEncounters(), before.ReadMedications());
        (_oldPatients, _oldConcepts) = (_patients.Count, _concepts.Concepts.Count);
        _indexes = before.RecordIndexes;
        _disk.CreateDirectory(_folder);
    }

    public void BeginFile(string name) => _files.Add(name);

    public int DeclarePatient(ReadOnlySpan<byte> identifier) => _patients.GetOrAdd(identifier, out _);

    public int FindPatient(ReadOnlySpan<byte> identifier) => _patients.Find(identifier);

    public bool KnowsEncounter(long encounter) => _encounters.Contains(encounter);

    public bool DeclareMedication(ReadOnlySpan<byte> identifier, int concept) => _medications.TryAdd(identifier, concept);

    public int FindMedication(ReadOnlySpan<byte> identifier) => _medications.Find(identifier);

    public int Concept(params ReadOnlySpan<Coding> codings) => _concepts.GetOrAdd(codings);

    public void Add(in SourceRecord record, params ReadOnlySpan<ClinicalEvent> events) => Take(record, events, null);

    public void Retract(in SourceRecord record) => Take(record, [], Withdrawal.InError);

    public void Skip(in SourceRecord record, SkipReason reason) => Take(record, [], reason == SkipReason.NotAnEvent ? Withdrawal.NotAnEvent : Withdrawal.KindNotKept);

    public void Refuse(long line, RecordFault fault, string element = "")
    {
        _read++;
        _allRefused++;
        Count(_refused, fault);
        _faults.Add(_files[^1], line, fault.Sentence(), element);
    }

    public void Note(long line, RecordNote note, string element = "")
    {
        Count(_notes, note);
        _faults.Add(_files[^1], line, note.Sentence(), element);
    }

    /// <summary>Writes what is left and puts the import into the manifest: from then on it is there, whole.</summary>
    /// <exception cref="DatasetException">More records were refused than is allowed.</exception>
    public StoreImport Commit(StoreManifest manifest, string source, DateTimeOffset at)
    {
        Flush();
        CheckLimit();
        var texts = new List<string>();
        for (var i = _oldPatients; i < _patients.Count; i++)
            texts.Add(Encoding.UTF8.GetString(_patients[i]));
        WriteTexts(EventSnapshot.PatientsFile, texts);
        WriteTexts(EventSnapshot.ConceptsFile, [.. _concepts.Concepts.Skip(_oldConcepts).Select(codings => StoreTables.ConceptText(codings.AsSpan()))]);
        if (!_medications.IsUnchanged)
            WriteMedications(_medications.Changes());
        Create($"{_folder}/{EventSnapshot.AmendmentsFile}", stream => StoreTables.WriteAmendments(stream, _amendments));
        foreach (var (place, until) in _amendments)
            _fingerprint.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{place.Import} {place.File} {place.Line} {until.Microseconds}\n")));
        Create($"{_folder}/{EventSnapshot.FaultsFile}", _faults.WriteTo);
        _disk.SyncDirectory(_folder);

        var import = new StoreImport(
            _number, source, at, Sha256Digest.Of(_fingerprint), _patients.Count, _concepts.Concepts.Count, [.. _segments], _ownIndexes, [.. _files],
            new ImportCounts(
                _added, _unchanged, _amended, _retracted, _skipped.ToImmutableSortedDictionary(), _refused.ToImmutableSortedDictionary(), _notes.ToImmutableSortedDictionary()));
        FaultPoint.Reached("import-written");
        new StoreManifest(manifest.Imports.Add(import)).Write(_disk);
        FaultPoint.Reached("import-committed");
        return import;
    }

    private void Take(in SourceRecord record, ReadOnlySpan<ClinicalEvent> events, Withdrawal? withdrawal)
    {
        _read++;
        // What is written over by a later version ends where that one becomes available; where no rule says when that is, it is as if it had never been.
        var until = ClinicalTime.None;
        foreach (ref readonly var item in events)
        {
            if (item.Kind == EventKind.Encounter)
                _encounters.Add(item.Encounter);
            if (item.Available.IsKnown && !item.Flags.HasFlag(EventFlags.AvailableAtEncounterEnd) && (!until.IsKnown || item.Available < until))
                until = item.Available;
            _batch.Add(item, _files.Count - 1, record.Line);
        }

        _records.Add(new BatchRecord(record.Key, record.Content, record.Line, until, _files.Count - 1, _batch.Rows, withdrawal));
        if (_batch.Rows >= _limits.BatchRows || _records.Count >= _limits.BatchRows)
        {
            Flush();
            CheckLimit();
        }
    }

    private void Flush()
    {
        if (_records.Count == 0)
            return;
        _records.SortByKey();
        // What this import has itself comes first: a record that it repeats is not held against the store a second time.
        _records.MatchDuplicates(_number, Resolve);
        foreach (var path in Enumerable.Range(0, _ownIndexes).Select(own => StoreImport.IndexOf(_number, own)).Concat(_indexes))
        {
            using var index = new RecordIndex(_disk, path);
            _records.Match(index, Resolve);
        }

        foreach (var withdrawal in _records.New())
            CountFate(withdrawal, ref _added);

        var rows = RowsInOrder();
        if (rows.Length > 0)
        {
            _sorted.Gather(_batch, rows);
            _sorted.AppendTo(_fingerprint);
            Create(StoreImport.SegmentOf(_number, _segments.Count), stream => SegmentFile.Write(stream, _sorted));
            _segments.Add(rows.Length);
            FaultPoint.Reached("import-segment-written");
        }

        if (_records.Kept() > 0)
            Create(StoreImport.IndexOf(_number, _ownIndexes++), stream => _records.WriteIndex(stream, _number));
        _batch.Rows = 0;
        _records.Clear();
    }

    // One record of the batch whose key is there already: in this import, or in an earlier one.
    private void Resolve(int record, in IndexedRecord known)
    {
        if (_records[record].Content == known.Content)
        {
            _unchanged++;
            _records.Drop(record);
            if (known.Import == _number)
                Noted(record, RecordNote.Duplicate);
        }
        else if (known.Import == _number)
        {
            _records.Drop(record);
            _allRefused++;
            Count(_refused, RecordFault.DuplicateDiffers);
            _faults.Add(_files[_records[record].File], _records[record].Line, RecordFault.DuplicateDiffers.Sentence(), "");
        }
        else
        {
            _amendments.Add((known.Place, _records[record].Until));
            _records.Supersede(record);
            CountFate(_records[record].Withdrawal, ref _amended);
        }
    }

    private void CountFate(Withdrawal? withdrawal, ref long kept)
    {
        switch (withdrawal)
        {
            case null:
                kept++;
                break;
            case Withdrawal.InError:
                _retracted++;
                break;
            case var skipped:
                Count(_skipped, skipped == Withdrawal.NotAnEvent ? SkipReason.NotAnEvent : SkipReason.KindNotKept);
                break;
        }
    }

    private void Noted(int record, RecordNote note)
    {
        Count(_notes, note);
        _faults.Add(_files[_records[record].File], _records[record].Line, note.Sentence(), "");
    }

    // By patient, then time, then as they came: a counting sort over the patients' ordinals, then each patient's own.
    private int[] RowsInOrder()
    {
        var starts = new int[_patients.Count + 1];
        foreach (var row in KeptRows())
            starts[_batch.Patient[row] + 1]++;
        for (var patient = 0; patient < _patients.Count; patient++)
            starts[patient + 1] += starts[patient];
        var next = starts.AsSpan(0, _patients.Count).ToArray();
        var rows = new int[starts[^1]];
        foreach (var row in KeptRows())
            rows[next[_batch.Patient[row]]++] = row;

        var byTime = new ByTime(_batch.Time);
        for (var patient = 0; patient < _patients.Count; patient++)
            rows.AsSpan(starts[patient], starts[patient + 1] - starts[patient]).Sort(byTime);
        return rows;
    }

    private IEnumerable<int> KeptRows()
    {
        for (var (record, row) = (0, 0); record < _records.Count; record++)
        {
            for (; row < _records[record].Rows; row++)
            {
                if (!_records.IsDropped(record))
                    yield return row;
            }
        }
    }

    private void CheckLimit()
    {
        if (_allRefused > _limits.MaximumRefusedShare * _read)
        {
            throw new DatasetException(string.Create(CultureInfo.InvariantCulture,
                $"{_allRefused} of {_read} records were refused; the site's policy allows a share of {_limits.MaximumRefusedShare} (maximum-faulty-rows). Nothing was imported. The first: {_faults.First}. Mend the export, or the policy."));
        }
    }

    private void WriteTexts(string name, IReadOnlyCollection<string> texts)
    {
        foreach (var text in texts)
            _fingerprint.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
        Create($"{_folder}/{name}", stream => StoreTables.WriteTexts(stream, texts));
    }

    private void WriteMedications(byte[] changes)
    {
        _fingerprint.AppendData(changes);
        Create($"{_folder}/{EventSnapshot.MedicationsFile}", stream => stream.Write(changes));
    }

    private void Create(string path, Action<Stream> write)
    {
        using var stream = new DiskStream(_disk.Open(path, DiskMode.Replace));
        write(stream);
        stream.Sync();
    }

    private static void Count<T>(SortedDictionary<T, long> counts, T key)
        where T : notnull => counts[key] = counts.GetValueOrDefault(key) + 1;

    private readonly struct ByTime(long[] times) : IComparer<int>
    {
        public int Compare(int x, int y) => times[x] != times[y] ? times[x].CompareTo(times[y]) : x.CompareTo(y);
    }
}
