using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class DiscreteLaplaceTests
{
    private const int Samples = 20_000;

    [Theory]
    [InlineData(1, 3)]
    [InlineData(1, 1)]
    [InlineData(10, 3)]
    [InlineData(20, 1)]
    public void Noise_has_the_probabilities_of_its_definition(int numerator, int denominator)
    {
        var counts = GoodnessOfFit.Count(Draw(Rational.Of(numerator, denominator), Samples));
        Assert.InRange(GoodnessOfFit.Deviation(counts, Weights((double)numerator / denominator)), -4, 4);
        Assert.True(Math.Abs(GoodnessOfFit.Deviation(counts, Weights(1.1 * numerator / denominator))) > 4);
    }

    [Fact]
    public void Scale_of_many_digits_has_the_spread_of_its_definition()
    {
        var scale = Rational.Exactly(1e6 / Math.PI);
        var noise = Draw(scale, Samples);
        // E|x| is b but for a relative 1/b², its deviation b as well.
        Assert.Equal(scale.ToDouble(), noise.Average(x => Math.Abs((double)x)), 5 * scale.ToDouble() / Math.Sqrt(Samples));
        Assert.Equal(0, noise.Average(), 5 * Math.Sqrt(2.0 / Samples) * scale.ToDouble());
    }

    [Fact]
    public void Noise_in_pieces_is_the_same_and_is_added_to_counts()
    {
        var laplace = DiscreteLaplace.Of(Rational.Of(10));
        var noise = Draw(Rational.Of(10), 10);
        var counts = Enumerable.Range(0, 10).Select(i => 100L * i).ToArray();
        using var stream = Streams.Of(1);
        laplace.AddTo(counts.AsSpan(0, 4), stream);
        laplace.AddTo(counts.AsSpan(4), stream);
        Assert.Equal(noise.Select((x, i) => x + (100 * i)), counts);
    }

    [Fact]
    public void Scale_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => DiscreteLaplace.Of(Rational.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => DiscreteLaplace.Of(Rational.Of((1L << 40) + 1)));
    }

    private static long[] Draw(Rational scale, int count)
    {
        using var stream = Streams.Of(1);
        var noise = new long[count];
        DiscreteLaplace.Of(scale).AddTo(noise, stream);
        return noise;
    }

    private static Dictionary<long, double> Weights(double scale) =>
        Enumerable.Range(-1000, 2001).ToDictionary(x => (long)x, x => Math.Exp(-Math.Abs(x) / scale));
}
