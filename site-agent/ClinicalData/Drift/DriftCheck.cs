using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What is held against the training profile, and how. The numbers may be kept in files.</summary>
public enum DriftTest
{
    /// <summary>A feature's distribution; effect: <see cref="Numerics.PopulationStability"/>.</summary>
    PopulationStability = 1,

    /// <summary>A number's distribution; effect: D of <see cref="Numerics.KolmogorovSmirnov"/>.</summary>
    KolmogorovSmirnov = 2,

    /// <summary>A category's distribution; effect: Cramér's V of <see cref="Numerics.ChiSquareTest"/>.</summary>
    ChiSquare = 3,

    /// <summary>A feature's share of missing values; effect: Cohen's h of <see cref="TwoProportions"/>.</summary>
    Missingness = 4,

    /// <summary>The share of positive labels; effect: Cohen's h of <see cref="TwoProportions"/>.</summary>
    LabelPrevalence = 5,

    /// <summary>The correlation of two numbers; effect: Cohen's q of <see cref="CorrelationChange"/>.</summary>
    Correlation = 6,

    /// <summary>All numbers together; effect: the squared maximum mean discrepancy of <see cref="ClinicalData.MeanEmbedding"/>.</summary>
    MeanEmbedding = 7,
}

/// <summary>What is said of a test. The numbers may be kept in files.</summary>
public enum DriftVerdict
{
    /// <summary>No drift that matters and can be told from chance.</summary>
    Stable = 1,

    /// <summary>Drift.</summary>
    Alarm = 2,

    /// <summary>There are too few rows to tell, or the statistic is not defined.</summary>
    NotAssessable = 3,
}

/// <summary>One test, measured.</summary>
/// <param name="Test">Which.</param>
/// <param name="Feature">Name of the feature; null where it is not about one.</param>
/// <param name="OtherFeature">Name of the other feature of a correlation; null otherwise.</param>
/// <param name="ReferenceRows">n, rows of the reference that it is of.</param>
/// <param name="CurrentRows">m, rows of the current data.</param>
/// <param name="Effect">The size of the effect, without sign; null where it is not defined.</param>
/// <param name="NullQuantile">What it stays below with probability 1 - alpha at n and m without drift; null where it is not defined.</param>
/// <param name="P">Probability of such an effect or a larger one without drift; null where the approximation does not hold.</param>
public sealed record DriftMeasurement(
    DriftTest Test, string? Feature, string? OtherFeature, long ReferenceRows, long CurrentRows, double? Effect, double? NullQuantile, double? P)
{
    /// <summary>What it is about, in words.</summary>
    public string Subject => this switch
    {
        { OtherFeature: { } other, Feature: { } feature } => $"{feature} and {other}",
        { Feature: { } feature } => feature,
        { Test: DriftTest.LabelPrevalence } => "outcome",
        _ => "all numbers together",
    };
}

/// <summary>One test, decided.</summary>
/// <param name="Measurement">What was measured.</param>
/// <param name="Threshold">Of the effect.</param>
/// <param name="Q">Its q-value among all assessable tests of the check (<see cref="BenjaminiHochberg"/>); null where it is not one.</param>
/// <param name="Verdict">What is said.</param>
public sealed record DriftResult(DriftMeasurement Measurement, double Threshold, double? Q, DriftVerdict Verdict);

/// <summary>One check of new data against a training profile: aggregates only, no value of a patient.</summary>
/// <param name="Number">The how many-th check of this model at this site, from 1.</param>
/// <param name="Alpha">What this check may spend (<see cref="AlphaSpending"/>).</param>
/// <param name="Results">By feature in the order of the design, then label prevalence, correlations, all numbers together.</param>
public sealed record DriftCheck(int Number, double Alpha, ImmutableArray<DriftResult> Results)
{
    /// <summary>The alarms.</summary>
    public IEnumerable<DriftResult> Alarms => Results.Where(result => result.Verdict == DriftVerdict.Alarm);
}
