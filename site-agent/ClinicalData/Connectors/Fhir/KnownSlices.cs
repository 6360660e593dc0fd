using System.IO.Hashing;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Objects and arrays that stood in earlier resources and were read then: categories, codes, tags, the same few hundred again and again. What begins with the bytes of
/// one of them is that value and valid, for an object ends where it ends, whatever follows. A few thousand are remembered, the oldest forgotten.
/// </summary>
internal sealed class KnownSlices
{
    private const int Sets = 256;
    private const int Ways = 4;
    private const int Shortest = 64; // by so many bytes it is looked up
    private const int Longest = 512;

    private readonly byte[]?[] _slices = new byte[]?[Sets * Ways];
    private readonly int[] _lengths = new int[Sets * Ways];
    private readonly byte[] _oldest = new byte[Sets];

    /// <summary>Length of the known value with which bytes begin; 0: none.</summary>
    public int Find(ReadOnlySpan<byte> json)
    {
        if (json.Length < Shortest)
            return 0;
        var first = SetOf(json) * Ways;
        for (var place = first; place < first + Ways; place++)
        {
            var length = _lengths[place];
            if (length > 0 && json.StartsWith(_slices[place].AsSpan(0, length)))
                return length;
        }

        return 0;
    }

    /// <summary>Remembers a value that was read.</summary>
    public void Add(ReadOnlySpan<byte> slice)
    {
        if (slice.Length is < Shortest or > Longest)
            return;
        var set = SetOf(slice);
        var place = (set * Ways) + (_oldest[set]++ % Ways);
        if (_slices[place] is not { } room || room.Length < slice.Length)
            _slices[place] = room = new byte[slice.Length];
        slice.CopyTo(room);
        _lengths[place] = slice.Length;
    }

    private static int SetOf(ReadOnlySpan<byte> json) => (int)XxHash3.HashToUInt64(json[..Shortest]) & (Sets - 1);
}
