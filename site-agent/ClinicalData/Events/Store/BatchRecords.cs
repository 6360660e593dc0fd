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
    private readonly List<UInt128> _keys = [];
    private readonly List<Entry> _entries = [];
    private readonly List<Fate> _fates = []; // apart: it is asked for every event, and is all that changes
    private UInt128[] _sorted = [];
    private int[] _order = [];

    private enum Fate : byte
    {
        New,
        Superseding,
        Dropped,
    }

    public int Count => _entries.Count;

    public void Add(in SourceRecord record, int file, ClinicalTime until, Withdrawal? withdrawal)
    {
        _keys.Add(record.Key);
        _entries.Add(new Entry(record.Content, record.Line, until, file, withdrawal));
        _fates.Add(Fate.New);
    }

    public ulong Content(int record) => _entries[record].Content;

    public int File(int record) => _entries[record].File;

    public long Line(int record) => _entries[record].Line;

    public ClinicalTime Until(int record) => _entries[record].Until;

    public Withdrawal? WithdrawalOf(int record) => _entries[record].Withdrawal;

    public bool IsDropped(int record) => _fates[record] == Fate.Dropped;

    public void Drop(int record) => _fates[record] = Fate.Dropped;

    public void Supersede(int record) => _fates[record] = Fate.Superseding;

    public void Clear()
    {
        _keys.Clear();
        _entries.Clear();
        _fates.Clear();
    }

    /// <summary>Brings the records into the order of their keys; of one key, as they came. Needed before what follows.</summary>
    public void SortByKey()
    {
        // Keys are hashes: their upper halves decide but for one pair in 10^7 records or so.
        var upper = new ulong[Count];
        var order = new int[Count];
        for (var i = 0; i < order.Length; i++)
            (upper[i], order[i]) = ((ulong)(_keys[i] >> 64), i);
        Array.Sort(upper, order);
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && upper[end] == upper[start])
                end++;
            if (end - start > 1)
                order.AsSpan(start, end - start).Sort((x, y) => _keys[x] != _keys[y] ? _keys[x].CompareTo(_keys[y]) : x.CompareTo(y));
            start = end;
        }

        (_order, _sorted) = (order, new UInt128[Count]);
        for (var i = 0; i < order.Length; i++)
            _sorted[i] = _keys[order[i]];
    }

    /// <summary>Finds records whose key stands in the batch before them.</summary>
    public void MatchDuplicates(int import, KnownRecord known)
    {
        for (var (first, i) = (0, 1); i < _order.Length; i++)
        {
            if (_sorted[i] == _sorted[first])
                known(_order[i], Indexed(first, import));
            else
                first = i;
        }
    }

    /// <summary>Finds records whose key is in an index. Those that were dropped already are passed over.</summary>
    public void Match(IEnumerable<IndexedRecord> index, KnownRecord known)
    {
        var at = 0;
        foreach (var entry in index)
        {
            while (at < _sorted.Length && _sorted[at] < entry.Key)
                at++;
            if (at == _sorted.Length)
                return;
            for (var same = at; same < _sorted.Length && _sorted[same] == entry.Key; same++)
            {
                if (!IsDropped(_order[same]))
                    known(_order[same], entry);
            }
        }
    }

    /// <summary>The records that nothing was known of: why each has no events, null where it has some.</summary>
    public IEnumerable<Withdrawal?> New()
    {
        for (var record = 0; record < Count; record++)
        {
            if (_fates[record] == Fate.New)
                yield return _entries[record].Withdrawal;
        }
    }

    /// <summary>What goes into the index, in the order of the keys.</summary>
    public IEnumerable<IndexedRecord> Kept(int import)
    {
        for (var i = 0; i < _order.Length; i++)
        {
            if (!IsDropped(_order[i]))
                yield return Indexed(i, import);
        }
    }

    private IndexedRecord Indexed(int sorted, int import)
    {
        var entry = _entries[_order[sorted]];
        return new(_sorted[sorted], entry.Content, new RecordPlace(import, entry.File, entry.Line));
    }

    private readonly record struct Entry(ulong Content, long Line, ClinicalTime Until, int File, Withdrawal? Withdrawal);
}
