using System.Runtime.CompilerServices;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>Against files that SEAL 4.1 made through node-seal 6.0.3: golden/, by "node seal.mjs &lt;node-seal&gt; 1024 27 12289 make golden".</summary>
public sealed class SealFormatTests
{
    private static readonly BfvParameters Parameters = BfvParameters.Create(1024, 12289, 27);

    [Theory]
    [InlineData("seal.seeded.ct", 12345)]
    [InlineData("seal.full.ct", 777)]
    [InlineData("seal.sum.ct", 12345 + 777)]
    public void Ciphertext_that_seal_made_decrypts_under_the_key_that_it_made(string name, int multiplier)
    {
        using var key = SealFormat.ReadSecretKey(Parameters, Golden("seal.secret"));
        Assert.Equal(Vectors.Pattern(Parameters, (ulong)multiplier), key.Decrypt(SealFormat.ReadCiphertext(Parameters, 1024, Golden(name))));
    }

    [Fact]
    public void Public_key_that_seal_made_encrypts_for_the_secret_key_that_it_made()
    {
        using var key = SealFormat.ReadSecretKey(Parameters, Golden("seal.secret"));
        var publicKey = SealFormat.ReadPublicKey(Parameters, Golden("seal.public"));
        var words = Vectors.Words(Parameters, 3000, "words");
        Assert.Equal(words, key.Decrypt(publicKey.Encrypt(words, Streams.Of("encryption"))));
    }

    [Fact]
    public void What_is_read_is_written_as_the_same_bytes()
    {
        using var key = SealFormat.ReadSecretKey(Parameters, Golden("seal.secret"));
        Assert.Equal(Golden("seal.secret"), SealFormat.WriteSecretKey(key));
        Assert.Equal(Golden("seal.public"), SealFormat.WritePublicKey(SealFormat.ReadPublicKey(Parameters, Golden("seal.public"))));
        Assert.Equal(Golden("seal.sum.ct"), SealFormat.WriteCiphertext(SealFormat.ReadCiphertext(Parameters, 1024, Golden("seal.sum.ct")), 0));
    }

    [Fact]
    public void Seeded_ciphertext_is_read_as_the_one_that_was_written()
    {
        using var key = BfvSecretKey.Generate(Parameters, Streams.Of("secret"));
        var seeded = key.Encrypt(Vectors.Words(Parameters, 1024, "words"), Streams.Of("encryption"));
        var bytes = SealFormat.WriteCiphertext(seeded, 0);
        Assert.Equal(194 + (8 * 1024), bytes.Length);
        Assert.Equal(SealFormat.WriteCiphertext(seeded.Expand(), 0), SealFormat.WriteCiphertext(SealFormat.ReadCiphertext(Parameters, 1024, bytes), 0));
    }

    internal static byte[] Golden(string name, [CallerFilePath] string here = "") => File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(here)!, "golden", name));
}
