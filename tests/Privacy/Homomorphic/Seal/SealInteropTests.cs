using System.Buffers.Binary;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>Our bytes against Microsoft SEAL's, in both directions, at the greatest and at usual sizes.</summary>
public sealed class SealInteropTests
{
    public static TheoryData<int, int, ulong> Rings => new()
    {
        { 1024, 27, 12289 },
        { 2048, 34, 12289 },
        { 4096, 40, 16760833 },
        { 4096, 60, 65537 },
        { 8192, 54, 65537 },
        { 8192, 42, 65537 },
    };

    [Theory]
    [MemberData(nameof(Rings))]
    public void What_seal_encrypts_we_decrypt(int degree, int bits, ulong t)
    {
        var parameters = BfvParameters.Create(degree, t, bits);
        using var folder = new Folder();
        NodeSeal.Run("make", folder.Path, degree, bits, t);
        using var key = SealFormat.ReadSecretKey(parameters, folder.Read("seal.secret"));
        foreach (var (name, multiplier) in new (string, ulong)[] { ("seal.seeded.ct", 12345), ("seal.full.ct", 777), ("seal.sum.ct", 12345 + 777) })
            Assert.Equal(Vectors.Pattern(parameters, multiplier), key.Decrypt(SealFormat.ReadCiphertext(parameters, degree, folder.Read(name))));
        var words = Vectors.Words(parameters, degree, "words");
        Assert.Equal(words, key.Decrypt(SealFormat.ReadPublicKey(parameters, folder.Read("seal.public")).Encrypt(words, Streams.Of("encryption"))));
    }

    [Theory]
    [MemberData(nameof(Rings))]
    public void What_we_encrypt_and_add_seal_decrypts_and_what_it_encrypts_under_our_keys_we_decrypt(int degree, int bits, ulong t)
    {
        var parameters = BfvParameters.Create(degree, t, bits);
        using var folder = new Folder();
        using var key = BfvSecretKey.Generate(parameters, Streams.Of("secret"));
        var publicKey = BfvPublicKey.Of(key, Streams.Of("public"));
        var one = Vectors.Words(parameters, degree, "one");
        var two = Vectors.Words(parameters, degree, "two");
        var seeded = key.Encrypt(one, Streams.Of("encryption 489")); // whose seed, at N = 8192 and 42 bits, has a word that is replaced: one of a thousand does
        var full = publicKey.Encrypt(two, Streams.Of("encryption of two"));
        var sum = seeded.Expand();
        folder.Write("ours.secret", SealFormat.WriteSecretKey(key));
        folder.Write("ours.public", SealFormat.WritePublicKey(publicKey));
        folder.Write("ours.seeded.ct", SealFormat.WriteCiphertext(seeded, 0));
        folder.Write("ours.full.ct", SealFormat.WriteCiphertext(full, 0));
        sum.Add(full);
        folder.Write("ours.sum.ct", SealFormat.WriteCiphertext(sum, 0));

        NodeSeal.Run("check", folder.Path, degree, bits, t);

        Assert.Equal(one, Plaintext(folder.Read("ours.seeded.plain"), degree));
        Assert.Equal(two, Plaintext(folder.Read("ours.full.plain"), degree));
        Assert.Equal(one.Zip(two, (a, b) => (a + b) % t), Plaintext(folder.Read("ours.sum.plain"), degree));
        Assert.Equal(Vectors.Pattern(parameters, 777), key.Decrypt(SealFormat.ReadCiphertext(parameters, degree, folder.Read("reply.full.ct"))));
        Assert.Equal(Vectors.Pattern(parameters, 12345), key.Decrypt(SealFormat.ReadCiphertext(parameters, degree, folder.Read("reply.seeded.ct"))));
    }

    // SEAL's plaintext: 88 bytes before the words, of which it writes no more than the last that is not zero.
    private static ulong[] Plaintext(byte[] bytes, int degree)
    {
        var words = new ulong[degree];
        for (var i = 0; 88 + (8 * i) < bytes.Length; i++)
            words[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(88 + (8 * i)));
        return words;
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("fcml-seal-").FullName;

        public byte[] Read(string name) => File.ReadAllBytes(System.IO.Path.Combine(Path, name));

        public void Write(string name, byte[] bytes) => File.WriteAllBytes(System.IO.Path.Combine(Path, name), bytes);

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
