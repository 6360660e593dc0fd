using System.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A clipping norm that follows a quantile of the patients' gradient norms (Andrew, Thakkar, McMahan and Ramaswamy 2021, "Differentially private learning with adaptive
/// clipping"): each step counts, with noise, the patients whose gradient was within C, and moves C geometrically towards the norm that the
/// wanted share of them is within. The new norm is a function of what was released and of public constants, computed without rounding and cut once, to
/// float32: the same bits everywhere.
/// </summary>
/// <remarks>
/// The count is of d = Σ (2 b_i - 1) over the drawn patients, b_i = 1 where i was not clipped: twice the paper's Σ (b_i - 1/2), a whole number that one patient changes by 1. Noise of
/// standard deviation 2 σ_b on d is the paper's σ_b on the count. Sum and count are one mechanism: in units of their noise one patient moves them by
/// 1/z_Δ and 1/2σ_b, together by the root of 1/z_Δ² + 1/(2σ_b)², which is 1/z where z_Δ² = 1/(1/z² - 1/(2σ_b)²) (theorem 1 of the paper).
/// So the accountant is given z, once, and the sum's noise is calibrated with z_Δ.
/// </remarks>
public sealed record AdaptiveClipping
{
    private readonly Rational _quantile;
    private readonly Rational _rate;
    private readonly Rational _participants;

    private AdaptiveClipping(Rational quantile, Rational rate, Rational participants, Rational countDeviation, float minimum, float maximum)
    {
        (_quantile, _rate, _participants, Minimum, Maximum) = (quantile, rate, participants, minimum, maximum);
        CountVariance = Rational.Of(4) * countDeviation * countDeviation;
    }

    /// <summary>C is never below it.</summary>
    public float Minimum { get; }

    /// <summary>C is never above it.</summary>
    public float Maximum { get; }

    /// <summary>(2σ_b)²: the variance of the noise on <see cref="Count"/>.</summary>
    public Rational CountVariance { get; }

    /// <summary>Checks the public constants.</summary>
    /// <param name="quantile">γ, within (0, 1): the share of patients that is not to be clipped. 1/2 in the paper.</param>
    /// <param name="rate">η_C, above 0 and up to 1. 1/5 in the paper.</param>
    /// <param name="participants">Expected patients of a step, q n, above 0: a public constant, never the number drawn.</param>
    /// <param name="countDeviation">σ_b, at least 1/4, in patients. A twentieth of the participants in the paper.</param>
    /// <param name="minimum">Least C.</param>
    /// <param name="maximum">Greatest C: such that <see cref="GaussianCalibration.CodeBits"/> at it fit the word, then they fit at every C.</param>
    /// <exception cref="ArgumentOutOfRangeException">A constant lies outside.</exception>
    public static AdaptiveClipping Of(Rational quantile, Rational rate, Rational participants, Rational countDeviation, float minimum, float maximum)
    {
        ArgumentNullException.ThrowIfNull(quantile);
        ArgumentNullException.ThrowIfNull(rate);
        ArgumentNullException.ThrowIfNull(participants);
        ArgumentNullException.ThrowIfNull(countDeviation);
        Check(quantile.Sign > 0 && quantile < Rational.One, quantile, nameof(quantile), "The quantile lies between 0 and 1.");
        Check(rate.Sign > 0 && rate <= Rational.One, rate, nameof(rate), "The rate lies above 0 and up to 1.");
        Check(participants.Sign > 0, participants, nameof(participants), "The expected number of participants is above 0.");
        Check(countDeviation >= Rational.Of(1, 4), countDeviation, nameof(countDeviation), "The noise of the count is at least a quarter of a patient.");
        if (!(minimum >= ClippedSum.LeastNorm && minimum <= maximum && maximum <= ClippedSum.GreatestNorm))
            throw new ArgumentOutOfRangeException(nameof(minimum), minimum, $"Clipping norms lie in [2^-30, 2^30], the least not above the greatest, {maximum}.");
        return new AdaptiveClipping(quantile, rate, participants, countDeviation, minimum, maximum);
    }

    /// <summary>d, to which noise of <see cref="CountVariance"/> is added before anybody sees it.</summary>
    /// <param name="unclipped">Drawn patients whose factor is 1.</param>
    /// <param name="clipped">Drawn patients whose factor is below 1. A patient without rows is counted in neither.</param>
    public static long Count(long unclipped, long clipped) => unclipped - clipped;

    /// <summary>z_Δ²: with what the sum's noise is calibrated, so that sum and count together are a mechanism of multiplier z.</summary>
    /// <param name="multiplier">z, which the accountant is given.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count alone costs as much as both may: z is not below 2σ_b.</exception>
    public Rational SquaredMultiplier(Rational multiplier)
    {
        ArgumentNullException.ThrowIfNull(multiplier);
        var square = multiplier * multiplier;
        Check(multiplier.Sign > 0 && square < CountVariance, multiplier, nameof(multiplier), "The noise multiplier lies between 0 and twice the deviation of the count: give the count more noise.");
        return Rational.One / ((Rational.One / square) - (Rational.One / CountVariance));
    }

    /// <summary>
    /// The next step's norm, C exp(-η_C (b - γ)) with b = 1/2 + noisy d/(2 participants), cut down to float32 and kept within [Minimum, Maximum]. b is kept within [0, 1] first,
    /// which the paper leaves out: noise can take it beyond, where it is no share of patients.
    /// </summary>
    /// <param name="clippingNorm">C of the step that was counted.</param>
    /// <param name="noisyCount">d with its noise.</param>
    public float Next(float clippingNorm, long noisyCount)
    {
        if (!(clippingNorm >= Minimum && clippingNorm <= Maximum))
            throw new ArgumentOutOfRangeException(nameof(clippingNorm), clippingNorm, $"The clipping norm lies in [{Minimum}, {Maximum}].");
        var share = Rational.Of(1, 2) + (Rational.Of(noisyCount) / (Rational.Of(2) * _participants));
        var within = share.Sign < 0 ? Rational.Zero : share > Rational.One ? Rational.One : share;
        return Math.Clamp(TimesExponential(clippingNorm, _rate * (_quantile - within)), Minimum, Maximum);
    }

    // exp of a fraction other than 0 is irrational (Lambert 1761), so that it lies between two neighbouring float32 numbers, and bounds near enough to it do too.
    private static float TimesExponential(float value, Rational exponent)
    {
        var exact = Rational.Exactly(value);
        for (var bits = 64; ; bits *= 2)
        {
            var (lower, upper) = Exponential.Bounds(BigInteger.Abs(exponent.Numerator), exponent.Denominator, bits);
            var (low, high) = (Rational.Of(lower, BigInteger.One << bits), Rational.Of(upper, BigInteger.One << bits));
            var (least, greatest) = exponent.Sign <= 0 ? (exact * low, exact * high) : (exact / high, exact / low);
            if (least.ToSingleDown() is var cut && cut.Equals(greatest.ToSingleDown()))
                return cut;
        }
    }

    private static void Check(bool holds, Rational value, string name, string message)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(name, value.ToDouble(), message);
    }
}
