using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// How clipped gradients are added up, as far as it decides how much one patient can change the codes that noise is added to. The clipped gradients of some patients at a time are
/// added in float32, the sum is rounded to the grid (code = round(value × codes per unit), in double), and codes are added as integers, without error.
/// </summary>
/// <remarks>
/// <para>
/// <b>The bound.</b> Let s be a float32 sum as it should be, Σ over its patients p and their terms r of c_p v_(p,r), with c_p from <see cref="GradientNorm.Factor"/>, and ŝ what
/// is computed. Each product that a coordinate is made of passes at most two roundings (c δ, times a) and n - 1 additions, in any order, fused or not; the conversion to codes adds
/// one. So every one is multiplied with 1 + θ, |θ| ≤ γ_(n+2) = (n + 2)u/(1 - (n + 2)u), u = 2^-24 (Higham 2002, "Accuracy and Stability of Numerical Algorithms", lemma
/// 3.1), and, coordinate by coordinate, |ŝ - s| ≤ γ Σ |c_p v_(p,r)|. By the triangle inequality ‖ŝ - s‖₂ ≤ γ Σ_p Σ_r ‖c_p v_(p,r)‖₂ ≤ γ m κ C(1 + 2^-22). Rounding to the grid moves
/// each of d coordinates by at most half a step: √d/2. Underflow adds at most n 2^-105 to a coordinate (2^-126, times a factor of at most 2^20, once in a product and once in an addition).
/// </para>
/// <para>
/// Two neighbours' s differ by one patient's clipped gradient, at most C(1 + 2^-22); up to K of their computed sums differ at all, and each of those by both its errors. With g codes per unit,
/// Δ = g C(1 + 2^-22)(1 + 2 K m κ γ_(n+2)) + 2 K g n √d 2^-105 + K √d.
/// Counting the rounding of one patient's own gradient only would be wrong: a sum without it is rounded otherwise in every coordinate.
/// </para>
/// <para>
/// <b>What whoever adds must keep.</b> Neighbours are a data set and the same with one patient's rows emptied (its place in the draw remains), which costs what adding or removing a patient
/// costs. K = 1 holds where the other patients' terms are then the same to the bit, and stay in the same sums: a drawn patient has its place whether its rows are empty or not, tensors have one
/// shape whatever was drawn, and no term depends on another patient's. Where that is not so, K is the number of all sums of a step.
/// </para>
/// </remarks>
public sealed record ClippedSum
{
    /// <summary>No clipping norm is below 2^-30.</summary>
    public const float LeastNorm = 1f / (1 << 30);

    /// <summary>No clipping norm is above 2^30.</summary>
    public const float GreatestNorm = 1 << 30;

    private const int Unit = 16; // sensitivities are rounded up to multiples of 2^-16

    private ClippedSum(int dimension, int patients, int terms, int cancellation, int differing) =>
        (Dimension, Patients, Terms, Cancellation, Differing) = (dimension, patients, terms, cancellation, differing);

    /// <summary>How far <see cref="GradientNorm.Factor"/> may exceed C, relatively: 2^-22.</summary>
    public static Rational ClippingError { get; } = Rational.Of(1, 1 << 22);

    /// <summary>d: coordinates.</summary>
    public int Dimension { get; }

    /// <summary>m: the most patients of one float32 sum.</summary>
    public int Patients { get; }

    /// <summary>n: the most terms of one float32 sum; patients times rows where a term is a row.</summary>
    public int Terms { get; }

    /// <summary>κ: a patient's terms have norms that add up to at most κ C; 1 where it has one term.</summary>
    public int Cancellation { get; }

    /// <summary>K: how many float32 sums of a step one patient may change.</summary>
    public int Differing { get; }

