using System.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The noise of a clipped sum: σ = z Δ in grid units, never less. Discrete Gaussian noise on integers that one patient changes by at most Δ in L2 has the Rényi divergence of
/// its continuous cousin, ε(α) ≤ α/2z² (Canonne, Kamath and Steinke 2020, theorem 4, which extends to vectors coordinate by coordinate), so that an accountant is given z exactly.
/// </summary>
public sealed record GaussianCalibration
{
    private GaussianCalibration(ClippedSum sum, float clippingNorm, double codesPerUnit, Rational squaredMultiplier)
    {
        (Sum, ClippingNorm, CodesPerUnit, SquaredMultiplier) = (sum, clippingNorm, codesPerUnit, squaredMultiplier);
        Sensitivity = sum.Sensitivity(clippingNorm, codesPerUnit);
        Variance = (squaredMultiplier * Sensitivity * Sensitivity).RoundUp(BigInteger.One << 32);
    }

    /// <summary>How the sum is made.</summary>
    public ClippedSum Sum { get; }

    /// <summary>C.</summary>
    public float ClippingNorm { get; }

    /// <summary>What values are multiplied with to become codes.</summary>
    public double CodesPerUnit { get; }

    /// <summary>z². Squared, because the multiplier that is left of z next to a noisy count (<see cref="AdaptiveClipping"/>) has a square that is a fraction.</summary>
    public Rational SquaredMultiplier { get; }

    /// <summary>Δ, in grid units.</summary>
    public Rational Sensitivity { get; }

    /// <summary>σ² = z² Δ², rounded up, in squared grid units: what <see cref="DiscreteGaussian"/> is made of.</summary>
    public Rational Variance { get; }

    /// <summary>σ, rounded up to a multiple of 2^-16 grid units.</summary>
    public Rational Sigma => Variance.SquareRootUp(1 << 16);

    /// <summary>Calibrates noise.</summary>
    /// <param name="sum">How the sum is made.</param>
    /// <param name="clippingNorm">C, in [2^-30, 2^30].</param>
    /// <param name="codesPerUnit">The double that values are multiplied with to become codes.</param>
    /// <param name="squaredMultiplier">z², above 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number lies outside.</exception>
    public static GaussianCalibration Of(ClippedSum sum, float clippingNorm, double codesPerUnit, Rational squaredMultiplier)
    {
        ArgumentNullException.ThrowIfNull(sum);
        ArgumentNullException.ThrowIfNull(squaredMultiplier);
        if (squaredMultiplier.Sign <= 0)
            throw new ArgumentOutOfRangeException(nameof(squaredMultiplier), squaredMultiplier.ToDouble(), "A noise multiplier is above 0.");
        return new GaussianCalibration(sum, clippingNorm, codesPerUnit, squaredMultiplier);
    }

    /// <summary>The noise of a sum of gradients as a study declares it, where its clipping norm stays: one patient moves the sum of all sites' codes by as much as that of its own site.</summary>
    /// <param name="declared">The study's privacy.</param>
    /// <param name="dimension">Parameters.</param>
    public static GaussianCalibration Of(StudyPrivacy declared, int dimension)
    {
        ArgumentNullException.ThrowIfNull(declared);
        var multiplier = Rational.Exactly(declared.NoiseMultiplier);
        return Of(ClippedSum.OfPatients(dimension, declared.RowsPerPatient), (float)declared.ClippingNorm, declared.CodesPerUnit, multiplier * multiplier);
    }

    /// <summary>Bits of the greatest magnitude that a noisy code of one step has, but with probability 2^-<paramref name="tailBits"/>. A word needs one more for the sign.</summary>
    /// <param name="patients">The most patients of a step.</param>
    /// <param name="tailBits">From 1.</param>
    public int CodeBits(long patients, int tailBits) =>
        (int)(Sum.GreatestCode(ClippingNorm, CodesPerUnit, patients) + DiscreteGaussian.TailBound(Variance, Sum.Dimension, tailBits)).GetBitLength();
}
