using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Upper tails of the distributions that drift statistics have without drift. Normal and chi-square are MathNet.Numerics': against 40-digit values they are
/// right to 1e-12 of themselves, down to 1e-280, up to 2,000 degrees of freedom (1.1e-11 at 10,000).
/// </summary>
public static class NullDistributions
{
    /// <summary>P(Z > <paramref name="x"/>) of a standard normal.</summary>
    public static double NormalTail(double x) => 0.5 * SpecialFunctions.Erfc(x / Math.Sqrt(2));

    /// <summary>P(|Z| > |<paramref name="z"/>|) of a standard normal.</summary>
    public static double TwoSided(double z) => SpecialFunctions.Erfc(Math.Abs(z) / Math.Sqrt(2));

    /// <summary>The z whose two-sided tail is <paramref name="probability"/>, in (0, 1).</summary>
    public static double TwoSidedQuantile(double probability) => Math.Sqrt(2) * SpecialFunctions.ErfcInv(probability);

    /// <summary>P(X > <paramref name="x"/>) of a chi-square with <paramref name="degrees"/> degrees of freedom, not necessarily whole; with 0 degrees X is
    /// 0.</summary>
    public static double ChiSquareTail(double x, double degrees) =>
        x <= 0 ? 1 : degrees == 0 ? 0 : SpecialFunctions.GammaUpperRegularized(degrees / 2, x / 2);

    /// <summary>The x whose chi-square tail is <paramref name="probability"/>, in (0, 1).</summary>
    public static double ChiSquareQuantile(double probability, double degrees) => degrees == 0 ? 0 : ChiSquared.InvCDF(degrees, 1 - probability);

    /// <summary>
    /// P(K > <paramref name="x"/>) of Kolmogorov's limit distribution (Kolmogorov 1933): 2 Σ (-1)^(k-1) exp(-2 k² x²); for small x, where that converges
    /// slowly, by its other series, 1 - √(2π)/x Σ exp(-(2k-1)² π² / (8 x²)).
    /// </summary>
    public static double KolmogorovTail(double x)
    {
        if (x < 0.04)
            return 1; // The other series is below 1e-300.
        var sum = 0.0;
        if (x < 0.82)
        {
            for (var k = 1; k <= 9; k += 2)
                sum += Math.Exp(-k * k * Math.PI * Math.PI / (8 * x * x));
            return 1 - (Math.Sqrt(2 * Math.PI) / x * sum);
        }

        for (var k = 1; k <= 7; k++)
            sum += (k % 2 == 1 ? 2 : -2) * Math.Exp(-2.0 * k * k * x * x);
        return sum;
    }

    /// <summary>The x whose Kolmogorov tail is <paramref name="probability"/>, in (0, 1), by bisection.</summary>
    public static double KolmogorovQuantile(double probability)
    {
        var (low, high) = (0.0, 27.0);
        for (var i = 0; i < 60; i++)
        {
            var middle = (low + high) / 2;
            (low, high) = KolmogorovTail(middle) > probability ? (middle, high) : (low, middle);
        }

        return high;
    }
}
