using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class PoissonSamplingTests
{
    [Theory]
    [InlineData(1, 2, 0.5)]
    [InlineData(1, 1, 1)]
    public void Rate_that_a_double_holds_is_drawn_exactly(int numerator, int denominator, double rate) =>
        Assert.Equal(rate, PoissonSampling.AtLeast(Rational.Of(numerator, denominator)).Rate);

    [Fact]
    public void Rate_is_rounded_up_by_less_than_its_unit()
    {
        var third = Rational.Of(1, 3);
        var excess = Rational.Exactly(PoissonSampling.AtLeast(third).Rate) - third;
        Assert.True(excess.Sign > 0 && excess < Rational.Of(1, 1L << 53));
        Assert.Equal(Math.ScaleB(1, -53), PoissonSampling.AtLeast(Rational.Of(1, long.MaxValue)).Rate);
    }

    [Theory]
    [InlineData(0.001)]
    [InlineData(0.3)]
    public void Patients_take_part_at_the_rate_and_independently(double rate)
    {
        const int patients = 200_000;
        using var stream = Streams.Of(1);
        var drawn = PoissonSampling.AtLeast(Rational.Exactly(rate)).Draw(patients, stream);
        Assert.Equal(drawn.Order().Distinct(), drawn);
        Assert.Equal(patients * rate, drawn.Length, 5 * Math.Sqrt(patients * rate));
        // Pairs of neighbours that both take part: q² of all.
        Assert.Equal(patients * rate * rate, drawn.Zip(drawn.Skip(1)).Count(pair => pair.First + 1 == pair.Second), 5 * Math.Sqrt(patients) * rate);
    }

    [Fact]
    public void Patient_takes_part_by_its_own_word_and_at_rate_one_always()
    {
        using var stream = Streams.Of(2);
        using var words = Streams.Of(2);
        var expected = Enumerable.Range(0, 1000).Where(_ => words.NextUInt64() < 1UL << 61).ToArray();
        Assert.Equal(expected, PoissonSampling.AtLeast(Rational.Of(1, 8)).Draw(1000, stream));
        Assert.Equal(Enumerable.Range(0, 1000), PoissonSampling.AtLeast(Rational.One).Draw(1000, stream));
        Assert.Empty(PoissonSampling.AtLeast(Rational.One).Draw(0, stream));
    }

    [Fact]
    public void Rate_out_of_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => PoissonSampling.AtLeast(Rational.Zero));
        Assert.Throws<ArgumentOutOfRangeException>(() => PoissonSampling.AtLeast(Rational.Of(101, 100)));
    }
}
