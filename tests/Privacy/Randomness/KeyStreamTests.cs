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
