using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

public sealed class SmallPolynomialsTests
{
    private static readonly BfvParameters Parameters = BfvParameters.Create(8192, 65537, 40);

    [Fact]
    public void Ternary_values_are_equally_frequent()
    {
        var counts = Draw((small, words) => small.Ternary(words)).CountBy(value => value).ToDictionary();
        Assert.Equal([-1, 0, 1], counts.Keys.Order());
        Assert.All(counts.Values, count => Assert.InRange(count, (81920 / 3) - 700, (81920 / 3) + 700)); // five standard deviations
    }

    [Fact]
    public void Noise_has_mean_zero_and_variance_ten_and_a_half_and_21_is_its_greatest()
    {
        var values = Draw((small, words) => small.Noise(words));
        Assert.InRange(values.Average(), -0.06, 0.06);
        Assert.InRange(values.Average(value => (double)value * value), 10.25, 10.75);
        Assert.InRange(values.Max(Math.Abs), 12, 21);
    }

    private static List<long> Draw(Action<SmallPolynomials, ulong[]> draw)
    {
        using var stream = Streams.Of("small");
        var small = new SmallPolynomials(Parameters, stream);
        var words = new ulong[Parameters.PolynomialWords];
        var values = new List<long>();
        for (var i = 0; i < 10; i++)
        {
            draw(small, words);
            values.AddRange(words.Select(word => word > Parameters.Primes[0] / 2 ? (long)(word - Parameters.Primes[0]) : (long)word));
        }

        return values;
    }
}
