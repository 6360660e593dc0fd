using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// When drift is an alarm. An effect's threshold says what matters, not what can be shown: with many rows every difference can be shown. Lower ones alarm at
/// smaller changes, which with few rows the null quantile and the false discovery rate hold back anyhow.
/// </summary>
public sealed record DriftOptions
{
    /// <summary>What all checks of a model at a site may spend together, in (0, 0.5]; 0.05.</summary>
    public double Alpha { get; init; } = 0.05;

    /// <summary>Least number of rows on either side of a test, from 20; 100. With fewer it is not assessable.</summary>
    public long MinimumRows { get; init; } = 100;

    /// <summary>Population stability index, above 0; 0.1, where a change is called moderate.</summary>
    public double Psi { get; init; } = PopulationStability.ModerateFrom;

    /// <summary>Kolmogorov-Smirnov's D, above 0; 0.1.</summary>
    public double KolmogorovSmirnov { get; init; } = 0.1;

    /// <summary>Cramér's V, above 0; 0.1, a small effect by Cohen 1988 (w of a two-row table).</summary>
    public double CramersV { get; init; } = 0.1;

    /// <summary>Cohen's h of shares of missing values and of positive labels, above 0; 0.2, a small effect by Cohen 1988.</summary>
    public double Share { get; init; } = 0.2;

    /// <summary>Cohen's q of correlations, above 0; 0.2, between small and medium by Cohen 1988.</summary>
    public double Correlation { get; init; } = 0.2;

    /// <summary>Squared maximum mean discrepancy, above 0; 0.005: for ten or twenty numbers, about an eighth of a standard deviation in each, or half of one
    /// in a single number.</summary>
    public double Discrepancy { get; init; } = 0.005;

    /// <summary>The threshold of a test's effect.</summary>
    public double ThresholdOf(DriftTest test) => test switch
    {
        DriftTest.PopulationStability => Psi,
        DriftTest.KolmogorovSmirnov => KolmogorovSmirnov,
        DriftTest.ChiSquare => CramersV,
        DriftTest.Missingness or DriftTest.LabelPrevalence => Share,
        DriftTest.Correlation => Correlation,
        DriftTest.MeanEmbedding => Discrepancy,
        _ => throw new ArgumentOutOfRangeException(nameof(test)),
    };

    /// <summary>Checks that all is within the ranges given above.</summary>
    /// <exception cref="ArgumentException">Something is not.</exception>
    internal void Check()
    {
        if (Alpha is not (> 0 and <= 0.5))
            throw new ArgumentException("alpha must lie in (0, 0.5].");
        if (MinimumRows < 20)
            throw new ArgumentException("The least number of rows must be at least 20: the tests are of large samples.");
        if (Enum.GetValues<DriftTest>().Any(test => !(ThresholdOf(test) > 0)))
            throw new ArgumentException("The threshold of an effect must be above 0.");
    }
}
