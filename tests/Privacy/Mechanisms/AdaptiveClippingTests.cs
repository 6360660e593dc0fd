using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class AdaptiveClippingTests
{
    private static readonly AdaptiveClipping s_paper = AdaptiveClipping.Of(Rational.Of(1, 2), Rational.Of(1, 5), Rational.Of(100), Rational.Of(5), 0.01f, 100);

    [Fact]
    public void Norm_moves_geometrically_by_the_noisy_share() =>
        Gen.Select(Gen.Single[0.1f, 10], Gen.Int[-150, 150]).Sample((norm, count) =>
        {
            var share = Math.Clamp(0.5 + (count / 200.0), 0, 1);
            var expected = norm * Math.Exp(-0.2 * (share - 0.5));
            var next = s_paper.Next(norm, count);
            // Cut down to 24 bits.
            Assert.InRange(next, expected * (1 - Math.ScaleB(1.01, -23)), expected * (1 + 1e-14));
        });

    // python3 -c "from mpmath import *; mp.prec=200; print(exp(mpf(1)/10), exp(-mpf(1)/10))", cut to float32: 1.1051709..., 0.9048374...
    [Theory]
    [InlineData(1, -100, 0x3F8D763D)]
    [InlineData(1, 100, 0x3F67A36C)]
    [InlineData(1, 0, 0x3F800000)]
    public void Norm_is_the_same_bits_everywhere(float norm, long count, int bits) =>
        Assert.Equal(bits, BitConverter.SingleToInt32Bits(s_paper.Next(norm, count)));

    [Fact]
    public void Norm_stays_within_its_limits()
    {
        Assert.Equal(100, s_paper.Next(99, -1000));
        Assert.Equal(0.01f, s_paper.Next(0.01f, long.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_paper.Next(101, 0));
    }

    [Fact]
    public void Norm_finds_the_quantile_of_the_norms()
    {
        var norms = Enumerable.Range(1, 100).Select(i => i / 20f).ToArray();
        var norm = 0.1f;
        using var stream = Streams.Of(1);
        var noise = DiscreteGaussian.Of(s_paper.CountVariance);
        for (var step = 0; step < 200; step++)
        {
            var unclipped = norms.Count(x => x <= norm);
            norm = s_paper.Next(norm, AdaptiveClipping.Count(unclipped, norms.Length - unclipped) + noise.Sample(stream));
        }

        Assert.InRange(norm, 2, 3);
    }

    [Fact]
    public void Sum_and_count_together_have_the_multiplier()
    {
        // Andrew et al. 2021, theorem 1: z = 1, σ_b = 5: z_Δ = (1 - 1/100)^(-1/2) = 1.00504...
        Assert.Equal(Rational.Of(100, 99), s_paper.SquaredMultiplier(Rational.One));
        Assert.Equal(Rational.Of(100), s_paper.CountVariance);
        Assert.Throws<ArgumentOutOfRangeException>(() => s_paper.SquaredMultiplier(Rational.Of(10)));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_paper.SquaredMultiplier(Rational.Of(-1)));
    }

    [Theory]
    [InlineData(0, 1, 1, 1, 1, 2)]
    [InlineData(1, 1, 1, 1, 1, 2)]
    [InlineData(0.5, 1.5, 1, 1, 1, 2)]
    [InlineData(0.5, 1, 0, 1, 1, 2)]
    [InlineData(0.5, 1, 1, 0.2, 1, 2)]
    [InlineData(0.5, 1, 1, 1, 2, 1)]
    [InlineData(0.5, 1, 1, 1, float.NaN, 1)]
    public void Constant_out_of_range_is_refused(double quantile, double rate, double participants, double deviation, float minimum, float maximum) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AdaptiveClipping.Of(
            Rational.Exactly(quantile), Rational.Exactly(rate), Rational.Exactly(participants), Rational.Exactly(deviation), minimum, maximum));
}
