using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>How far a feature's rows of a window are from those of a reference, as far as both tell it: made of what was released, so that it tells nothing more. Null: not to be had.</summary>
/// <param name="Feature">The feature's name.</param>
/// <param name="Stability">The population stability index, over tenths of the reference for a number, and for a category over its levels, rare ones together.</param>
/// <param name="Distance">Of a number: the two-sample Kolmogorov-Smirnov distance at the boundaries of cells.</param>
/// <param name="Homogeneity">Of a category: Pearson's chi-square over its levels, rare ones together.</param>
/// <param name="Missing">Share of the window's rows without a value.</param>
/// <param name="Implausible">Share of the window's rows with an implausible value.</param>
public sealed record FeatureDrift(string Feature, PsiResult? Stability, BinnedKolmogorovSmirnovResult? Distance, ChiSquareResult? Homogeneity, double? Missing, double? Implausible)
{
    /// <summary>What could come by chance more seldom than this is a change: sites, features and windows are many.</summary>
    public const double Chance = 0.001;

    /// <summary>The index; 0 where so large a one could come by chance, or there is none.</summary>
    public double CertainStability => Stability is { } stability && stability.P < Chance ? stability.Index : 0;

    /// <summary>The Kolmogorov-Smirnov distance of a number; 0 where so large a one could come by chance, null where it is not told or the feature is a category.</summary>
    public double? CertainDistance => Distance is { } distance ? distance.P < Chance ? distance.Statistic : 0 : null;

    /// <summary>Cramér's V of a category; 0 where so large a one could come by chance, null where it is not told or the feature is a number.</summary>
    public double? CertainAssociation => Homogeneity is { } homogeneity ? homogeneity.P < Chance ? homogeneity.CramersV : 0 : null;

    /// <summary>Groups of a number's distribution for the population stability index.</summary>
    public const int Groups = 10;

    /// <summary>The drift of a feature.</summary>
    /// <param name="feature">The feature.</param>
    /// <param name="reference">Its cells in the reference, a partition of <see cref="DayReport.CellsOf"/>; empty: there is none, and only shares are told.</param>
    /// <param name="usage">The window.</param>
    /// <param name="index">The feature's place in the study.</param>
    public static FeatureDrift Of(Feature feature, IReadOnlyList<PartitionedCell> reference, MonitoredUsage usage, int index)
    {
        ArgumentNullException.ThrowIfNull(feature);
        ArgumentNullException.ThrowIfNull(reference);
        ArgumentNullException.ThrowIfNull(usage);
        var current = usage.Features[index];
        var (missing, implausible) = (Share(current.Beside[0], usage.Answered), Share(current.Beside[1], usage.Answered));
        var (before, after) = Common(reference, current.Cells);
        if (before.Sum() == 0 || after.Sum() == 0)
            return new FeatureDrift(feature.Name, null, null, null, missing, implausible);
        if (feature.Type == FeatureType.Number)
        {
            var (p, q) = CellGroups.ByMass(before, after, Groups);
            return new FeatureDrift(feature.Name, PopulationStability.OfCounts(p, q), KolmogorovSmirnov.OfCounts(before, after), null, missing, implausible);
        }

        var (expected, observed) = CellGroups.ByExpected(before, after);
        return new FeatureDrift(feature.Name, PopulationStability.OfCounts(expected, observed), null, ChiSquareTest.OfCounts(expected, observed), missing, implausible);
    }

    /// <summary>A feature's cells in a profile of a study's rows; empty where it is withheld.</summary>
    public static IReadOnlyList<PartitionedCell> Reference(ProfileReport profile, int index)
    {
        ArgumentNullException.ThrowIfNull(profile);
        return profile.Categories[index] is { } counts
            ? [.. counts.Cells.Take(counts.Levels).Select((count, level) => new PartitionedCell(level, level + 1, count))]
            : [.. profile.Numbers[index]?.Histogram?.Cells.Select(cell => new PartitionedCell(cell.From, cell.To, cell.Count)) ?? []];
    }

    // Both in the finest cells that are whole in both; where either withholds a count, neither counts.
    private static (long[] Reference, long[] Current) Common(IReadOnlyList<PartitionedCell> reference, IReadOnlyList<PartitionedCell> current)
    {
        var (before, after) = (new List<long>(), new List<long>());
        var from = 0;
        foreach (var to in reference.Select(cell => cell.To).Intersect(current.Select(cell => cell.To)).Order())
        {
            if (Rows(reference) is { } first && Rows(current) is { } second)
            {
                before.Add(first);
                after.Add(second);
            }

            from = to;

            long? Rows(IReadOnlyList<PartitionedCell> cells) =>
                cells.Where(cell => cell.From >= from && cell.To <= to).Select(cell => cell.Count).ToList() is var counts && counts.Contains(null) ? null : counts.Sum();
        }

        return ([.. before], [.. after]);
    }

    private static double? Share(long? count, long rows) => rows == 0 ? null : (double?)count / rows;
}
