using System.Buffers.Binary;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// BLAKE2b (RFC 7693) and the extendable BLAKE2Xb that SEAL expands seeds with (Aumasson, Neves, Wilcox-O'Hearn, Winnerlein 2016, "BLAKE2X"). Our own, because the framework has none and
/// a whole cryptographic library is more for a hospital's reviewer to read than this page. It protects nothing: what it hashes is public, and it is there so that bytes agree.
/// </summary>
internal static class Blake2b
{
    private const int Block = 128;
    private const int MaximumDigest = 64;

    private static readonly ulong[] s_initial =
    [
        0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
    ];

    // RFC 7693, 2.7; rounds 10 and 11 use the rows of rounds 0 and 1 again.
    private static readonly byte[][] s_order =
    [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ];

    /// <summary>The digest of a message, without a key.</summary>
    /// <param name="message">Any length.</param>
    /// <param name="length">Bytes of the digest, 1 to 64.</param>
    public static byte[] Hash(ReadOnlySpan<byte> message, int length)
    {
        var digest = new byte[length];
        Hash(Parameters(length, keyLength: 0, fanout: 1, depth: 1), key: default, message, digest);
        return digest;
    }

    /// <summary>BLAKE2Xb: fills the output from a key and a message.</summary>
    /// <param name="key">1 to 64 bytes.</param>
    /// <param name="message">Any length.</param>
    /// <param name="output">A multiple of 64 bytes; their number goes into every one of them.</param>
    public static void Expand(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> output)
    {
        Span<byte> parameters = Parameters(MaximumDigest, key.Length, fanout: 1, depth: 1);
        BinaryPrimitives.WriteInt32LittleEndian(parameters[12..], output.Length); // xof_length
        Span<byte> root = stackalloc byte[MaximumDigest];
        Hash(parameters, key, message, root);
        for (var at = 0; at < output.Length; at += MaximumDigest)
        {
            parameters = Parameters(MaximumDigest, keyLength: 0, fanout: 0, depth: 0);
            BinaryPrimitives.WriteInt32LittleEndian(parameters[4..], MaximumDigest); // leaf length
            BinaryPrimitives.WriteInt32LittleEndian(parameters[8..], at / MaximumDigest); // node offset
            BinaryPrimitives.WriteInt32LittleEndian(parameters[12..], output.Length);
            parameters[17] = MaximumDigest; // inner length
            Hash(parameters, key: default, root, output.Slice(at, MaximumDigest));
        }
    }

    private static byte[] Parameters(int digestLength, int keyLength, byte fanout, byte depth)
    {
        var parameters = new byte[64];
        (parameters[0], parameters[1], parameters[2], parameters[3]) = ((byte)digestLength, (byte)keyLength, fanout, depth);
        return parameters;
    }

    private static void Hash(ReadOnlySpan<byte> parameters, ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> digest)
    {
        Span<ulong> state = stackalloc ulong[8];
        for (var i = 0; i < 8; i++)
            state[i] = s_initial[i] ^ BinaryPrimitives.ReadUInt64LittleEndian(parameters[(8 * i)..]);

        Span<byte> block = stackalloc byte[Block];
        var counter = 0UL;
        if (key.Length > 0)
        {
            block.Clear();
            key.CopyTo(block);
            counter = Block;
            Compress(state, block, counter, last: message.IsEmpty);
        }

        if (key.IsEmpty || !message.IsEmpty)
        {
            while (message.Length > Block)
            {
                counter += Block;
                Compress(state, message[..Block], counter, last: false);
                message = message[Block..];
            }

            block.Clear();
            message.CopyTo(block);
            Compress(state, block, counter + (ulong)message.Length, last: true);
        }

        Span<byte> whole = stackalloc byte[MaximumDigest];
        for (var i = 0; i < 8; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(whole[(8 * i)..], state[i]);
        whole[..digest.Length].CopyTo(digest);
    }

    private static void Compress(Span<ulong> state, ReadOnlySpan<byte> block, ulong counter, bool last)
    {
        Span<ulong> m = stackalloc ulong[16];
        for (var i = 0; i < 16; i++)
            m[i] = BinaryPrimitives.ReadUInt64LittleEndian(block[(8 * i)..]);
        Span<ulong> v = stackalloc ulong[16];
        state.CopyTo(v);
        s_initial.CopyTo(v[8..]);
        v[12] ^= counter;
        if (last)
            v[14] = ~v[14];

        for (var round = 0; round < 12; round++)
        {
            var s = s_order[round % 10];
            Mix(ref v[0], ref v[4], ref v[8], ref v[12], m[s[0]], m[s[1]]);
            Mix(ref v[1], ref v[5], ref v[9], ref v[13], m[s[2]], m[s[3]]);
            Mix(ref v[2], ref v[6], ref v[10], ref v[14], m[s[4]], m[s[5]]);
            Mix(ref v[3], ref v[7], ref v[11], ref v[15], m[s[6]], m[s[7]]);
            Mix(ref v[0], ref v[5], ref v[10], ref v[15], m[s[8]], m[s[9]]);
            Mix(ref v[1], ref v[6], ref v[11], ref v[12], m[s[10]], m[s[11]]);
            Mix(ref v[2], ref v[7], ref v[8], ref v[13], m[s[12]], m[s[13]]);
            Mix(ref v[3], ref v[4], ref v[9], ref v[14], m[s[14]], m[s[15]]);
        }

        for (var i = 0; i < 8; i++)
            state[i] ^= v[i] ^ v[i + 8];
    }

    private static void Mix(ref ulong a, ref ulong b, ref ulong c, ref ulong d, ulong x, ulong y)
    {
        a += b + x;
        d = BitOperations.RotateRight(d ^ a, 32);
        c += d;
        b = BitOperations.RotateRight(b ^ c, 24);
        a += b + y;
        d = BitOperations.RotateRight(d ^ a, 16);
        c += d;
        b = BitOperations.RotateRight(b ^ c, 63);
    }
}
