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

/// <summary>A record of a batch.</summary>
/// <param name="Key">See <see cref="SourceRecord"/>.</param>
/// <param name="Content">See <see cref="SourceRecord"/>.</param>
/// <param name="Line">Line in its file.</param>
/// <param name="Until">When what an earlier version said ends, where there is one.</param>
/// <param name="File">Ordinal of its file.</param>
/// <param name="Rows">Rows of the batch up to and with its last one: they begin where those of the record before it end.</param>
/// <param name="Withdrawal">Why it has no events; null where it has some.</param>
internal readonly record struct BatchRecord(UInt128 Key, ulong Content, long Line, ClinicalTime Until, int File, int Rows, Withdrawal? Withdrawal);

/// <summary>The records of a batch, and what becomes of each.</summary>
/// <param name="most">See <see cref="Room"/>.</param>
internal sealed class BatchRecords(int most)
{
    private BatchRecord[] _records = [];
    private Fate[] _fates = []; // apart: it is asked again and again, and is all that changes
    private ulong[] _upper = []; // halves of the keys, in their order
    private int[] _order = [];
    private int _kept;

    private enum Fate : byte
    {
        New,
        Superseding,
        Dropped,
    }

    public int Count { get; private set; }

    public ref readonly BatchRecord this[int record] => ref _records[record];

    public void Add(in BatchRecord record)
    {
        if (Count == _records.Length)
            Room.Make(ref _records, Count, Room.After(Count, most));
        _records[Count++] = record;
    }

    public bool IsDropped(int record) => _fates[record] == Fate.Dropped;

    public void Drop(int record) => _fates[record] = Fate.Dropped;

    public void Supersede(int record) => _fates[record] = Fate.Superseding;

    public void Clear() => Count = 0;

    /// <summary>Brings the records into the order of their keys; of one key, as they came. Needed before what follows.</summary>
    public void SortByKey()
    {
        if (_order.Length < Count)
            (_fates, _upper, _order) = (new Fate[_records.Length], new ulong[_records.Length], new int[_records.Length]);
        _fates.AsSpan(0, Count).Clear();
        for (var i = 0; i < Count; i++)
            (_upper[i], _order[i]) = ((ulong)(_records[i].Key >> 64), i);
        Array.Sort(_upper, _order, 0, Count);
        // Keys are hashes: their upper halves decide but for one pair in 10^7 records or so, and those that are the same record twice.
        for (var start = 0; start < Count;)
        {
            var end = start + 1;
            while (end < Count && _upper[end] == _upper[start])
                end++;
            if (end - start > 1)
                _order.AsSpan(start, end - start).Sort((x, y) => _records[x].Key != _records[y].Key ? _records[x].Key.CompareTo(_records[y].Key) : x.CompareTo(y));
            start = end;
        }
    }

    /// <summary>Finds records whose key stands in the batch before them.</summary>
    public void MatchDuplicates(int import, KnownRecord known)
    {
        for (var (first, i) = (0, 1); i < Count; i++)
        {
            if (_upper[i] == _upper[first] && _records[_order[i]].Key == _records[_order[first]].Key)
                known(_order[i], Indexed(_order[first], import));
            else
                first = i;
        }
    }

    /// <summary>Finds records whose key is in an index. Those of which something is known already are passed over: the newest index comes first.</summary>
    public void Match(RecordIndex index, KnownRecord known)
    {
        var upper = _upper.AsSpan(0, Count);
        var at = 0;
        while (index.Next())
        {
            var keys = index.Keys;
            for (var i = 0; i < keys.Length; i++)
            {
                while (at < upper.Length && upper[at] < keys[i])
                    at++;
                if (at == upper.Length)
                    return;
                for (var same = at; same < upper.Length && upper[same] == keys[i]; same++)
                {
                    var record = _order[same];
                    if (_fates[record] == Fate.New && (ulong)_records[record].Key == index[i].LowerKey)
                        known(record, index[i]);
                }
            }
        }
    }

    /// <summary>The records that nothing was known of: why each has no events, null where it has some.</summary>
    public IEnumerable<Withdrawal?> New()
    {
        for (var record = 0; record < Count; record++)
        {
            if (_fates[record] == Fate.New)
                yield return _records[record].Withdrawal;
        }
    }

    /// <summary>Takes what was dropped out of the order.</summary>
    /// <returns>How many are left.</returns>
    public int Kept()
    {
        _kept = 0;
        for (var i = 0; i < Count; i++)
        {
            if (!IsDropped(_order[i]))
                (_upper[_kept], _order[_kept++]) = (_upper[i], _order[i]);
        }

        return _kept;
    }

    /// <summary>Writes the index of what <see cref="Kept"/> has left.</summary>
    public void WriteIndex(Stream stream, int import) =>
        RecordIndex.Write(stream, _upper.AsSpan(0, _kept), _order.Take(_kept).Select(record => Indexed(record, import)));

    private IndexedRecord Indexed(int record, int import)
    {
        ref readonly var from = ref _records[record];
        return new((ulong)from.Key, from.Content, from.Line, from.File, import);
    }
}
