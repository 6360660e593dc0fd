using System.Buffers.Binary;
using System.IO.Hashing;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// What the medications are that records refer to: by a hash of their identifier, the ordinal of their code. Some hospitals describe a medication for each order, so
/// that it holds a number for an identifier, and no more than four million of them: about 200 MB.
/// </summary>
/// <param name="most">Most medications that are kept.</param>
public sealed class MedicationIndex(int most = 1 << 22)
{
    private const int EntryLength = sizeof(ulong) + sizeof(int);

    private readonly Dictionary<ulong, int> _concepts = [];
    private readonly Dictionary<ulong, int> _changed = [];

    /// <summary>Whether nothing was declared since the index was read.</summary>
    public bool IsUnchanged => _changed.Count == 0;

    /// <summary>Keeps a medication; false: there are too many.</summary>
    public bool TryAdd(ReadOnlySpan<byte> identifier, int concept)
    {
        var key = XxHash3.HashToUInt64(identifier);
        var isKnown = _concepts.TryGetValue(key, out var known);
        if (!isKnown && _concepts.Count == most)
            return false;
        if (!isKnown || known != concept)
            _concepts[key] = _changed[key] = concept;
        return true;
    }

    /// <summary>Ordinal of the code of a medication; -1: none.</summary>
    public int Find(ReadOnlySpan<byte> identifier) => _concepts.GetValueOrDefault(XxHash3.HashToUInt64(identifier), -1);

    /// <summary>Takes over what an earlier import declared.</summary>
    /// <exception cref="DatasetException">The file is cut off.</exception>
    public void Read(ReadOnlySpan<byte> file)
    {
        if (file.Length % EntryLength != 0)
            throw new DatasetException("The medications of the event store are cut off. Import the export anew into an empty store.");
        for (; !file.IsEmpty; file = file[EntryLength..])
            _concepts[BinaryPrimitives.ReadUInt64LittleEndian(file)] = BinaryPrimitives.ReadInt32LittleEndian(file[sizeof(ulong)..]);
    }

    /// <summary>What this import declared or changed, in the order of the hashes.</summary>
    public byte[] Changes()
    {
        var file = new byte[_changed.Count * EntryLength];
        foreach (var (i, (key, concept)) in _changed.OrderBy(item => item.Key).Index())
        {
            BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(i * EntryLength), key);
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan((i * EntryLength) + sizeof(ulong)), concept);
        }

        return file;
    }
}
