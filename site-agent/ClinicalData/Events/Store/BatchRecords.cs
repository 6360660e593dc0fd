namespace FederatedClinicalMl.ClinicalData;

/// <summary>What is done with a record whose key is known already.</summary>
internal delegate void KnownRecord(int record, in IndexedRecord known);

/// <summary>Why a record has no events: whatever an earlier version of it said is as if it had never been.</summary>
internal enum Withdrawal : byte
{
    /// <summary>It was entered in error.</summary>
    InError,

    /// <summary>It did not happen, or not yet.</summary>
    NotAnEvent,

    /// <summary>It is of a kind that is not kept.</summary>
    KindNotKept,
}

/// <summary>The records of a batch: keys, contents and places, and what becomes of each.</summary>
internal sealed class BatchRecords
{
    private readonly List<Entry> _entries = [];

    private enum Fate : byte
    {
        New,
        Superseding,
        Dropped,
    }

    public int Count => _entries.Count;

    public void Add(in SourceRecord record, int file, ClinicalTime until, Withdrawal? withdrawal) =>
        _entries.Add(new Entry(record.Key, record.Content, file, record.Line, until, withdrawal, Fate.New));

    public ulong Content(int record) => _entries[record].Content;

    public int File(int record) => _entries[record].File;

    public long Line(int record) => _entries[record].Line;

    public ClinicalTime Until(int record) => _entries[record].Until;

    public Withdrawal? WithdrawalOf(int record) => _entries[record].Withdrawal;

    public bool IsDropped(int record) => _entries[record].Fate == Fate.Dropped;

    public void Drop(int record) => _entries[record] = _entries[record] with { Fate = Fate.Dropped };

    public void Supersede(int record) => _entries[record] = _entries[record] with { Fate = Fate.Superseding };

    public void Clear() => _entries.Clear();

    /// <summary>The records in the order of their keys; of one key, as they came.</summary>
    public int[] SortByKey()
    {
        // Keys are hashes: their upper halves decide but for one pair in 10^7 records or so.
        var upper = new ulong[_entries.Count];
        var order = new int[_entries.Count];
        for (var i = 0; i < order.Length; i++)
            (upper[i], order[i]) = ((ulong)(_entries[i].Key >> 64), i);
        Array.Sort(upper, order);
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && upper[end] == upper[start])
                end++;
            if (end - start > 1)
                order.AsSpan(start, end - start).Sort((x, y) => _entries[x].Key != _entries[y].Key ? _entries[x].Key.CompareTo(_entries[y].Key) : x.CompareTo(y));
            start = end;
        }

        return order;
    }

    /// <summary>Finds records whose key stands in the batch before them.</summary>
    public void MatchDuplicates(int[] order, int import, KnownRecord known)
    {
        for (var (first, i) = (0, 1); i < order.Length; i++)
        {
            if (_entries[order[i]].Key == _entries[order[first]].Key)
                known(order[i], Indexed(order[first], import));
            else
                first = i;
        }
    }

    /// <summary>Finds records whose key is in an index. Those that were dropped already are passed over.</summary>
    public void Match(int[] order, IEnumerable<IndexedRecord> index, KnownRecord known)
    {
        var at = 0;
        foreach (var entry in index)
        {
            while (at < order.Length && _entries[order[at]].Key < entry.Key)
                at++;
            if (at == order.Length)
                return;
            for (var same = at; same < order.Length && _entries[order[same]].Key == entry.Key; same++)
            {
                if (!IsDropped(order[same]))
                    known(order[same], entry);
            }
        }
    }

    /// <summary>The records that nothing was known of: why each has no events, null where it has some.</summary>
    public IEnumerable<Withdrawal?> New() => _entries.Where(entry => entry.Fate == Fate.New).Select(entry => entry.Withdrawal);

    /// <summary>What goes into the index, in the order of the keys.</summary>
    public IEnumerable<IndexedRecord> Kept(int[] order, int import) => order.Where(record => !IsDropped(record)).Select(record => Indexed(record, import));

    private IndexedRecord Indexed(int record, int import) =>
        new(_entries[record].Key, _entries[record].Content, new RecordPlace(import, _entries[record].File, _entries[record].Line));

    private readonly record struct Entry(UInt128 Key, ulong Content, int File, long Line, ClinicalTime Until, Withdrawal? Withdrawal, Fate Fate);
}
