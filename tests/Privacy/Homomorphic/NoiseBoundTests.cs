using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class NoiseBoundTests
{
    private const int Million = 1_000_000;

    // Bits of q that 64 or 100 vectors of a million values need, found by measurement against SEAL before this code was written; one less is refused.
    [Theory]
    [InlineData(4096, 24, 64, 34)]
    [InlineData(2048, 24, 64, 34)]
    [InlineData(1024, 16, 64, 26)]
    public void Symmetric_sum_is_proved_from_ten_bits_above_t(int degree, int plaintextBits, int sites, int bits)
    {
        Assert.True(NoiseBound.Symmetric(Ring(degree, plaintextBits, bits), sites, Million).Holds);
        Assert.False(NoiseBound.Symmetric(Ring(degree, plaintextBits, bits - 1), sites, Million).Holds);
    }

    [Theory]
    [InlineData(2048, 24, 64, 40)]
    [InlineData(4096, 24, 64, 40)]
    [InlineData(8192, 24, 64, 41)]
    [InlineData(4096, 24, 100, 41)]
    [InlineData(4096, 40, 64, 56)]
    public void Public_key_sum_is_proved_from_sixteen_or_seventeen_bits_above_t(int degree, int plaintextBits, int sites, int bits)
    {
        Assert.True(NoiseBound.PublicKey(Ring(degree, plaintextBits, bits), sites, holders: 1, Million).Holds);
        Assert.False(NoiseBound.PublicKey(Ring(degree, plaintextBits, bits - 1), sites, holders: 1, Million).Holds);
    }

    [Fact]
    public void Few_vectors_are_bounded_by_the_greatest_noise_there_can_be()
    {
        var bound = NoiseBound.Symmetric(Ring(2048, 24, 34), 1, Million);
        Assert.True(bound.Noise < Rational.Of(24), bound.ToString()); // 21, and rounding
        Assert.True(bound.Noise > Rational.Of(21), bound.ToString());
    }

    [Fact]
    public void Collective_key_of_n_holders_needs_what_n_times_the_variance_needs()
    {
        var ring = Ring(4096, 24, 40);
        var one = NoiseBound.PublicKey(ring, 64, holders: 1, Million).Noise.ToDouble();
        var all = NoiseBound.PublicKey(ring, 64, holders: 64, Million).Noise.ToDouble();
        Assert.InRange(all / one, 7.9, 8.0);
    }

    // The bound is an upper one, and not by much: noise of one public-key encryption, measured, against the variance that the proof uses.
    [Fact]
    public void Noise_that_is_measured_has_the_variance_that_the_proof_reckons_with()
    {
        var ring = Ring(4096, 24, 54);
        using var key = BfvSecretKey.Generate(ring, Streams.Of("secret"));
        var vector = BfvPublicKey.Of(key, Streams.Of("public")).Encrypt(new ulong[40 * 4096], Streams.Of("encryption"));
        var squares = 0.0;
        for (var i = 0; i < vector.Body.Count; i++)
        {
            var phase = vector.Uniform.Polynomial(i).ToArray();
            key.Multiply(phase);
            ring.Add(phase, vector.Body.Polynomial(i));
            squares += phase.Sum(word => Math.Pow(word > ring.Primes[0] / 2 ? -(double)(ring.Primes[0] - word) : word, 2));
        }

        Assert.InRange(squares / (40 * 4096), 0.95 * 14 * 4096, 1.05 * 14 * 4096);
    }

    private static BfvParameters Ring(int degree, int plaintextBits, int bits) => BfvParameters.Create(degree, 1UL << plaintextBits, bits);
}
