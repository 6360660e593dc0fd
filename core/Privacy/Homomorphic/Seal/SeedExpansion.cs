using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Privacy;

/// <summary>The uniform polynomial that a public seed of 64 bytes stands for, word for word as SEAL expands it.</summary>
internal static class SeedExpansion
{
    /// <summary>Bytes of a seed.</summary>
    public const int SeedLength = 64;

    private const int BlockLength = 4096;

    /// <summary>Fills every word from the stream, then replaces those that would favour small residues by the words that follow, then reduces. (Rare, and not never: up to one word in 2^24.)</summary>
    public static void Fill(BfvParameters parameters, ReadOnlySpan<byte> seed, SeedFunction function, Span<ulong> polynomial)
    {
        var stream = new Blocks(seed, function);
        foreach (ref var word in polynomial)
            word = stream.Next();
        for (var k = 0; k < parameters.Transforms.Length; k++)
        {
            var modulus = parameters.Transforms[k].Modulus;
            var biased = ulong.MaxValue - (ulong.MaxValue % modulus.Value) - 1;
            foreach (ref var word in polynomial.Slice(k * parameters.Degree, parameters.Degree))
            {
                while (word >= biased)
                    word = stream.Next();
                word = modulus.Reduce(word);
            }
        }
    }

    private sealed class Blocks
    {
        private readonly byte[] _input = new byte[SeedLength + sizeof(ulong)];
        private readonly byte[] _block = new byte[BlockLength];
        private readonly SeedFunction _function;
        private ulong _counter;
        private int _used = BlockLength;

        public Blocks(ReadOnlySpan<byte> seed, SeedFunction function)
        {
            seed.CopyTo(_input);
            _function = function;
        }

        public ulong Next()
        {
            if (_used == BlockLength)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(_input.AsSpan(SeedLength), _counter++);
                if (_function == SeedFunction.Shake256)
                    Shake256.HashData(_input, _block);
                else
                    Blake2b.Expand(_input.AsSpan(0, SeedLength), _input.AsSpan(SeedLength), _block);
                _used = 0;
            }

            var word = BinaryPrimitives.ReadUInt64LittleEndian(_block.AsSpan(_used));
            _used += sizeof(ulong);
            return word;
        }
    }
}

/// <summary>How a seed is expanded; the numbers are SEAL's.</summary>
internal enum SeedFunction : byte
{
    Blake2xb = 1,
    Shake256 = 2,
}
