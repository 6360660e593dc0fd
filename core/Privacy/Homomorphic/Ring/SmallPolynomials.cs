using System.Buffers.Binary;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>Draws the small polynomials of ring learning with errors from a stream: the same stream, the same polynomials.</summary>
internal sealed class SmallPolynomials(BfvParameters parameters, KeyStream stream)
{
    private readonly byte[] _bytes = new byte[6 * parameters.Degree];
    private readonly int[] _values = new int[parameters.Degree];

    /// <summary>Uniform over -1, 0 and 1: Lemire's rejection (2019) of 32 bits, which 3 leaves but one value of to reject.</summary>
    public void Ternary(Span<ulong> residues)
    {
        stream.Fill(_bytes.AsSpan(0, 4 * _values.Length));
        for (var i = 0; i < _values.Length; i++)
        {
            var product = 3 * (ulong)BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(4 * i));
            while ((uint)product == 0)
                product = 3 * (stream.NextUInt64() >> 32);
            _values[i] = (int)(product >> 32) - 1;
        }

        parameters.Spread(_values, residues);
    }

    /// <summary>Centred binomial: 21 bits less 21 bits of 6 bytes, of variance 10.5, as SEAL draws it.</summary>
    public void Noise(Span<ulong> residues)
    {
        stream.Fill(_bytes);
        for (var i = 0; i < _values.Length; i++)
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(6 * i));
            var high = BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan((6 * i) + 2));
            _values[i] = BitOperations.PopCount(low & 0x1FFFFF) - BitOperations.PopCount(high >> 11);
        }

        parameters.Spread(_values, residues);
    }
}
