using System.Collections.Immutable;
using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>What a round asks of each patient's data, but for how much noise there is.</summary>
/// <param name="SamplingRate">The chance with which each patient is drawn for a step.</param>
/// <param name="Steps">Noisy sums per round.</param>
/// <param name="SquaredSensitivity">Squared L2 sensitivity of one sum to one patient, in squared grid units.</param>
/// <param name="Coordinates">Coordinates of a sum.</param>
/// <param name="Others">What else a round is charged, such as its counts: the same whatever the noise.</param>
public sealed record RoundShape(Rational SamplingRate, int Steps, Rational SquaredSensitivity, long Coordinates, ImmutableArray<PrivacyCharge> Others)
{
    /// <summary>Noise multipliers are multiples of one over this.</summary>
    public const int NoiseGrid = 1000;

    /// <summary>The charges of one round.</summary>
    /// <param name="noise">The noise multiplier (standard deviation over sensitivity), in thousandths; from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The noise is below one grid unit, or another parameter is outside of what a charge may hold.</exception>
    public ImmutableArray<PrivacyCharge> Charges(int noise) =>
        [new GaussianCharge(SamplingRate, SquaredSensitivity, SquaredSensitivity * Rational.Of((BigInteger)noise * noise, NoiseGrid * NoiseGrid), Coordinates, Steps), .. Others];
}
