using System.Buffers.Binary;

namespace FederatedClinicalMl.Privacy;

/// <summary>Uniform noise over [-2^k, 2^k), of up to 128 bits, as residues.</summary>
internal sealed class FloodingNoise
{
    private const int WordsLength = 2 * sizeof(ulong);

    private readonly BfvParameters _parameters;
    private readonly ulong _lowMask;
    private readonly ulong _highMask;
    private readonly ulong[] _highUnit;
    private readonly ulong[] _offset;
    private readonly byte[] _bytes;

    public FloodingNoise(BfvParameters parameters, int bits)
    {
        _parameters = parameters;
        var mask = (UInt128.One << (bits + 1)) - 1;
        (_lowMask, _highMask) = ((ulong)mask, (ulong)(mask >> 64));
        _highUnit = Array.ConvertAll(parameters.Transforms, transform => (ulong)((UInt128.One << 64) % transform.Modulus.Value));
        _offset = Array.ConvertAll(parameters.Transforms, transform => transform.Modulus.Negate((ulong)((UInt128.One << bits) % transform.Modulus.Value)));
        _bytes = new byte[WordsLength * parameters.Degree];
    }

    /// <summary>Adds a number to each coefficient.</summary>
    public void AddTo(Span<ulong> polynomial, KeyStream stream)
    {
        stream.Fill(_bytes);
        for (var k = 0; k < _parameters.Transforms.Length; k++)
        {
            var modulus = _parameters.Transforms[k].Modulus;
            var quotient = modulus.Fraction(_highUnit[k]);
            var part = polynomial.Slice(k * _parameters.Degree, _parameters.Degree);
            for (var i = 0; i < part.Length; i++)
            {
                var low = BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(WordsLength * i)) & _lowMask;
                var high = BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan((WordsLength * i) + sizeof(ulong))) & _highMask;
                var noise = modulus.Add(modulus.Reduce(low), modulus.Multiply(high, _highUnit[k], quotient));
                part[i] = modulus.Add(part[i], modulus.Add(noise, _offset[k]));
            }
        }
    }
}
