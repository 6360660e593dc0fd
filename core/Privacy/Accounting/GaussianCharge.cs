using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A sum over patients with exact discrete Gaussian noise of one variance on every coordinate (Canonne, Kamath and Steinke 2020). All lengths are in units
/// of the grid that the noise lives on. Parts that are released together and have noise of their own make one charge: the smallest variance, and
/// each part's squared sensitivity scaled by that variance over its own.
/// </summary>
public sealed record GaussianCharge : PrivacyCharge
{
    internal const string Mechanism = "discrete-gaussian";

    /// <summary>A charge.</summary>
    /// <param name="samplingRate">The chance with which each patient is drawn for a step, independently (Poisson sampling); 1 where all take part.</param>
    /// <param name="squaredSensitivity">The most by which one patient moves the sum: its squared L2 norm, in squared grid units; above 0.</param>
    /// <param name="variance">The noise's variance parameter in squared grid units; from 1.</param>
    /// <param name="coordinates">How many coordinates the sum has; from 1.</param>
    /// <param name="steps">How many such sums; from 1.</param>
    /// <param name="deviation">
    /// For noise that is only nearly discrete Gaussian: a bound on |log(true chance / that of the discrete Gaussian)|, all coordinates together, per step. A
    /// sum of n sites' discrete Gaussians of variance s each has one of 10 d times the sum over k &lt; n of exp(-2 pi² s k/(k+1)) (Kairouz, Liu and
    /// Steinke 2021, theorem 9).
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">A parameter is outside of these bounds.</exception>
    public GaussianCharge(Rational samplingRate, Rational squaredSensitivity, Rational variance, long coordinates, int steps = 1, Rational? deviation = null)
        : base(steps)
    {
        if (samplingRate.Sign <= 0 || samplingRate > Rational.One)
            throw new ArgumentOutOfRangeException(nameof(samplingRate), "A sampling rate is above 0 and not above 1.");
        if (squaredSensitivity.Sign <= 0)
            throw new ArgumentOutOfRangeException(nameof(squaredSensitivity), "A squared sensitivity is above 0.");
        if (variance < Rational.One)
            throw new ArgumentOutOfRangeException(nameof(variance), "Noise of less than one grid unit is not accounted for: take a finer grid.");
        ArgumentOutOfRangeException.ThrowIfLessThan(coordinates, 1);
        if (deviation is { Sign: < 0 })
            throw new ArgumentOutOfRangeException(nameof(deviation), "A deviation is not below 0.");
        (SamplingRate, SquaredSensitivity, Variance) = (samplingRate, squaredSensitivity, variance);
        (Coordinates, Deviation) = (coordinates, deviation ?? Rational.Zero);
    }

    /// <summary>The chance with which each patient is drawn.</summary>
    public Rational SamplingRate { get; }

    /// <summary>Squared L2 sensitivity to one patient, in squared grid units.</summary>
    public Rational SquaredSensitivity { get; }

    /// <summary>The noise's variance parameter, in squared grid units.</summary>
    public Rational Variance { get; }

    /// <summary>Coordinates of the sum.</summary>
    public long Coordinates { get; }

    /// <summary>How far the noise may be from a discrete Gaussian, per step.</summary>
    public Rational Deviation { get; }

    /// <inheritdoc/>
    public override JsonObject ToJson() => new()
    {
        ["mechanism"] = Mechanism,
        ["sampling-rate"] = SamplingRate.ToString(),
        ["squared-sensitivity"] = SquaredSensitivity.ToString(),
        ["variance"] = Variance.ToString(),
        ["coordinates"] = Coordinates,
        ["deviation"] = Deviation.ToString(),
        ["steps"] = Steps,
    };

    /// <inheritdoc/>
    internal override double Divergence(int order)
    {
        var gaussian = RenyiDivergence.SampledGaussian(RationalBounds.Above(SamplingRate), RationalBounds.Above(SquaredSensitivity / Variance), order);
        var deviation = RenyiDivergence.OfDeviation(RationalBounds.Above(Deviation), order);
        return RenyiCurve.TimesUp(RenyiCurve.SumUp(gaussian, deviation), Steps);
    }

    internal static GaussianCharge Read(JsonFields fields) => new(
        Fraction(fields, "sampling-rate"), Fraction(fields, "squared-sensitivity"), Fraction(fields, "variance"),
        fields.Integer("coordinates", 1, 1L << 53), Count(fields), Fraction(fields, "deviation"));
}
