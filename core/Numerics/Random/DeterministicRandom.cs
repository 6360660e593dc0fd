using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// Reproducible pseudo-random numbers for sample order, splits and initial parameters: xoshiro256** 1.0 (Blackman and Vigna 2021, "Scrambled
/// linear pseudorandom number generators", ACM TOMS 47(4)). The same on every machine. NOT for keys, masks or noise: those come from the
/// operating system. Not for use by several threads at once.
/// </summary>
public sealed class DeterministicRandom
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Starts from a state of the generator.</summary>
    /// <exception cref="ArgumentException">All four words are 0, from which the generator never leaves.</exception>
    public DeterministicRandom(ulong s0, ulong s1, ulong s2, ulong s3)
    {
        if ((s0 | s1 | s2 | s3) == 0)
            throw new ArgumentException("The state must not be all zeros.", nameof(s0));
        (_s0, _s1, _s2, _s3) = (s0, s1, s2, s3);
    }

    /// <summary>
    /// The stream that a list of labels names: its state is SHA-256 of "fcml-random-v1" and the labels, each ended by a line feed, as four
    /// little-endian words. Streams of different labels are independent for all practical purposes.
    /// </summary>
    /// <exception cref="ArgumentException">A label holds a line feed, so that two lists could share one text.</exception>
    public static DeterministicRandom Of(params ReadOnlySpan<string> labels)
    {
        var text = new StringBuilder("fcml-random-v1\n");
        foreach (var label in labels)
        {
            if (label.Contains('\n'))
                throw new ArgumentException("A label must not hold a line feed.", nameof(labels));
            text.Append(label).Append('\n');
        }

        ReadOnlySpan<byte> state = SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()));
        return new DeterministicRandom(
            BinaryPrimitives.ReadUInt64LittleEndian(state),
            BinaryPrimitives.ReadUInt64LittleEndian(state[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(state[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(state[24..]));
    }

    /// <summary>64 uniform bits.</summary>
    public ulong NextUInt64()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A uniform integer in [0, bound), without bias (Lemire 2019, "Fast random integer generation in an interval", ACM TOMACS 29(1)).</summary>
    /// <param name="bound">From 1.</param>
    public int NextInt(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        var range = (ulong)bound;
        var high = Math.BigMul(NextUInt64(), range, out var low);
        if (low < range)
        {
            var threshold = unchecked(0 - range) % range; // 2^64 mod bound
            while (low < threshold)
                high = Math.BigMul(NextUInt64(), range, out low);
        }

        return (int)high;
    }

    /// <summary>A uniform multiple of 2^-53 in [0, 1).</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A uniform multiple of 2^-24 in [0, 1).</summary>
    public float NextSingle() => (NextUInt64() >> 40) * (1.0f / (1U << 24));

    /// <summary>Puts items into a uniformly random order (Fisher and Yates, as in Durstenfeld 1964).</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
