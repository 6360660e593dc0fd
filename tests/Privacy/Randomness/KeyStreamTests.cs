using System.Buffers.Binary;
using System.Security.Cryptography;
using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class KeyStreamTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Stream_is_aes_in_counter_mode_under_the_key_that_hkdf_derives()
    {
        using var stream = KeyStream.Derive(Secret, "test", [1, 2, 3]);
        var bytes = new byte[70_000];
        stream.Fill(bytes);

        using var aes = Aes.Create();
        aes.Key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Secret, 32, info: [.. "test\n"u8, 1, 2, 3]);
        var counters = new byte[bytes.Length];
        for (var block = 0; block < counters.Length / 16; block++)
            BinaryPrimitives.WriteInt32BigEndian(counters.AsSpan((16 * block) + 12), block);
        Assert.Equal(aes.EncryptEcb(counters, PaddingMode.None), bytes);
    }

    [Fact]
    public void Stream_in_any_pieces_is_the_same_bytes() =>
        Gen.Select(Gen.Int[0, 20_000].Array[1, 6], Gen.Bool).Sample((pieces, words) =>
        {
            using var whole = KeyStream.Derive(Secret, "test", []);
            using var cut = KeyStream.Derive(Secret, "test", []);
            foreach (var piece in pieces)
            {
                var expected = new byte[piece + 8];
                var actual = new byte[piece + 8];
                whole.Fill(expected);
                cut.Fill(actual.AsSpan(0, piece));
                if (words)
                    BinaryPrimitives.WriteUInt64LittleEndian(actual.AsSpan(piece), cut.NextUInt64());
                else
                    cut.Fill(actual.AsSpan(piece));
                Assert.Equal(expected, actual);
            }
        });

    [Fact]
    public void Words_added_in_any_pieces_are_those_of_the_stream_and_subtracting_takes_them_away() =>
        Gen.Select(Gen.Int[0, 5000].Array[1, 6], Gen.Int).Sample((pieces, start) =>
        {
            using var bytes = KeyStream.Derive(Secret, "test", []);
            using var narrow = KeyStream.Derive(Secret, "test", []);
            using var wide = KeyStream.Derive(Secret, "test", []);
            using var back = KeyStream.Derive(Secret, "test", []);
            foreach (var piece in pieces)
            {
                var expected = new byte[8 * piece];
                bytes.Fill(expected);
                var (words, twice) = (new ulong[piece], new uint[2 * piece]);
                Array.Fill(words, (ulong)start);
                Array.Fill(twice, (uint)start);
                wide.AddTo(words.AsSpan());
                narrow.AddTo(twice.AsSpan());
                for (var i = 0; i < piece; i++)
                    Assert.Equal(unchecked(BinaryPrimitives.ReadUInt64LittleEndian(expected.AsSpan(8 * i)) + (ulong)start), words[i]);
                for (var i = 0; i < 2 * piece; i++)
                    Assert.Equal(unchecked(BinaryPrimitives.ReadUInt32LittleEndian(expected.AsSpan(4 * i)) + (uint)start), twice[i]);
                back.SubtractFrom(words.AsSpan());
                Assert.All(words, word => Assert.Equal((ulong)start, word));
            }
        }, iter: 50);

    [Fact]
    public void Words_after_bytes_that_are_not_whole_words_are_refused()
    {
        using var stream = KeyStream.Derive(Secret, "test", []);
        stream.Fill(new byte[5]);
        Assert.Throws<InvalidOperationException>(() => stream.AddTo(new uint[1].AsSpan()));
    }

    [Theory]
    [InlineData("test", new byte[] { 1, 2 })]
    [InlineData("tes", new byte[] { 1, 2, 3 })]
    [InlineData("other", new byte[] { 1, 2, 3 })]
    public void Another_purpose_or_input_gives_another_stream(string purpose, byte[] inputs)
    {
        using var one = KeyStream.Derive(Secret, "test", [1, 2, 3]);
        using var other = KeyStream.Derive(Secret, purpose, inputs);
        Assert.NotEqual(one.NextUInt64(), other.NextUInt64());
    }

    [Fact]
    public void Short_secret_and_purpose_of_two_lines_are_refused()
    {
        Assert.Throws<ArgumentException>(() => KeyStream.Derive(Secret.AsSpan(1), "test", []));
        Assert.Throws<ArgumentException>(() => KeyStream.Derive(Secret, "test\n", []));
    }
}
