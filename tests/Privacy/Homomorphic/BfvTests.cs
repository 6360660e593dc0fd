using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class BfvTests
{
    public static TheoryData<int, ulong, int[]> Rings => new()
    {
        { 1024, 12289, [27] },
        { 1024, 1 << 10, [27] },
        { 2048, 1 << 24, [42] },
        { 4096, 1 << 24, [40] },
        { 8192, 1UL << 40, [60] },
        { 4096, 1 << 24, [54, 55] },
        { 8192, 3, [60, 60] },
    };

    [Theory]
    [MemberData(nameof(Rings))]
    public void Vector_encrypted_with_the_secret_key_decrypts_to_itself(int degree, ulong t, int[] bits)
    {
        var parameters = BfvParameters.Create(degree, t, bits);
        using var key = BfvSecretKey.Generate(parameters, Streams.Of("secret"));
        var words = Vectors.Words(parameters, (2 * degree) + 17, "words");
        Assert.Equal(words, key.Decrypt(key.Encrypt(words, Streams.Of("encryption")).Expand()));
    }

    [Theory]
    [MemberData(nameof(Rings))]
    public void Vectors_encrypted_with_the_public_key_add_up_in_the_plaintext(int degree, ulong t, int[] bits)
    {
        var parameters = BfvParameters.Create(degree, t, bits);
        using var key = BfvSecretKey.Generate(parameters, Streams.Of("secret"));
        var publicKey = BfvPublicKey.Of(key, Streams.Of("public"));
        var one = Vectors.Words(parameters, degree + 1, "one");
        var two = Vectors.Words(parameters, degree + 1, "two");
        var sum = publicKey.Encrypt(one, Streams.Of("encryption of one"));
        sum.Add(publicKey.Encrypt(two, Streams.Of("encryption of two")));
        Assert.Equal(one.Zip(two, (a, b) => (a + b) % t), key.Decrypt(sum));
    }

    [Fact]
    public void Sum_of_as_many_sites_as_the_bound_was_asked_for_is_exact()
    {
        var parameters = BfvParameters.Create(2048, 1 << 24, 34);
        Assert.True(NoiseBound.Symmetric(parameters, 64, 5000).Holds);
        using var key = BfvSecretKey.Generate(parameters, Streams.Of("secret"));
        EncryptedVector? sum = null;
        var expected = new ulong[5000];
        for (var site = 0; site < 64; site++)
        {
            var words = Vectors.Words(parameters, 5000, $"site {site}");
            for (var i = 0; i < words.Length; i++)
                expected[i] = (expected[i] + words[i]) % parameters.PlaintextModulus;
            var encrypted = key.Encrypt(words, Streams.Of($"encryption {site}")).Expand();
            if (sum is null)
                sum = encrypted;
            else
                sum.Add(encrypted);
        }

        Assert.Equal(expected, key.Decrypt(sum!));
    }

    [Fact]
    public void Same_stream_and_words_give_the_same_ciphertext_and_another_stream_another()
    {
        var parameters = BfvParameters.Create(1024, 1 << 10, 27);
        using var key = BfvSecretKey.Generate(parameters, Streams.Of("secret"));
        var words = Vectors.Words(parameters, 1024, "words");
        var one = SealFormat.WriteCiphertext(key.Encrypt(words, Streams.Of("a")), 0);
        Assert.Equal(one, SealFormat.WriteCiphertext(key.Encrypt(words, Streams.Of("a")), 0));
        Assert.NotEqual(one, SealFormat.WriteCiphertext(key.Encrypt(words, Streams.Of("b")), 0));
    }

    [Fact]
    public void Word_beyond_the_plaintext_modulus_is_refused()
    {
        var parameters = BfvParameters.Create(1024, 1 << 10, 27);
        using var key = BfvSecretKey.Generate(parameters, Streams.Of("secret"));
        Assert.Throws<ArgumentException>(() => key.Encrypt([1023, 1024], Streams.Of("encryption")));
    }

    [Fact]
    public void Vectors_of_other_parameters_or_dimensions_are_not_added_or_decrypted()
    {
        var parameters = BfvParameters.Create(1024, 1 << 10, 27);
        var other = BfvParameters.Create(1024, 1 << 11, 27);
        using var key = BfvSecretKey.Generate(parameters, Streams.Of("secret"));
        using var otherKey = BfvSecretKey.Generate(other, Streams.Of("secret"));
        var vector = key.Encrypt([1, 2], Streams.Of("encryption")).Expand();
        var foreign = otherKey.Encrypt([1, 2], Streams.Of("encryption")).Expand();
        Assert.Throws<ArgumentException>(() => vector.Add(foreign));
        Assert.Throws<ArgumentException>(() => vector.Add(key.Encrypt([1, 2, 3], Streams.Of("encryption")).Expand()));
        Assert.Throws<ArgumentException>(() => key.Decrypt(foreign));
    }
}
