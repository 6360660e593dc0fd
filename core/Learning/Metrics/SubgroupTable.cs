using System.Collections.Immutable;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>How a model does in one subgroup, pooled from sums.</summary>
/// <param name="Name">The subgroup's name, from the study.</param>
/// <param name="Metrics">Its metrics; undefined ones where it was withheld.</param>
/// <param name="At">Its counts at the study's operating point; null where it was withheld.</param>
/// <param name="Calibration">Null where it was withheld or is empty.</param>
public sealed record Subgroup(string Name, ClassifierMetrics Metrics, OperatingPoint? At, CalibrationSummary? Calibration);

/// <summary>The greatest value of a metric over subgroups less the least, as far as merged bins tell.</summary>
/// <param name="Least">At least.</param>
/// <param name="Most">At most; the same where all values are exact.</param>
/// <param name="Subgroups">How many it is over: those whose metric is defined, two or more.</param>
public readonly record struct Gap(double Least, double Most, int Subgroups);

/// <summary>
/// A model's metrics by subgroup of one partition, and how far apart they are. All of it follows from histograms of scores, which add up over sites; those of one site come from
/// <see cref="SubgroupSuppression"/>. A gap has no interval here: where subgroups are small it is wide by chance alone, and their own intervals are to be read with it.
/// </summary>
public sealed record SubgroupTable
{
    private SubgroupTable(ImmutableArray<Subgroup> subgroups) => Subgroups = subgroups;

    /// <summary>The subgroups, in the order given.</summary>
    public ImmutableArray<Subgroup> Subgroups { get; }

    /// <summary>Of the area under the ROC curve, within its ties (<see cref="ClassifierMetrics.AurocBound"/>).</summary>
    public Gap? Auroc => Between(subgroup => subgroup.Metrics is { Auroc: { } area, AurocBound: { } ties } ? (Math.Max(0, area - ties), Math.Min(1, area + ties)) : null);

    /// <summary>Of the sensitivity at the operating point: the equal-opportunity difference (Hardt, Price and Srebro 2016, "Equality of opportunity in supervised learning", NeurIPS 29).</summary>
    public Gap? EqualOpportunity => Between(subgroup => Bounds(subgroup.At?.Sensitivity));

    /// <summary>Of the share called positive: the demographic-parity difference (Calders and Verwer 2010, "Three naive Bayes approaches for discrimination-free classification", Data Mining and Knowledge Discovery 21).</summary>
    public Gap? DemographicParity => Between(subgroup => Bounds(subgroup.At?.PredictedPositive));

    /// <summary>Of calibration in the large; exact.</summary>
    public Gap? CalibrationInTheLarge => Between(subgroup => subgroup.Calibration?.InTheLarge is { } estimate ? (estimate.Value, estimate.Value) : null);

    /// <summary>The table of a partition.</summary>
    /// <param name="groups">Name and histogram of each subgroup, over one site or merged over several; null where withheld.</param>
    /// <param name="threshold">The operating point's probability, in (0, 1).</param>
    public static SubgroupTable Of(IEnumerable<(string Name, ScoreHistogram? Scores)> groups, double threshold)
    {
        ArgumentNullException.ThrowIfNull(groups);
        return new SubgroupTable([.. groups.Select(group => new Subgroup(
            group.Name,
            ClassifierMetrics.Of(group.Scores),
            group.Scores is null ? null : OperatingPoint.Of(group.Scores, threshold),
            CalibrationSummary.Of(group.Scores)))]);
    }

    private Gap? Between(Func<Subgroup, (double Least, double Most)?> bounds)
    {
        (double Least, double Most)[] defined = [.. Subgroups.Select(bounds).OfType<(double, double)>()];
        if (defined.Length < 2)
            return null;
        // At least: the greatest of what is certain, the lower bounds, is so far above the least upper bound. At most: the bounds apart.
        var least = Math.Max(0, defined.Max(value => value.Least) - defined.Min(value => value.Most));
        return new Gap(least, defined.Max(value => value.Most) - defined.Min(value => value.Least), defined.Length);
    }

    private static (double Least, double Most)? Bounds(BoundedShare? share) => share is { } bounds ? (bounds.Least, bounds.Most) : null;
}
