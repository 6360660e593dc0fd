using System.Numerics;
using FederatedClinicalMl.Privacy;

namespace FederatedClinicalMl.Tests.Privacy;

/// <summary>Charges for tests: on a grid so fine that continuous and discrete noise differ by less than a double shows.</summary>
internal static class Charges
{
    /// <summary>A sampled Gaussian with a noise multiplier in millionths.</summary>
    public static GaussianCharge Gaussian(Rational rate, double noise, int steps = 1)
    {
        var millionths = (BigInteger)Math.Round(noise * 1e6);
        return new(rate, Rational.Of(BigInteger.Pow(10, 24)), Rational.Of(millionths * millionths * BigInteger.Pow(10, 12)), 1000, steps);
    }

    public static GaussianCharge Gaussian(int numerator, int denominator, double noise, int steps = 1) => Gaussian(Rational.Of(numerator, denominator), noise, steps);

    public static PureCharge Pure(int numerator, int denominator, int steps = 1) => new(Rational.Of(numerator, denominator), steps);
}
