using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class ThresholdTests
{
    private const int Dimension = 5000;

    private static readonly BfvParameters Parameters = BfvParameters.Create(4096, 1 << 24, 54, 55);

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void All_sites_together_open_the_sum_from_packed_messages(int sites)
    {
        var round = new Round(Parameters, sites);
        Assert.Equal(round.Expected, round.Decryption.Open(round.Sum.Body, round.Shares));
        Assert.Equal(round.Expected, round.Decryption.Open(round.Sum.Body, [.. round.Shares.Reverse()]));
    }

    [Fact]
    public void Sum_without_one_sites_share_is_noise()
    {
        var round = new Round(Parameters, 3);
        Assert.Throws<ArgumentException>(() => round.Decryption.Open(round.Sum.Body, round.Shares[..2]));
        var opened = round.Decryption.Open(round.Sum.Body, [round.Shares[0], round.Shares[1], round.Shares[1]]);
        Assert.True(opened.Zip(round.Expected, (a, b) => a == b).Count(equal => equal) < 10);
    }

    [Fact]
    public void Retry_of_a_share_is_the_same_bytes()
    {
        var round = new Round(Parameters, 2);
        Assert.Equal(round.Shares[0], round.MakeShare(0));
    }

    // The margin holds for the widest noise that may be drawn, and one bit more would not: n floods at an end of their range.
    [Theory]
    [InlineData(64)]
    [InlineData(100)]
    [InlineData(256)]
    public void Flooding_noise_takes_what_the_modulus_leaves(int sites)
    {
        var decryption = ThresholdDecryption.For(Parameters, sites, 1_000_000);
        var bound = NoiseBound.PublicKey(Parameters, sites, sites, 1_000_000);
        var flood = Rational.Of(System.Numerics.BigInteger.One << decryption.FloodBits) * Rational.Of(sites);
        Assert.True(flood + bound.Noise < bound.Margin);
        Assert.True(flood * Rational.Of(2) + bound.Noise > bound.Margin * Rational.Of(63, 64));
    }

    // Measured before this code was written: N = 4096, t = 2^24, q of 54 + 55 bits, 100 sites, a million parameters: distance of about 2^-42.
    [Fact]
    public void Distance_of_a_million_parameters_and_a_hundred_sites_is_below_one_in_two_to_the_42()
    {
        var decryption = ThresholdDecryption.For(Parameters, 100, 1_000_000);
        Assert.Equal(77, decryption.FloodBits);
        Assert.InRange(Math.Log2(decryption.Distance.ToDouble()), -44, -42);
        Assert.InRange(decryption.Share.Length / 1e6, 4, 5);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(50)]
    [InlineData(63)]
    [InlineData(77)]
    public void Flooding_noise_is_uniform_over_its_range(int bits)
    {
        var words = new ulong[Parameters.PolynomialWords];
        new FloodingNoise(Parameters, bits).AddTo(words, Streams.Of("flood"));
        var range = Math.ScaleB(1, bits);
        var values = Enumerable.Range(0, 4096).Select(i => Centred(words, i) / range).ToArray();
        Assert.All(values, value => Assert.InRange(value, -1, 1 - Math.ScaleB(1, -54)));
        Assert.InRange(values.Average() + (0.5 / range), -0.05, 0.05);
        Assert.InRange(values.Average(value => value * value), 0.3, 0.37);
    }

    [Fact]
    public void Part_opens_its_own_commitment_and_no_other()
    {
        var key = new CollectiveKey(Parameters, "epoch 1"u8);
        using var secret = BfvSecretKey.Generate(Parameters, Streams.Of("secret"));
        var part = key.MakePart(secret, Streams.Of("part"));
        var commitment = key.Commit("site-a"u8, part);
        Assert.True(key.Opens(commitment, "site-a"u8, part));
        Assert.False(key.Opens(commitment, "site-b"u8, part));
        Assert.False(key.Opens(commitment, "site-a"u8, key.MakePart(secret, Streams.Of("another part"))));
        Assert.False(new CollectiveKey(Parameters, "epoch 2"u8).Opens(commitment, "site-a"u8, part));
        Assert.Throws<ArgumentException>(() => key.Combine([]));
    }

    [Fact]
    public void Hostile_parts_and_shares_are_read_or_refused_and_nothing_else()
    {
        var small = BfvParameters.Create(1024, 2, 27);
        var decryption = ThresholdDecryption.For(small, 2, 10);
        var key = new CollectiveKey(small, "epoch"u8);
        using var secret = BfvSecretKey.Generate(small, Streams.Of("secret"));
        var part = key.MakePart(secret, Streams.Of("part"));
        var sum = key.Combine([part]).Encrypt(new ulong[10], Streams.Of("encryption"));
        var share = decryption.MakeShare(secret, sum.Uniform, Streams.Of("share"));
        Hostile.Bytes(part, share).Sample(bytes =>
        {
            Hostile.ReadOrRefuse(() => key.Combine([part, bytes]));
            Hostile.ReadOrRefuse(() => decryption.Open(sum.Body, [share, bytes]));
        });
    }

    [Fact]
    public void Modulus_without_room_for_flooding_is_refused()
    {
        var fault = Assert.Throws<ArgumentException>(() => ThresholdDecryption.For(BfvParameters.Create(4096, 1 << 24, 38), 3, 1000));
        Assert.Contains("no room", fault.Message, StringComparison.Ordinal);
    }

    // A coefficient of both primes, centred: by the Chinese remainder theorem.
    private static double Centred(ulong[] words, int i)
    {
        var (q, p) = (new System.Numerics.BigInteger(Parameters.Primes[0]), new System.Numerics.BigInteger(Parameters.Primes[1]));
        var inverse = System.Numerics.BigInteger.ModPow(q, p - 2, p);
        var value = words[i] + (q * ((words[4096 + i] - (System.Numerics.BigInteger)words[i] + (q * p)) * inverse % p));
        value %= q * p;
        return (double)(value > q * p / 2 ? value - (q * p) : value);
    }

    /// <summary>A round, with everything that goes over the wire in its bytes.</summary>
    private sealed class Round
    {
        private readonly BfvSecretKey[] _secrets;

        public Round(BfvParameters parameters, int sites)
        {
            Decryption = ThresholdDecryption.For(parameters, sites, Dimension);
            var collective = new CollectiveKey(parameters, "epoch"u8);
            _secrets = [.. Enumerable.Range(0, sites).Select(site => BfvSecretKey.Generate(parameters, Streams.Of($"secret {site}")))];
            var key = collective.Combine([.. _secrets.Select((secret, site) => collective.MakePart(secret, Streams.Of($"part {site}")))]);
            Expected = new ulong[Dimension];
            for (var site = 0; site < sites; site++)
            {
                var words = Vectors.Words(parameters, Dimension, $"words {site}");
                for (var i = 0; i < Dimension; i++)
                    Expected[i] = (Expected[i] + words[i]) % parameters.PlaintextModulus;
                var sent = PackedVector.Write(key.Encrypt(words, Streams.Of($"encryption {site}")));
                var received = PackedVector.ReadEncrypted(parameters, Dimension, sent);
                if (Sum is null)
                    Sum = received;
                else
                    Sum.Add(received);
            }

            Shares = [.. Enumerable.Range(0, sites).Select(MakeShare)];
        }

        public ThresholdDecryption Decryption { get; }

        public EncryptedVector Sum { get; } = null!;

        public ulong[] Expected { get; }

        public byte[][] Shares { get; }

        public byte[] MakeShare(int site) => Decryption.MakeShare(
            _secrets[site], PackedVector.ReadPolynomials(Sum.Parameters, Dimension, PackedVector.Write(Sum.Uniform)), Streams.Of($"share {site}"));
    }
}
