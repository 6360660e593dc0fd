using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>What every <see cref="IBfvBackend"/> must do, alone and with the bytes of our own.</summary>
public abstract class BfvBackendTests
{
    private const int Seeded = 194;
    private const int Full = 113;

    public static TheoryData<int, ulong, int> Rings => new()
    {
        { 1024, 1 << 10, 27 },
        { 2048, 1 << 24, 42 },
        { 4096, 65537, 60 },
        { 8192, 1UL << 40, 60 },
    };

    protected abstract IBfvBackend Make(BfvParameters parameters);

    [Theory]
    [MemberData(nameof(Rings))]
    public void Sum_of_all_forms_decrypts_to_the_sum_of_the_words(int degree, ulong t, int bits)
    {
        var parameters = BfvParameters.Create(degree, t, bits);
        Assert.True(NoiseBound.PublicKey(parameters, 2, 1, degree).Holds);
        using var backend = Make(parameters);
        var secret = backend.MakeSecretKey();
        var (one, two) = (Vectors.Words(parameters, degree, "one"), Vectors.Words(parameters, degree, "two"));
        var seeded = backend.EncryptSeeded(secret, one);
        var full = backend.Encrypt(backend.MakePublicKey(secret), two);
        var sum = backend.Add(seeded, full);

        Assert.Equal([Seeded + (8 * degree), Full + (16 * degree), Full + (16 * degree)], [seeded.Length, full.Length, sum.Length]);
        Assert.Equal(one, backend.Decrypt(secret, seeded));
        Assert.Equal(two, backend.Decrypt(secret, full));
        Assert.Equal(one.Zip(two, (a, b) => (a + b) % t), backend.Decrypt(secret, sum));
    }

    [Theory]
    [MemberData(nameof(Rings))]
    public void What_it_makes_we_read_and_what_we_make_it_reads(int degree, ulong t, int bits)
    {
        var parameters = BfvParameters.Create(degree, t, bits);
        using var backend = Make(parameters);
        using var ours = new ManagedBfvBackend(parameters);
        var words = Vectors.Words(parameters, degree, "words");
        foreach (var (maker, reader) in new (IBfvBackend, IBfvBackend)[] { (backend, ours), (ours, backend) })
        {
            var secret = maker.MakeSecretKey();
            var seeded = maker.EncryptSeeded(secret, words);
            Assert.Equal(words, reader.Decrypt(secret, seeded));
            Assert.Equal(words, maker.Decrypt(secret, reader.Encrypt(maker.MakePublicKey(secret), words)));
            Assert.Equal(maker.Add(seeded, seeded), reader.Add(seeded, seeded)); // a sum has no randomness of its own
        }
    }

    [Fact]
    public void Sum_of_as_many_sites_as_the_bound_was_asked_for_is_exact()
    {
        var parameters = BfvParameters.Create(2048, 1 << 24, 34);
        Assert.True(NoiseBound.Symmetric(parameters, 64, 2048).Holds);
        using var backend = Make(parameters);
        var secret = backend.MakeSecretKey();
        byte[]? sum = null;
        var expected = new ulong[2048];
        for (var site = 0; site < 64; site++)
        {
            var words = Vectors.Words(parameters, 2048, $"site {site}");
            for (var i = 0; i < words.Length; i++)
                expected[i] = (expected[i] + words[i]) % parameters.PlaintextModulus;
            var encrypted = backend.EncryptSeeded(secret, words);
            sum = sum is null ? encrypted : backend.Add(sum, encrypted);
        }

        Assert.Equal(expected, backend.Decrypt(secret, sum));
    }

    [Fact]
    public void Coefficients_beyond_the_words_are_zero()
    {
        using var backend = Make(Small);
        var secret = backend.MakeSecretKey();
        Assert.Equal([7, 0, 3, .. new ulong[1021]], backend.Decrypt(secret, backend.EncryptSeeded(secret, [7, 0, 3])));
        Assert.Equal([7, 0, 3, .. new ulong[1021]], backend.Decrypt(secret, backend.Encrypt(backend.MakePublicKey(secret), [7, 0, 3])));
    }

    [Fact]
    public void Nothing_is_made_twice_alike()
    {
        using var backend = Make(Small);
        var secret = backend.MakeSecretKey();
        var key = backend.MakePublicKey(secret);
        Assert.NotEqual(secret, backend.MakeSecretKey());
        Assert.NotEqual(key, backend.MakePublicKey(secret));
        Assert.NotEqual(backend.EncryptSeeded(secret, [1]), backend.EncryptSeeded(secret, [1]));
        Assert.NotEqual(backend.Encrypt(key, [1]), backend.Encrypt(key, [1]));
    }

    [Fact]
    public void Words_that_do_not_fit_are_refused()
    {
        using var backend = Make(Small);
        var secret = backend.MakeSecretKey();
        var key = backend.MakePublicKey(secret);
        foreach (var words in new ulong[][] { [], [1023, 1024], new ulong[1025] })
        {
            Assert.ThrowsAny<ArgumentException>(() => backend.EncryptSeeded(secret, words));
            Assert.ThrowsAny<ArgumentException>(() => backend.Encrypt(key, words));
        }
    }

    [Fact]
    public void Keys_and_ciphertexts_of_other_parameters_are_refused()
    {
        using var backend = Make(Small);
        using var other = Make(BfvParameters.Create(1024, 1 << 11, 27));
        var (secret, foreign) = (backend.MakeSecretKey(), other.MakeSecretKey());
        var (own, alien) = (backend.EncryptSeeded(secret, [1]), other.EncryptSeeded(foreign, [1]));
        Assert.Throws<FormatException>(() => backend.MakePublicKey(foreign));
        Assert.Throws<FormatException>(() => backend.EncryptSeeded(foreign, [1]));
        Assert.Throws<FormatException>(() => backend.Encrypt(other.MakePublicKey(foreign), [1]));
        Assert.Throws<FormatException>(() => backend.Add(own, alien));
        Assert.Throws<FormatException>(() => backend.Decrypt(secret, alien));
        Assert.Throws<FormatException>(() => backend.Decrypt(foreign, own));
    }

    [Fact]
    public void Hostile_bytes_are_read_or_refused_and_nothing_else()
    {
        using var backend = Make(Small);
        var secret = backend.MakeSecretKey();
        var key = backend.MakePublicKey(secret);
        var (seeded, full) = (backend.EncryptSeeded(secret, [1]), backend.Encrypt(key, [2]));
        var bare = full.ToArray();
        Array.Clear(bare, Full + (8 * 1024), 8 * 1024); // c1 is zero: it hides nothing
        Hostile.ReadOrRefuse(() => backend.Add(bare, bare));
        Hostile.Bytes(seeded, full, key, secret, bare).Sample(bytes =>
        {
            Hostile.ReadOrRefuse(() => backend.Add(full, bytes));
            Hostile.ReadOrRefuse(() => backend.Decrypt(secret, bytes));
            Hostile.ReadOrRefuse(() => backend.Decrypt(bytes, full));
            Hostile.ReadOrRefuse(() => backend.Encrypt(bytes, [1]));
            Hostile.ReadOrRefuse(() => backend.EncryptSeeded(bytes, [1]));
            Hostile.ReadOrRefuse(() => backend.MakePublicKey(bytes));
        });
    }

    [Fact]
    public void Two_primes_are_refused() => Assert.Throws<ArgumentException>(() =>
    {
        using var backend = Make(BfvParameters.Create(4096, 1 << 24, 54, 55));
        backend.MakeSecretKey();
    });

    private static BfvParameters Small { get; } = BfvParameters.Create(1024, 1 << 10, 27);
}
