using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Vectors of 32- or 64-bit words, little-endian, that are added modulo 2^32 or 2^64: exact, whatever the order. (<c>ExactVectorSum</c> adds codes, which a
/// masked
/// word is not: it takes every value, and has to wrap.) Any whole words of a vector may be treated by themselves.
/// </summary>
public static class MaskedVector
{
    private const int Tile = 512;

    /// <summary>Writes a site's update as words: each code times the site's weight, modulo 2^word.</summary>
    /// <param name="format">Fixed point.</param>
    /// <param name="payload">An update in this format.</param>
    /// <param name="weight">The site's weight, from 1, at most the cap of its <see cref="MaskedWordBudget"/>.</param>
    /// <param name="word">The words.</param>
    /// <param name="vector">Receives one word per value.</param>
    /// <exception cref="ArgumentException">The payload has a fault, or the vector another length.</exception>
    public static void Encode(UpdateFormat format, ReadOnlySpan<byte> payload, int weight, MaskWord word, Span<byte> vector)
    {
        ArgumentNullException.ThrowIfNull(format);
        ArgumentOutOfRangeException.ThrowIfLessThan(weight, 1);
        if (format.IsFloat || format.FirstFault(payload) is not null)
            throw new ArgumentException($"An update in {format} that holds no fault is needed, in fixed point.", nameof(payload));
        var count = payload.Length / format.BytesPerValue;
        CheckLength(vector, count, word);
        Span<int> room = stackalloc int[Tile];
        for (var start = 0; start < count; start += Tile)
        {
            var part = Math.Min(Tile, count - start);
            var codes = format.Codes(payload.Slice(start * format.BytesPerValue, part * format.BytesPerValue), room);
            var words = vector.Slice(start * word.Bytes(), part * word.Bytes());
            for (var i = 0; i < part; i++)
            {
                if (word == MaskWord.Bits32)
                    MemoryMarshal.Cast<byte, int>(words)[i] = unchecked(codes[i] * weight);
                else
                    MemoryMarshal.Cast<byte, long>(words)[i] = (long)codes[i] * weight;
            }
        }
    }

    /// <summary>Adds a vector to a sum: a site's masked vector at the coordinator, noise at the site.</summary>
    /// <param name="word">The words.</param>
    /// <param name="sum">Whole words.</param>
    /// <param name="addend">As many.</param>
    public static void Add(MaskWord word, Span<byte> sum, ReadOnlySpan<byte> addend)
    {
        CheckLength(sum, addend.Length / word.Bytes(), word);
        CheckLength(addend, addend.Length / word.Bytes(), word);
        if (word == MaskWord.Bits32)
            Add(MemoryMarshal.Cast<byte, uint>(sum), MemoryMarshal.Cast<byte, uint>(addend));
        else
            Add(MemoryMarshal.Cast<byte, ulong>(sum), MemoryMarshal.Cast<byte, ulong>(addend));
    }

    /// <summary>
    /// Reads an unmasked sum as signed numbers. Under masks nobody sees whether one site was out of range; the sum shows it in part, as no honest sum is
    /// beyond the number of
    /// sites times <see cref="MaskedWordBudget.Limit"/>.
    /// </summary>
    /// <param name="word">The words.</param>
    /// <param name="sum">The sum without masks.</param>
    /// <param name="limit">Greatest magnitude of an honest sum.</param>
    /// <param name="values">Receives one number per word.</param>
    /// <returns>The index of the first number beyond the limit, for which the round is void; null where there is none.</returns>
    public static int? Decode(MaskWord word, ReadOnlySpan<byte> sum, long limit, Span<long> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(limit);
        CheckLength(sum, values.Length, word);
        int? beyond = null;
        for (var i = values.Length - 1; i >= 0; i--)
        {
            values[i] = word == MaskWord.Bits32 ? MemoryMarshal.Cast<byte, int>(sum)[i] : MemoryMarshal.Cast<byte, long>(sum)[i];
            if (values[i] > limit || values[i] < -limit)
                beyond = i;
        }

        return beyond;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add<T>(Span<T> sum, ReadOnlySpan<T> addend)
        where T : unmanaged, IBinaryInteger<T>
    {
        var target = MemoryMarshal.Cast<T, Vector<T>>(sum);
        var source = MemoryMarshal.Cast<T, Vector<T>>(addend)[..target.Length];
        for (var i = 0; i < source.Length; i++)
            target[i] += source[i];
        for (var i = target.Length * Vector<T>.Count; i < sum.Length; i++)
            sum[i] = unchecked(sum[i] + addend[i]);
    }

    private static void CheckLength(ReadOnlySpan<byte> vector, int words, MaskWord word)
    {
        if (vector.Length != (long)words * word.Bytes())
            throw new ArgumentException($"{words} words of {(int)word} bits fill {(long)words * word.Bytes()} bytes; the vector has {vector.Length}.", nameof(vector));
    }
}
