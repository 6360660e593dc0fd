using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Where a version of a record stands.</summary>
/// <param name="Import">Number of the import.</param>
/// <param name="File">Ordinal of the file in the import.</param>
/// <param name="Line">Line in the file.</param>
internal readonly record struct RecordPlace(int Import, int File, long Line);

/// <summary>What a record index says of a record besides the upper half of its key. As it lies in the file.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct IndexedRecord(ulong LowerKey, ulong Content, long Line, int File, int Import)
{
    public RecordPlace Place => new(Import, File, Line);
}

/// <summary>
/// A file that says which records a batch of an import brought: first the upper halves of all keys, in their order, then an <see cref="IndexedRecord"/> for each. A batch is held
/// against it by going through both in order; keys are hashes, so that the upper halves tell nearly always that nothing more need be read. Memory stays what a batch
/// needs, however many records the store has.
/// </summary>
internal sealed class RecordIndex : IDisposable
{
    private const int BlockRecords = 1 << 14;
    private static readonly int s_recordLength = Unsafe.SizeOf<IndexedRecord>();

    private readonly IDiskFile _file;
    private readonly int _count;
    private readonly ulong[] _keys = new ulong[BlockRecords];
    private readonly IndexedRecord[] _records = new IndexedRecord[BlockRecords];
    private int _start;
    private int _length;
    private int _recordsStart = -1;

    /// <summary>Opens an index.</summary>
    /// <exception cref="DatasetException">It is cut off.</exception>
    public RecordIndex(IDisk disk, string path)
    {
        _file = disk.Open(path, DiskMode.Read);
        var (count, rest) = Math.DivRem(_file.Length, sizeof(ulong) + s_recordLength);
        if (rest == 0 && count <= int.MaxValue)
        {
            _count = (int)count;
            return;
        }

        _file.Dispose();
        throw new DatasetException($"'{path}' of the event store is cut off. Import the export anew into an empty store.");
    }

    /// <summary>Upper halves of the keys of the present block, in order; none before <see cref="Next"/>.</summary>
    public ReadOnlySpan<ulong> Keys => _keys.AsSpan(0, _length);

    /// <summary>A record of the present block.</summary>
    public IndexedRecord this[int index]
    {
        get
        {
            if (_recordsStart != _start)
            {
                _file.Read(((long)_count * sizeof(ulong)) + ((long)_start * s_recordLength), MemoryMarshal.AsBytes(_records.AsSpan(0, _length)));
                _recordsStart = _start;
            }

            return _records[index];
        }
    }

    /// <summary>Goes on to the next block; false: there is none.</summary>
    public bool Next()
    {
        _start += _length;
        _length = Math.Min(BlockRecords, _count - _start);
        return _length > 0 && _file.Read((long)_start * sizeof(ulong), MemoryMarshal.AsBytes(_keys.AsSpan(0, _length))) > 0;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>Writes an index.</summary>
    public static void Write(Stream stream, ReadOnlySpan<ulong> keys, IEnumerable<IndexedRecord> records)
    {
        stream.Write(MemoryMarshal.AsBytes(keys));
        var block = new IndexedRecord[BlockRecords];
        var used = 0;
        foreach (var record in records)
        {
            block[used++] = record;
            if (used == block.Length)
                Flush();
        }

        Flush();

        void Flush()
        {
            stream.Write(MemoryMarshal.AsBytes(block.AsSpan(0, used)));
            used = 0;
        }
    }
}
