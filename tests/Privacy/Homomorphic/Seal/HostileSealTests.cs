using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class HostileSealTests
{
    private static readonly BfvParameters Parameters = BfvParameters.Create(1024, 12289, 27);

    [Theory]
    [InlineData("seal.seeded.ct", 112, 194 - 113)]
    [InlineData("seal.full.ct", 112, 0)]
    public void Ciphertext_of_which_any_byte_before_or_after_the_words_was_changed_is_refused(string name, int head, int tail)
    {
        var honest = SealFormatTests.Golden(name);
        var function = honest.Length - 65; // the seed after it is anybody's
        foreach (var at in Enumerable.Range(0, head + 1).Concat(Enumerable.Range(honest.Length - tail, Math.Max(0, function - (honest.Length - tail) + 1))))
        {
            var bytes = honest.ToArray();
            bytes[at] ^= 0x80;
            Assert.Throws<FormatException>(() => SealFormat.ReadCiphertext(Parameters, 1024, bytes));
        }
    }

    [Fact]
    public void Compressed_newer_and_foreign_bytes_are_refused()
    {
        var honest = SealFormatTests.Golden("seal.seeded.ct");
        foreach (var (at, value) in new (int, byte)[] { (5, 1), (5, 2), (4, 2), (3, 5), (93, 2) }) // zlib, zstd, 4.2, 5.1, 4.2 within
        {
            var bytes = honest.ToArray();
            bytes[at] = value;
            Assert.Throws<FormatException>(() => SealFormat.ReadCiphertext(Parameters, 1024, bytes));
        }

        Assert.Throws<FormatException>(() => SealFormat.ReadCiphertext(BfvParameters.Create(1024, 40961, 27), 1024, honest));
        Assert.Throws<FormatException>(() => SealFormat.ReadCiphertext(Parameters, 1024, SealFormatTests.Golden("seal.public")));
        Assert.Throws<FormatException>(() => SealFormat.ReadPublicKey(Parameters, SealFormatTests.Golden("seal.full.ct")));
    }

    [Fact]
    public void Residue_beyond_the_modulus_is_refused()
    {
        var bytes = SealFormatTests.Golden("seal.full.ct");
        BitConverter.TryWriteBytes(bytes.AsSpan(113), Parameters.Primes[0]);
        Assert.Throws<FormatException>(() => SealFormat.ReadCiphertext(Parameters, 1024, bytes));
    }

    [Fact]
    public void Secret_key_that_is_not_ternary_is_refused()
    {
        var bytes = SealFormatTests.Golden("seal.secret");
        bytes[88] ^= 1;
        Assert.Throws<FormatException>(() => SealFormat.ReadSecretKey(Parameters, bytes));
    }

    [Fact]
    public void Two_primes_have_no_bytes_of_seal()
    {
        var parameters = BfvParameters.Create(4096, 1 << 24, 54, 55);
        using var key = BfvSecretKey.Generate(parameters, Streams.Of("secret"));
        Assert.Throws<ArgumentException>(() => SealFormat.WriteSecretKey(key));
        Assert.Throws<ArgumentException>(() => SealFormat.ReadCiphertext(parameters, 1, SealFormatTests.Golden("seal.full.ct")));
    }

    [Fact]
    public void Hostile_bytes_are_read_or_refused_and_nothing_else()
    {
        byte[][] honest = [.. new[] { "seal.seeded.ct", "seal.full.ct", "seal.public", "seal.secret" }.Select(name => SealFormatTests.Golden(name))];
        Hostile.Bytes(honest).Sample(bytes =>
        {
            Hostile.ReadOrRefuse(() => SealFormat.ReadCiphertext(Parameters, 1024, bytes));
            Hostile.ReadOrRefuse(() => SealFormat.ReadPublicKey(Parameters, bytes));
            Hostile.ReadOrRefuse(() => SealFormat.ReadSecretKey(Parameters, bytes).Dispose());
        });
    }
}
