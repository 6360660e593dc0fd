namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a test of two proportions says.</summary>
/// <param name="Effect">Cohen's h (Cohen 1988), 2 asin √q - 2 asin √p, in [-π, π]; 0.2 is small, 0.5 medium. Near 0 and 1 a small difference weighs
/// more.</param>
/// <param name="Z">The pooled statistic; positive where the share has grown.</param>
/// <param name="P">Two-sided probability without drift.</param>
/// <param name="SmallestExpected">The smallest expected count of the four; below <see cref="Numerics.CellGroups.LeastExpected"/> <paramref name="P"/> is rough.</param>
public readonly record struct ProportionsResult(double Effect, double Z, double P, double SmallestExpected);

/// <summary>
/// The pooled z test of two proportions: z = (q - p) / √(s (1 - s) (1/n + 1/m)), with s the share of both together. z² is the chi-square statistic of the
/// two-by-two table.
/// </summary>
public static class TwoProportions
{
    /// <summary>Tests <paramref name="current"/> of <paramref name="m"/> against <paramref name="reference"/> of <paramref name="n"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side has no rows, or more hits than rows.</exception>
    public static ProportionsResult Of(long reference, long n, long current, long m)
    {
        if (n < 1 || reference < 0 || reference > n)
            throw new ArgumentOutOfRangeException(nameof(reference), "A share of the reference is of at least one row, in [0, 1].");
        if (m < 1 || current < 0 || current > m)
            throw new ArgumentOutOfRangeException(nameof(current), "A share of the current data is of at least one row, in [0, 1].");
        var (p, q) = ((double)reference / n, (double)current / m);
        var share = ((double)reference + current) / ((double)n + m);
        var z = share is 0 or 1 ? 0 : (q - p) / Math.Sqrt(share * (1 - share) * ((1.0 / n) + (1.0 / m)));
        var effect = (2 * Math.Asin(Math.Sqrt(q))) - (2 * Math.Asin(Math.Sqrt(p)));
        return new(effect, z, NullDistributions.TwoSided(z), Math.Min(n, m) * Math.Min(share, 1 - share));
    }

    /// <summary>The |h| whose two-sided tail without drift is <paramref name="probability"/>: h has a variance of about 1/n + 1/m whatever the share.</summary>
    public static double Quantile(double probability, long n, long m) => NullDistributions.TwoSidedQuantile(probability) * Math.Sqrt((1.0 / n) + (1.0 / m));
}