    /// <summary>Checks a way of adding.</summary>
    /// <param name="dimension">d, from 1 to 2^29.</param>
    /// <param name="patients">m, from 1 to 2^20.</param>
    /// <param name="terms">n, from m to 2^20.</param>
    /// <param name="cancellation">κ, from 1 to 2^10.</param>
    /// <param name="differing">K, from 1 to 2^20.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number lies outside.</exception>
    public static ClippedSum Of(int dimension, int patients, int terms, int cancellation = 1, int differing = 1)
    {
        Check(dimension, 1, 1 << 29, nameof(dimension));
        Check(patients, 1, 1 << 20, nameof(patients));
        Check(terms, patients, 1 << 20, nameof(terms));
        Check(cancellation, 1, 1 << 10, nameof(cancellation));
        Check(differing, 1, 1 << 20, nameof(differing));
        return new ClippedSum(dimension, patients, terms, cancellation, differing);
    }

    /// <summary>How patients with several rows each are added up: a term is a row, and a sum has so many patients.</summary>
    /// <param name="dimension">Parameters.</param>
    /// <param name="rowsPerPatient">The most rows of a patient, from 1 to 256.</param>
    /// <remarks>
    /// κ = 2 rows: a patient is clipped for its rows' norms only where their mean is above 2 C. Patients in a sum: the power of 2 up to 256 with which accumulation adds at most a sixty-fourth to the sensitivity.
    /// Where patients have as many rows as they may, more than 128 of them share a rounding to the grid.
    /// </remarks>
    public static ClippedSum OfPatients(int dimension, int rowsPerPatient)
    {
        var cancellation = rowsPerPatient == 1 ? 1 : 2 * rowsPerPatient;
        var patients = 256;
        while (patients > 1 && 2L * patients * cancellation * patients * rowsPerPatient > 1 << 18)
            patients /= 2;
        return Of(dimension, patients, patients * rowsPerPatient, cancellation);
    }

    /// <summary>Δ: how far one patient can move the codes' sum, in L2 and grid units; rounded up to a multiple of 2^-16.</summary>
    /// <param name="clippingNorm">C.</param>
    /// <param name="codesPerUnit">g, the double that values are multiplied with.</param>
    public Rational Sensitivity(float clippingNorm, double codesPerUnit)
    {
        var (norm, units) = Checked(clippingNorm, codesPerUnit);
        var root = Rational.Of(Dimension).SquareRootUp(1 << Unit);
        var accumulation = Rational.Of(2 * (BigInteger)Differing * Patients * Cancellation) * Gamma;
        var underflow = Rational.Of(2 * (BigInteger)Differing * Terms, BigInteger.One << 105) * root * units;
        return ((units * norm * (Rational.One + accumulation)) + underflow + (Rational.Of(Differing) * root)).RoundUp(1 << Unit);
    }

    /// <summary>What no code of a step's sum exceeds in magnitude before noise.</summary>
    /// <param name="clippingNorm">C.</param>
    /// <param name="codesPerUnit">g.</param>
    /// <param name="patients">The most patients of a step, from 1: all there are, as each may be drawn.</param>
    public BigInteger GreatestCode(float clippingNorm, double codesPerUnit, long patients)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(patients, 1);
        var (norm, units) = Checked(clippingNorm, codesPerUnit);
        // A sum's patients add at most C each, the errors of their terms κ γ C each, underflow next to nothing, and each sum, of one patient at worst, half a step.
        var each = (units * norm * (Rational.One + (Rational.Of(Cancellation) * Gamma))) + Rational.One;
        return (each * Rational.Of(patients)).Ceiling();
    }

    private Rational Gamma => Rational.Of(Terms + 2, (1 << 24) - (Terms + 2));

    private static (Rational Norm, Rational Units) Checked(float clippingNorm, double codesPerUnit)
    {
        if (!(clippingNorm >= LeastNorm && clippingNorm <= GreatestNorm))
            throw new ArgumentOutOfRangeException(nameof(clippingNorm), clippingNorm, "A clipping norm lies in [2^-30, 2^30].");
        if (!(codesPerUnit > 0 && codesPerUnit <= 1L << 62))
            throw new ArgumentOutOfRangeException(nameof(codesPerUnit), codesPerUnit, "Codes per unit lie above 0 and up to 2^62.");
        return (Rational.Exactly(clippingNorm) * (Rational.One + ClippingError), Rational.Exactly(codesPerUnit));
    }

    private static void Check(int value, int least, int greatest, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, least, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, greatest, name);
    }
}
