using System.Buffers.Binary;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Where a version of a record stands.</summary>
/// <param name="Import">Number of the import.</param>
/// <param name="File">Ordinal of the file in the import.</param>
/// <param name="Line">Line in the file.</param>
internal readonly record struct RecordPlace(int Import, int File, long Line);

/// <summary>An entry of a record index: the last version of a record that the store has.</summary>
internal readonly record struct IndexedRecord(UInt128 Key, ulong Content, RecordPlace Place);

/// <summary>
/// A file of <see cref="IndexedRecord"/>s in the order of their keys. Imports are held against it by going through both in order, so that
/// memory stays what a batch needs, however many records the store has.
/// </summary>
internal static class RecordIndex
{
    private const int EntryLength = 16 + 8 + 4 + 4 + 8;
    private const int BlockEntries = 1 << 14;

    public static void Write(Stream stream, IEnumerable<IndexedRecord> records)
    {
        var block = new byte[BlockEntries * EntryLength];
        var used = 0;
        foreach (var record in records)
        {
            var entry = block.AsSpan(used, EntryLength);
            BinaryPrimitives.WriteUInt128LittleEndian(entry, record.Key);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], record.Content);
            BinaryPrimitives.WriteInt32LittleEndian(entry[24..], record.Place.Import);
            BinaryPrimitives.WriteInt32LittleEndian(entry[28..], record.Place.File);
            BinaryPrimitives.WriteInt64LittleEndian(entry[32..], record.Place.Line);
            used += EntryLength;
            if (used == block.Length)
            {
                stream.Write(block);
                used = 0;
            }
        }

        stream.Write(block.AsSpan(0, used));
    }

    public static IEnumerable<IndexedRecord> Read(IDisk disk, string path)
    {
        using var file = disk.Open(path, DiskMode.Read);
        var block = new byte[BlockEntries * EntryLength];
        for (var offset = 0L; ;)
        {
            var read = file.Read(offset, block);
            if (read == 0)
                yield break;
            if (read % EntryLength != 0)
                throw new DatasetException($"'{path}' of the event store is cut off. Import the export anew into an empty store.");
            offset += read;
            for (var at = 0; at < read; at += EntryLength)
            {
                var entry = block.AsSpan(at, EntryLength);
                yield return new IndexedRecord(
                    BinaryPrimitives.ReadUInt128LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                    new RecordPlace(BinaryPrimitives.ReadInt32LittleEndian(entry[24..]), BinaryPrimitives.ReadInt32LittleEndian(entry[28..]), BinaryPrimitives.ReadInt64LittleEndian(entry[32..])));
            }
        }
    }

    /// <summary>Merges indexes, each in the order of its keys. Of entries with one key the last index's counts.</summary>
    public static IEnumerable<IndexedRecord> Merge(IReadOnlyList<IEnumerable<IndexedRecord>> indexes)
    {
        var cursors = new PriorityQueue<(IEnumerator<IndexedRecord> Records, int Index), (UInt128, int)>();
        try
        {
            foreach (var (index, records) in indexes.Select((records, i) => (i, records.GetEnumerator())))
                Advance(records, index);
            IndexedRecord? held = null;
            while (cursors.TryDequeue(out var cursor, out _))
            {
                var next = cursor.Records.Current;
                if (held is { } last && last.Key != next.Key)
                    yield return last;
                held = next; // of one key the queue gives the indexes in order
                Advance(cursor.Records, cursor.Index);
            }

            if (held is { } end)
                yield return end;
        }
        finally
        {
            while (cursors.TryDequeue(out var cursor, out _))
                cursor.Records.Dispose();
        }

        void Advance(IEnumerator<IndexedRecord> records, int index)
        {
            if (records.MoveNext())
                cursors.Enqueue((records, index), (records.Current.Key, index));
            else
                records.Dispose();
        }
    }
}
