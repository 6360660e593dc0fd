using System.Runtime.InteropServices;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Between the words of masked vectors and plaintexts modulo t = 2^b: b is at most the bits of a word, so that what is added modulo 2^32 or 2^64, masks above all, is added modulo t once the
/// upper bits are cut off.
/// </summary>
public static class PlaintextWords
{
    /// <summary>The words modulo 2^b.</summary>
    public static ulong[] Cut(MaskWord word, ReadOnlySpan<byte> vector, int bits)
    {
        var words = new ulong[vector.Length / word.Bytes()];
        for (var i = 0; i < words.Length; i++)
            words[i] = (word == MaskWord.Bits32 ? MemoryMarshal.Cast<byte, uint>(vector)[i] : MemoryMarshal.Cast<byte, ulong>(vector)[i]) & ((1UL << bits) - 1);
        return words;
    }

    /// <summary>Numbers modulo 2^b as the words of a sum without masks: those of the upper half are negative.</summary>
    public static void Extend(MaskWord word, ReadOnlySpan<ulong> words, int bits, Span<byte> vector)
    {
        for (var i = 0; i < words.Length; i++)
        {
            var number = (long)(words[i] << (64 - bits)) >> (64 - bits);
            if (word == MaskWord.Bits32)
                MemoryMarshal.Cast<byte, int>(vector)[i] = (int)number;
            else
                MemoryMarshal.Cast<byte, long>(vector)[i] = number;
        }
    }
}
