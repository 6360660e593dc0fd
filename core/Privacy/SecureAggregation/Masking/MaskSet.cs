using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Masks to be added to one vector, some with a minus. Site i's vector carries its self-mask and, for each other sharer j, a pairwise mask that both can
/// compute: with a plus where
/// i &lt; j, else with a minus, so that they cancel in a sum of both (Bonawitz et al. 2017, section 4).
/// </summary>
public sealed class MaskSet : IDisposable
{
    // So many streams at a time that a tile of the vector and their buffers stay in the second-level cache.
    private const int StreamsAtOnce = 48;
    private const int TileLength = 16 * 1024;

    private readonly AggregationTerms _terms;
    private readonly List<(byte[] Secret, string Purpose, byte[] Inputs, bool Negative)> _masks = [];

    internal MaskSet(AggregationTerms terms) => _terms = terms;

    /// <summary>How many masks.</summary>
    public int Count => _masks.Count;

    /// <summary>Applies every mask to the whole vector, in place. Applying the same masks to the same vector gives the same bytes.</summary>
    /// <param name="vector"><see cref="AggregationTerms.PayloadLength"/> bytes.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public void Apply(Span<byte> vector)
    {
        if (vector.Length != _terms.PayloadLength)
            throw new ArgumentException($"A masked vector of this step has {_terms.PayloadLength} bytes; here are {vector.Length}.", nameof(vector));
        foreach (var masks in _masks.Chunk(StreamsAtOnce))
        {
            var streams = Array.ConvertAll(masks, mask => KeyStream.Derive(mask.Secret, mask.Purpose, mask.Inputs));
            for (var start = 0; start < vector.Length; start += TileLength)
            {
                var tile = vector[start..Math.Min(vector.Length, start + TileLength)];
                for (var i = 0; i < streams.Length; i++)
                {
                    if (_terms.Declared.Word == MaskWord.Bits32)
                        Combine(streams[i], MemoryMarshal.Cast<byte, uint>(tile), masks[i].Negative);
                    else
                        Combine(streams[i], MemoryMarshal.Cast<byte, ulong>(tile), masks[i].Negative);
                }
            }

            foreach (var stream in streams)
                stream.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var mask in _masks)
            CryptographicOperations.ZeroMemory(mask.Secret);
    }

    /// <summary>The mask of a site's own seed.</summary>
    internal void AddSelf(int member, BigInteger seed, bool negative) =>
        _masks.Add((ShamirSharing.Bytes(seed), "fcml-self-mask-v1", Inputs(member, member), negative));

    /// <summary>The mask of a pair, as it is in <paramref name="member"/>'s vector; or, removed, its opposite.</summary>
    internal void AddPair(int member, int other, byte[] agreed, bool removed) =>
        _masks.Add((agreed, "fcml-pair-mask-v1", Inputs(Math.Min(member, other), Math.Max(member, other)), member < other == removed));

    private byte[] Inputs(int low, int high) => new ByteWriter().Part(_terms.Info.Span).Byte((byte)low).Byte((byte)high).ToArray();

    private static void Combine<T>(KeyStream stream, Span<T> words, bool negative)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (negative)
            stream.SubtractFrom(words);
        else
            stream.AddTo(words);
    }
}
