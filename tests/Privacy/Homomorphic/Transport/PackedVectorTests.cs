using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class PackedVectorTests
{
    private const int Dimension = 1500;

    private static readonly BfvParameters One = BfvParameters.Create(1024, 1 << 10, 27);
    private static readonly BfvParameters Two = BfvParameters.Create(4096, 1 << 24, 54, 55);

    [Fact]
    public void What_is_written_is_read_and_decrypts()
    {
        foreach (var parameters in new[] { One, Two })
        {
            using var key = BfvSecretKey.Generate(parameters, Streams.Of("secret"));
            var words = Vectors.Words(parameters, Dimension, "words");
            var seeded = key.Encrypt(words, Streams.Of("encryption"));
            var bytes = PackedVector.Write(seeded);
            Assert.Equal(words, key.Decrypt(PackedVector.ReadSeeded(parameters, Dimension, bytes).Expand()));
            var full = PackedVector.Write(seeded.Expand());
            Assert.Equal(words, key.Decrypt(PackedVector.ReadEncrypted(parameters, Dimension, full)));
            Assert.Equal(full, PackedVector.Write(PackedVector.ReadSeeded(parameters, Dimension, bytes).Expand()));
            var half = PackedVector.Write(seeded.Expand().Uniform);
            Assert.Equal(half, PackedVector.Write(PackedVector.ReadPolynomials(parameters, Dimension, half)));
        }
    }

    [Fact]
    public void Bytes_of_another_kind_dimension_or_ring_are_refused()
    {
        using var key = BfvSecretKey.Generate(One, Streams.Of("secret"));
        var seeded = PackedVector.Write(key.Encrypt(new ulong[Dimension], Streams.Of("encryption")));
        Assert.Throws<FormatException>(() => PackedVector.ReadEncrypted(One, Dimension, seeded));
        Assert.Throws<FormatException>(() => PackedVector.ReadPolynomials(One, Dimension, seeded));
        Assert.Throws<FormatException>(() => PackedVector.ReadSeeded(One, Dimension + 1, seeded)); // of the same length
        Assert.Throws<FormatException>(() => PackedVector.ReadSeeded(One, int.MaxValue, seeded));
        Assert.Throws<FormatException>(() => PackedVector.ReadSeeded(BfvParameters.Create(1024, 1 << 11, 27), Dimension, seeded));
        Assert.Throws<FormatException>(() => PackedVector.ReadSeeded(One, Dimension, [.. seeded, 0]));
    }

    [Fact]
    public void Residue_that_is_not_below_its_prime_is_refused()
    {
        using var key = BfvSecretKey.Generate(One, Streams.Of("secret"));
        var bytes = PackedVector.Write(key.Encrypt(new ulong[Dimension], Streams.Of("encryption")));
        bytes.AsSpan(PackedVector.HeaderLength + 100, 8).Fill(0xFF);
        Assert.Throws<FormatException>(() => PackedVector.ReadSeeded(One, Dimension, bytes));
    }

    [Fact]
    public void Hostile_bytes_are_read_or_refused_and_nothing_else()
    {
        using var key = BfvSecretKey.Generate(One, Streams.Of("secret"));
        var seeded = key.Encrypt(new ulong[Dimension], Streams.Of("encryption"));
        byte[][] honest = [PackedVector.Write(seeded), PackedVector.Write(seeded.Expand()), PackedVector.Write(seeded.Expand().Body)];
        Hostile.Bytes(honest).Sample(bytes =>
        {
            Hostile.ReadOrRefuse(() => PackedVector.ReadSeeded(One, Dimension, bytes));
            Hostile.ReadOrRefuse(() => PackedVector.ReadEncrypted(One, Dimension, bytes));
            Hostile.ReadOrRefuse(() => PackedVector.ReadPolynomials(One, Dimension, bytes));
        });
    }

    [Fact]
    public void Words_of_any_width_are_packed_without_loss() =>
        Gen.Select(Gen.Int[1, 63], Gen.ULong.Array[128]).Sample((bits, values) =>
        {
            var words = values.Select(value => value & ((1UL << bits) - 1)).ToArray();
            var packed = new byte[BitPacking.Length(words.Length, bits)];
            BitPacking.Pack(words, bits, packed);
            var read = new ulong[words.Length];
            Assert.True(BitPacking.Unpack(packed, bits, 1UL << bits, read));
            Assert.Equal(words, read);
            Assert.Equal(words.Max() < 1000, BitPacking.Unpack(packed, bits, 1000, read));
        });
}
