using CsCheck;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class DiscreteGaussianTests
{
    private const int Samples = 2_000_000;

    public static TheoryData<double> Variances => [0.25, 0.37, 1, 2.5, 16, 1000, 1e6];

    [Theory]
    [MemberData(nameof(Variances))]
    public void Noise_has_the_probabilities_of_its_definition(double variance)
    {
        var noise = Draw(variance, Samples, seed: 1);
        Assert.InRange(GoodnessOfFit.Deviation(GoodnessOfFit.Count(noise), Weights(variance)), -4, 4);
    }

    [Theory]
    [InlineData(16, 4)] // σ taken for σ²
    [InlineData(16, 16.2)]
    [InlineData(0.25, 0.252)]
    public void Noise_of_another_variance_is_told_apart(double variance, double other) =>
        Assert.True(GoodnessOfFit.Deviation(GoodnessOfFit.Count(Draw(other, Samples, seed: 1)), Weights(variance)) > 6);

    [Fact]
    public void Noise_that_is_off_by_one_is_told_apart() =>
        Assert.True(GoodnessOfFit.Deviation(GoodnessOfFit.Count(Draw(1e6, Samples, seed: 1).Select(x => Math.Sign(x) * (Math.Abs(x) - 1))), Weights(1e6)) > 6);

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(33)]
    [InlineData(40)]
    public void Moments_are_those_of_the_continuous_normal(int logSigma)
    {
        var sigma = Math.ScaleB(logSigma == 0 ? 3 : 1, logSigma);
        var noise = Draw(sigma * sigma, Samples, seed: 2).Select(x => x / sigma).ToArray();
        // Five standard errors: of the moments of order 1 to 4, whose variances are 1, 2, 15 and 96.
        double[] expected = [0, 1, 0, 3];
        double[] variances = [1, 2, 15, 96];
        for (var order = 1; order <= 4; order++)
            Assert.Equal(expected[order - 1], noise.Average(x => Math.Pow(x, order)), 5 * Math.Sqrt(variances[order - 1] / Samples));
        Assert.Equal(0.5 * noise.Count(x => x != 0), noise.Count(x => x > 0), 5 * Math.Sqrt(Samples / 4.0));
        // Beyond where the staircase ends and its tail begins: 2 (1 - Φ(3.5)) and 2 (1 - Φ(4.5)) of them (Abramowitz and Stegun 1964, table 26.1), but for
        // the half step that makes a difference on the coarse grid.
        if (logSigma > 0)
        {
            Assert.Equal(4.6526e-4 * Samples, noise.Count(x => Math.Abs(x) > 3.5), 5 * Math.Sqrt(4.6526e-4 * Samples));
            Assert.Equal(6.795e-6 * Samples, noise.Count(x => Math.Abs(x) > 4.5), 5 * Math.Sqrt(6.795e-6 * Samples));
        }
    }

    [Fact]
    public void Low_bits_of_wide_noise_are_uniform()
    {
        var low = GoodnessOfFit.Count(Draw(Math.ScaleB(1, 80), Samples, seed: 3).Select(x => x & 255));
        Assert.InRange(GoodnessOfFit.Deviation(low, Enumerable.Range(0, 256).ToDictionary(i => (long)i, _ => 1.0)), -4, 4);
    }

    // From the first run on a machine that passed every other test here; the software of another year must draw the same to replay.
    [Theory]
    [InlineData(16, new long[] { 1, -3, 2, 3, 2, 5, 2, 6 })]
    [InlineData(1.0e18, new long[] { 280026868, -713054018, 479120431, 759007524, 618033001, 1328469573, 524054205, -43966672 })]
    public void Noise_of_a_stream_never_changes(double variance, long[] golden) => Assert.Equal(golden, Draw(variance, golden.Length, seed: 4));

    [Fact]
    public void Noise_in_any_pieces_is_the_same() =>
        Gen.Select(Gen.Int[0, 3000].Array[1, 6], Gen.OneOf(Gen.Const(0.25), Gen.Const(16.0), Gen.Const(1e9), Gen.Const(1e24))).Sample((pieces, variance) =>
        {
            var gaussian = DiscreteGaussian.Of(Rational.Exactly(variance));
            var whole = Enumerable.Range(0, pieces.Sum()).Select(i => (long)i).ToArray();
            var cut = whole.ToArray();
            using var one = Streams.Of(5);
            using var other = Streams.Of(5);
            gaussian.AddTo(whole, one);
            var start = 0;
            foreach (var piece in pieces)
            {
                gaussian.AddTo(cut.AsSpan(start, piece), other);
                start += piece;
            }

            Assert.Equal(whole, cut);
            Assert.Equal(one.NextUInt64(), other.NextUInt64());
        });

    [Fact]
    public void Noise_is_added_and_wraps_at_the_end_of_the_word()
    {
        long[] codes = [100, long.MaxValue, long.MinValue];
        var noise = Draw(1e12, 3, seed: 6);
        using var stream = Streams.Of(6);
        DiscreteGaussian.Of(Rational.Of(1_000_000_000_000)).AddTo(codes, stream);
        Assert.Equal([100 + noise[0], unchecked(long.MaxValue + noise[1]), unchecked(long.MinValue + noise[2])], codes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(1e6)]
    public void Tail_bound_holds_and_is_not_far_off(double variance)
    {
        var weights = Weights(variance);
        var total = weights.Values.Sum();
        for (var bits = 1; bits < 40; bits++)
        {
            var bound = (long)DiscreteGaussian.TailBound(Rational.Exactly(variance), 1000, bits);
            Assert.True(1000 * weights.Where(pair => Math.Abs(pair.Key) >= bound).Sum(pair => pair.Value) / total <= Math.ScaleB(1, -bits));
            Assert.True(bound <= (1.2 * Math.Sqrt(2 * variance * Math.Log(2) * (bits + 11))) + 1);
        }
    }

    [Fact]
    public void Variance_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => DiscreteGaussian.Of(Rational.Of(1, 5)));
        Assert.Throws<ArgumentOutOfRangeException>(() => DiscreteGaussian.Of(Rational.Exactly(Math.ScaleB(1.01, 80))));
    }

    private static long[] Draw(double variance, int count, long seed)
    {
        using var stream = Streams.Of(seed);
        var noise = new long[count];
        DiscreteGaussian.Of(Rational.Exactly(variance)).AddTo(noise, stream);
        return noise;
    }

    // exp(-x²/2σ²), to 15 digits, out to where it is below 1e-40.
    private static Dictionary<long, double> Weights(double variance)
    {
        var end = (long)(14 * Math.Sqrt(variance)) + 2;
        return Enumerable.Range(0, (int)(2 * end) + 1).Select(i => i - end).ToDictionary(x => x, x => Math.Exp(-(double)x * x / (2 * variance)));
    }
}
