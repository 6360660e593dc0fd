using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Distributions;

public sealed class DistributionTests
{
    [Theory] // NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: upper critical values of Student's t
    [InlineData(1, 3.078, 6.314, 12.706, 31.821, 63.657)]
    [InlineData(2, 1.886, 2.920, 4.303, 6.965, 9.925)]
    [InlineData(3, 1.638, 2.353, 3.182, 4.541, 5.841)]
    [InlineData(4, 1.533, 2.132, 2.776, 3.747, 4.604)]
    [InlineData(5, 1.476, 2.015, 2.571, 3.365, 4.032)]
    [InlineData(10, 1.372, 1.812, 2.228, 2.764, 3.169)]
    [InlineData(30, 1.310, 1.697, 2.042, 2.457, 2.750)]
    [InlineData(100, 1.290, 1.660, 1.984, 2.364, 2.626)]
    public void Quantile_of_Student_s_t_is_the_published_one(int degreesOfFreedom, double tenth, double twentieth, double fortieth, double hundredth, double twoHundredth)
    {
        foreach (var (tail, value) in new[] { (0.1, tenth), (0.05, twentieth), (0.025, fortieth), (0.01, hundredth), (0.005, twoHundredth) })
            Assert.Equal(value, StudentT.Quantile(1 - tail, degreesOfFreedom), 0.00051);
    }

    [Theory] // Abramowitz and Stegun 1964, table 26.8: percentage points of the chi-squared distribution
    [InlineData(0.95, 1, 3.84146)]
    [InlineData(0.95, 2, 5.99147)]
    [InlineData(0.95, 10, 18.3070)]
    [InlineData(0.95, 30, 43.7729)]
    [InlineData(0.975, 4, 11.1433)]
    [InlineData(0.975, 12, 23.3367)]
    [InlineData(0.025, 4, 0.484419)]
    [InlineData(0.025, 12, 4.40379)]
    [InlineData(0.99, 5, 15.0863)]
    [InlineData(0.95, 100, 124.342)]
    [InlineData(0.5, 1, 0.454937)]
    public void Quantile_of_chi_squared_is_the_published_one(double probability, int degreesOfFreedom, double value) =>
        Assert.Equal(value, ChiSquared.Quantile(probability, degreesOfFreedom), value * 5e-6);

    // The closed forms: Cauchy's distribution, and Shaw 2006 (Journal of Computational Finance 9(4)), equations 34 and 36, for 2 and 4 degrees of freedom.
    [Fact]
    public void Quantile_of_Student_s_t_is_the_closed_form_where_there_is_one() => Gen.Double[0.501, 0.9999].Sample(p =>
    {
        Close(Math.Tan(Math.PI * (p - 0.5)), StudentT.Quantile(p, 1));
        var alpha = 4 * p * (1 - p);
        Close((2 * p - 1) * Math.Sqrt(2 / alpha), StudentT.Quantile(p, 2));
        if (p > 0.55) // nearer to the middle it is equation 36 itself that cancels: at 0.501, 1e-10 of it is rounding
            Close(2 * Math.Sqrt((Math.Cos(Math.Acos(Math.Sqrt(alpha)) / 3) / Math.Sqrt(alpha)) - 1), StudentT.Quantile(p, 4));
    });

    // With an even number of degrees of freedom the tail is that of a Poisson count (Abramowitz and Stegun 26.4.21).
    [Fact]
    public void Upper_of_chi_squared_is_the_tail_of_Poisson_for_even_degrees_of_freedom() => Gen.Select(Gen.Double[0.01, 300], Gen.Int[1, 120]).Sample((x, half) =>
    {
        var (sum, term) = (0.0, Math.Exp(-x / 2));
        for (var i = 0; i < half; i++)
        {
            sum += term;
            term *= x / 2 / (i + 1);
        }

        Assert.Equal(sum, ChiSquared.Upper(x, 2 * half), 1e-12);
        if (sum is > 1e-9 and < 0.5)
            Close(sum, ChiSquared.Upper(x, 2 * half));
    });

    [Fact]
    public void Quantile_is_the_inverse_of_Upper() => Gen.Select(Gen.Double[0.001, 0.999], Gen.Int[1, 1000]).Sample((p, degreesOfFreedom) =>
    {
        Assert.Equal(1 - p, ChiSquared.Upper(ChiSquared.Quantile(p, degreesOfFreedom), degreesOfFreedom), 1e-11);
        if (p >= 0.5)
            Assert.Equal(1 - p, StudentT.Upper(StudentT.Quantile(p, degreesOfFreedom), degreesOfFreedom), 1e-11);
    });

    [Fact]
    public void Square_of_Student_s_t_with_many_degrees_of_freedom_is_almost_chi_squared_with_one() => Gen.Double[0.1, 3].Sample(t =>
        Assert.Equal(ChiSquared.Upper(t * t, 1), 2 * StudentT.Upper(t, 1_000_000), 1e-5));

    [Fact]
    public void Upper_at_the_ends_is_nothing_or_all()
    {
        Assert.Equal(0, StudentT.Upper(double.PositiveInfinity, 3));
        Assert.Equal(1, StudentT.Upper(double.NegativeInfinity, 3));
        Assert.Equal(0.5, StudentT.Upper(0, 3));
        Assert.Equal(1, ChiSquared.Upper(0, 3));
        Assert.Equal(0, ChiSquared.Upper(double.PositiveInfinity, 3));
        Assert.Equal(0, StudentT.Quantile(0.5, 7));
    }

    [Fact]
    public void Quantile_of_what_is_no_probability_or_no_degree_of_freedom_is_an_error()
    {
        foreach (var call in (Action[])[
            () => StudentT.Quantile(0.4, 3), () => StudentT.Quantile(1, 3), () => StudentT.Quantile(double.NaN, 3), () => StudentT.Quantile(0.9, 0), () => StudentT.Upper(double.NaN, 1),
            () => ChiSquared.Quantile(0, 3), () => ChiSquared.Quantile(1, 3), () => ChiSquared.Quantile(0.5, 0), () => ChiSquared.Upper(-1, 1), () => ChiSquared.Upper(1, 0)])
            Assert.ThrowsAny<ArgumentOutOfRangeException>(call);
    }

    private static void Close(double expected, double actual) => Assert.Equal(expected, actual, Math.Abs(expected) * 1e-11);
}
