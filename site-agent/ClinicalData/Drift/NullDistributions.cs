using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Upper tails of the distributions that drift statistics have without drift. Normal and chi-square are MathNet.Numerics': against 40-digit values they are
/// right to 1e-12 of themselves, down to 1e-280, up to 2,000 degrees of freedom (1.1e-11 at 10,000). Kolmogorov's is <see cref="Numerics.KolmogorovLimit"/>.
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
}
