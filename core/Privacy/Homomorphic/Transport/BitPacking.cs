using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FederatedClinicalMl.Privacy;

/// <summary>Words of fewer than 64 bits, one after the other without gaps, the lowest bit first, little-endian. Their number is a multiple of 64, so that they end with a byte.</summary>
internal static class BitPacking
{
    public static int Length(int words, int bits) => checked((int)((long)words * bits / 8));

    /// <summary>Writes words below 2^bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(ReadOnlySpan<ulong> words, int bits, Span<byte> destination)
    {
        var packed = MemoryMarshal.Cast<byte, ulong>(destination);
        var (next, at) = (0UL, 0);
        var used = 0;
        foreach (var word in words)
        {
            next |= word << used;
            used += bits;
            if (used < 64)
                continue;
            packed[at++] = next;
            used -= 64;
            next = word >> (bits - used); // zero where nothing is left of the word
        }
    }

    /// <summary>Reads words.</summary>
    /// <returns>Whether each is below the bound.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Unpack(ReadOnlySpan<byte> source, int bits, ulong bound, Span<ulong> words)
    {
        var packed = MemoryMarshal.Cast<byte, ulong>(source);
        var mask = (1UL << bits) - 1;
        var greatest = 0UL;
        for (int i = 0, position = 0; i < words.Length; i++, position += bits)
        {
            var (at, shift) = (position >> 6, position & 63);
            var word = packed[at] >> shift;
            if (shift + bits > 64)
                word |= packed[at + 1] << (64 - shift);
            word &= mask;
            greatest = Math.Max(greatest, word);
            words[i] = word;
        }

        return greatest < bound;
    }
}
