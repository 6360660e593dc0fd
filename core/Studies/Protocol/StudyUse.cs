using System.Collections.Immutable;

namespace FederatedClinicalMl.Studies;

/// <summary>For whom a model is meant and for whom it is not, in the study's words; what it is for is <see cref="Study.Purpose"/>.</summary>
/// <param name="Users">Who is to use its scores, and where.</param>
/// <param name="ContraIndications">When they are not to be used, a sentence each; empty: the study states none.</param>
public sealed record IntendedUse(string Users, ImmutableArray<string> ContraIndications);

/// <summary>How a score is shown to a clinician: the indicators of CDS Hooks (https://cds-hooks.hl7.org, Card Attributes).</summary>
public enum ScoreIndicator
{
    /// <summary>To be known.</summary>
    Info,

    /// <summary>To be looked at.</summary>
    Warning,

    /// <summary>To be looked at now.</summary>
    Critical,
}

/// <summary>A probability from which on something is done, stated before any score was seen.</summary>
/// <param name="Name">Its name, by the rule of <see cref="Studies.Name"/>.</param>
/// <param name="Threshold">The probability, in (0, 1): a score that is at least this reaches the point.</param>
/// <param name="Indicator">How a score that reaches it is shown.</param>
/// <param name="Meaning">What is done then, in the study's words; null: it does not say.</param>
public sealed record StudyOperatingPoint(string Name, double Threshold, ScoreIndicator Indicator, string? Meaning);

/// <summary>How test rows are divided into subgroups by one feature of the study: each row is in exactly one.</summary>
/// <param name="Feature">The feature's name, which is the partition's too.</param>
/// <param name="Bands">Of a number: rising lower ends of all bands but the first, in the feature's unit; of a category: empty, each level is a subgroup.</param>
/// <param name="Groups">The subgroups' names, in order; where the study does not leave out rows without the feature's value, the last is <see cref="Missing"/>.</param>
public sealed record SubgroupPartition(string Feature, ImmutableArray<double> Bands, ImmutableArray<string> Groups)
{
    /// <summary>Name of the subgroup of those whose value is missing, implausible or no level.</summary>
    public const string Missing = "missing";
}

/// <summary>By how much a model's metrics may differ between subgroups of one partition; null: by anything.</summary>
/// <param name="Auroc">Areas under the ROC curve.</param>
/// <param name="EqualOpportunity">Sensitivities at an operating point.</param>
/// <param name="InTheLarge">Calibration in the large.</param>
public sealed record StudySubgroupGap(double? Auroc, double? EqualOpportunity, double? InTheLarge);
