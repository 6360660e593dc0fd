using System.IO.Hashing;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Numbers byte strings in the order of their first appearance, without making a string of each that comes. Not for use by several threads at once.</summary>
public sealed class Utf8Dictionary
{
    private int[] _slots = new int[1024]; // ordinal + 1; 0: free
    private ulong[] _hashes = new ulong[512];
    private (int Start, int Length)[] _places = new (int, int)[512];
    private byte[] _bytes = new byte[1 << 14];
    private int _used;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>The bytes of an ordinal.</summary>
    public ReadOnlySpan<byte> this[int ordinal] => _bytes.AsSpan(_places[ordinal].Start, _places[ordinal].Length);

    /// <summary>The ordinal of a byte string; -1: not there.</summary>
    public int Find(ReadOnlySpan<byte> value) => _slots[Slot(value, XxHash3.HashToUInt64(value))] - 1;

    /// <summary>The ordinal of a byte string, which is added where it is not there.</summary>
    /// <param name="value">The bytes.</param>
    /// <param name="added">Whether it was added.</param>
    public int GetOrAdd(ReadOnlySpan<byte> value, out bool added)
    {
        var hash = XxHash3.HashToUInt64(value);
        var slot = Slot(value, hash);
        added = _slots[slot] == 0;
        if (!added)
            return _slots[slot] - 1;
        if (Count == _hashes.Length)
        {
            Grow();
            slot = Slot(value, hash);
        }

        if (_used + value.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, checked(_used + value.Length)));
        value.CopyTo(_bytes.AsSpan(_used));
        (_hashes[Count], _places[Count]) = (hash, (_used, value.Length));
        _used += value.Length;
        _slots[slot] = ++Count;
        return Count - 1;
    }

    private int Slot(ReadOnlySpan<byte> value, ulong hash)
    {
        var mask = _slots.Length - 1;
        for (var slot = (int)hash & mask; ; slot = (slot + 1) & mask)
        {
            var ordinal = _slots[slot] - 1;
            if (ordinal < 0 || (_hashes[ordinal] == hash && this[ordinal].SequenceEqual(value)))
                return slot;
        }
    }

    private void Grow()
    {
        Array.Resize(ref _hashes, Count * 2);
        Array.Resize(ref _places, Count * 2);
        _slots = new int[_slots.Length * 2];
        var mask = _slots.Length - 1;
        for (var ordinal = 0; ordinal < Count; ordinal++)
        {
            var slot = (int)_hashes[ordinal] & mask;
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;
            _slots[slot] = ordinal + 1;
        }
    }
}
