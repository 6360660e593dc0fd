using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a rule counts.</summary>
public enum QualityUnit
{
    /// <summary>Patients.</summary>
    Patients,

    /// <summary>Events.</summary>
    Events,

    /// <summary>Events with a number.</summary>
    Numbers,

    /// <summary>Things measured, each in one unit.</summary>
    Measures,

    /// <summary>Rows of the study's cohort, before those are left out that lack a value.</summary>
    Rows,
}

/// <summary>A rule as a report shows it.</summary>
/// <param name="Id">Stable: decisions and scripts refer to it.</param>
/// <param name="Dimension">What it looks at.</param>
/// <param name="Severity">How bad it is when it fails.</param>
/// <param name="Sentence">What must hold.</param>
/// <param name="Of">What it counts.</param>
/// <param name="MaximumShare">It fails where more than this share of what was looked at does not hold, in [0, 1]; 0: where anything does not.</param>
/// <param name="IsReviewed">Whether each event that fails is put before a steward; what is missing or unmapped is mended in the export or the mapping instead.</param>
public sealed record QualityRuleInfo(
    string Id, QualityDimension Dimension, QualitySeverity Severity, string Sentence, QualityUnit Of, double MaximumShare, bool IsReviewed = true)
{
    /// <summary>The rule as it comes, where the site has changed it; else null.</summary>
    public QualityRuleInfo? AsItComes { get; private init; }

    /// <summary>Why the site has changed it; null: it has not.</summary>
    public string? Reason { get; private init; }

    /// <summary>The rule as a site wants it.</summary>
    internal QualityRuleInfo With(QualityChange? change) => change is null ? this : this with
    {
        Severity = change.Severity ?? Severity, MaximumShare = change.MaximumShare ?? MaximumShare, AsItComes = this, Reason = change.Reason,
    };
}
