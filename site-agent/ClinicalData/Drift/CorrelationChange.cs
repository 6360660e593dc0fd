namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a test of two correlations says.</summary>
/// <param name="Effect">Cohen's q (Cohen 1988), atanh s - atanh r; 0.1 is small, 0.3 medium.</param>
/// <param name="Z">The statistic.</param>
/// <param name="P">Two-sided probability without drift.</param>
public readonly record struct CorrelationChangeResult(double Effect, double Z, double P);

/// <summary>
/// Fisher's z test of two independent correlations (Fisher 1921): (atanh s - atanh r) / √(1/(n-3) + 1/(m-3)). It is of pairs that are jointly normal; of
/// heavy-tailed ones that depend on each other it says change too readily, which the effect's threshold has to hold off.
/// </summary>
public static class CorrelationChange
{
    // Features that determine each other have a correlation of 1, whose atanh is infinite.
    private const double Largest = 1 - 1e-9;

    /// <summary>Tests the correlation <paramref name="current"/> of <paramref name="m"/> rows against <paramref name="reference"/> of
    /// <paramref name="n"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A correlation is not in [-1, 1], or of fewer than 4 rows.</exception>
    public static CorrelationChangeResult Of(double reference, long n, double current, long m)
    {
        if (reference is not (>= -1 and <= 1) || n < 4)
            throw new ArgumentOutOfRangeException(nameof(reference), "A correlation lies in [-1, 1] and is of at least 4 rows.");
        if (current is not (>= -1 and <= 1) || m < 4)
            throw new ArgumentOutOfRangeException(nameof(current), "A correlation lies in [-1, 1] and is of at least 4 rows.");
        var effect = Math.Atanh(Math.Clamp(current, -Largest, Largest)) - Math.Atanh(Math.Clamp(reference, -Largest, Largest));
        var z = effect / Deviation(n, m);
        return new(effect, z, NullDistributions.TwoSided(z));
    }

    /// <summary>The |q| whose two-sided tail without drift is <paramref name="probability"/> at these numbers of rows, from 4.</summary>
    public static double Quantile(double probability, long n, long m) => NullDistributions.TwoSidedQuantile(probability) * Deviation(n, m);

    private static double Deviation(long n, long m) => Math.Sqrt((1.0 / (n - 3)) + (1.0 / (m - 3)));
}
