namespace FederatedClinicalMl.Privacy;

/// <summary>
/// What clipping must know of one patient's gradient v = Σ_r v_r, which is added up from terms (one per row; a single one where it is at hand as a whole):
/// numbers that are not below ‖v‖² and Σ_r ‖v_r‖ but for a relative 2^-23, whatever rounding they were computed with. Not finite: the gradient is left out.
/// </summary>
/// <param name="Squared">At least (1 - 2^-23) ‖v‖².</param>
/// <param name="Terms">At least (1 - 2^-23) Σ_r ‖v_r‖. It bounds what float32 additions may lose to rounding, which ‖v‖ does not where terms cancel.</param>
public readonly record struct GradientNorm(double Squared, double Terms)
{
    /// <summary>
    /// Greatest magnitude of an activation or of a derivative with respect to a pre-activation, that <see cref="OfGhost"/> and <see cref="ClippedSum"/>
    /// count on: with greater ones float32 underflow is not negligible any more. A patient with a greater one is treated as one with a gradient that is not finite.
    /// </summary>
    public const float GreatestFactor = 1 << 20;

    /// <summary>Of a gradient that is at hand as a whole.</summary>
    /// <remarks>
    /// Squares of float32 numbers are exact in double; d additions, in any order, of numbers that are not negative are off by a relative γ_d = d 2^-53/(1 - d 2^-53) at most
    /// (Higham 2002, "Accuracy and Stability of Numerical Algorithms", section 4.2): below 2^-23 for d up to 2^29.
    /// </remarks>
    public static GradientNorm OfVector(ReadOnlySpan<float> gradient)
    {
        var squared = 0.0;
        foreach (var value in gradient)
            squared += (double)value * value;
        return new GradientNorm(squared, Math.Sqrt(squared));
    }

    /// <summary>
    /// Of a dense layer's gradient Σ_r δ_r a_rᵀ that is never made: ‖v‖² = Σ_(r,r') (a_r·a_r')(δ_r·δ_r') (Goodfellow 2015, "Efficient per-example gradient
    /// computations", for one row; Li et al. 2022, "Large language models can be strong differentially private learners", for several). Layers add up: <see cref="And"/>.
    /// </summary>
    /// <param name="gram">The sum over all pairs of rows, in float32 or better, in any order.</param>
    /// <param name="terms">Σ_r ‖a_r‖‖δ_r‖, in float32 or better.</param>
    /// <param name="roundings">At least inputs + outputs + (rows)² + 4 of the layer, its bias counted as an input; below 2^20.</param>
    /// <remarks>
    /// The products of a sum pass at most k roundings each, so that the sum is off by at most γ_k Σ_(r,r') |a_r|·|a_r'| |δ_r|·|δ_r'| ≤ γ_k (Σ_r ‖a_r‖‖δ_r‖)², γ_k = k u/(1 - k u), u = 2^-24
    /// (Higham 2002, lemma 3.1 and section 3.1; Cauchy and Schwarz): relative to the terms, not to a sum that they may cancel in, which is why this is added. With
    /// k u ≤ 1/16 the terms themselves, off by γ_k, are below 1.25 γ_k too small. Underflow, flushed to zero or not, is below 2^-125 a product or
    /// addition, times w_out 2^40 or w_in 2^40 from the other factor: over all pairs below 2^-84 w_in w_out rows² ≤ 2^-84 (k/3)³; and the root of it in the terms.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">Another number of roundings.</exception>
    public static GradientNorm OfGhost(double gram, double terms, int roundings)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(roundings, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(roundings, 1 << 20);
        var gamma = roundings * (1.0667 / (1 << 24)); // 1/(1 - 1/16) < 1.0667
        var above = (terms * (1 + (1.25 * gamma))) + ((double)roundings * roundings / (1L << 40));
        return new GradientNorm(Math.Max(gram, 0) + (1.25 * gamma * above * above) + ((double)roundings * roundings * roundings / (1L << 44) / (1L << 44)), above);
    }

    /// <summary>Of two parts of a gradient together, such as two layers.</summary>
    public GradientNorm And(GradientNorm other) => new(Squared + other.Squared, Terms + other.Terms);

    /// <summary>
    /// What the gradient is multiplied with: the greatest float32 c ≤ 1 with c ‖v‖ ≤ C and c Σ_r ‖v_r‖ ≤ κ C, both but for a relative 2^-22
    /// (<see cref="ClippedSum.ClippingError"/>). 0 where a norm is not finite: such a patient's terms are not added at all, as 0 × NaN is NaN.
    /// </summary>
    /// <param name="clippingNorm">C.</param>
    /// <param name="cancellation">κ, from 1: <see cref="ClippedSum.Cancellation"/>. It clips further only where a patient's rows nearly cancel.</param>
    /// <remarks>Square root and quotients are rounded correctly (IEEE 754), so that a double is off by less than 2^-51; cutting to float32 goes down.</remarks>
    public float Factor(float clippingNorm, int cancellation)
    {
        if (!double.IsFinite(Squared) || !double.IsFinite(Terms))
            return 0;
        var factor = Math.Min(1, Math.Min(clippingNorm / Math.Sqrt(Squared), (double)clippingNorm * cancellation / Terms));
        var cut = (float)factor;
        return cut > factor ? MathF.BitDecrement(cut) : cut;
    }
}
