using System.Collections.Immutable;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// Errors of a model of a number by subgroup beside those of all rows, so that no sum, nor any difference of sums, is of fewer rows than the minimum. Which subgroups are told is decided by
/// <see cref="SubgroupSuppression"/>, for rows of one class with one score: there is one rule. Suppression is not differential privacy.
/// </summary>
public static class ErrorSuppression
{
    /// <summary>Suppresses several partitions of the same rows, told side by side.</summary>
    /// <param name="range">Least and greatest plausible outcome.</param>
    /// <param name="outcomes">[rows], within the range.</param>
    /// <param name="predictions">[rows], none NaN.</param>
    /// <param name="partitions">Of each partition, in which subgroup each row is, and how many subgroups there are.</param>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    /// <returns>All rows, and of each partition the subgroups; null where withheld.</returns>
    public static (RegressionSums? All, ImmutableArray<ImmutableArray<RegressionSums?>> Partitions) Suppress(
        (double Minimum, double Maximum) range, double[] outcomes, double[] predictions, IReadOnlyList<(int[] GroupOf, int Groups)> partitions, int minimum)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        ArgumentNullException.ThrowIfNull(predictions);
        ArgumentNullException.ThrowIfNull(partitions);
        var told = SubgroupSuppression.Suppress(new double[outcomes.Length], new bool[outcomes.Length], partitions, minimum).Partitions;
        return (
            RegressionSums.Of(range.Minimum, range.Maximum, outcomes, predictions).Suppress(minimum),
            [.. partitions.Select((partition, i) => told[i].Select((group, at) => group is null
                ? null
                : RegressionSums.Of(range.Minimum, range.Maximum, In(outcomes, partition.GroupOf, at), In(predictions, partition.GroupOf, at)).Suppress(minimum)).ToImmutableArray())]);

        static double[] In(double[] values, int[] groupOf, int group) => [.. values.Where((_, row) => groupOf[row] == group)];
    }

    /// <summary>Whether a partition's subgroups of one site can be what is told beside its errors of all rows: none is of fewer rows than the minimum, nor is what is left of all rows without them.</summary>
    public static bool Fits(RegressionSums? all, IEnumerable<RegressionSums?> groups, int minimum)
    {
        var told = groups.OfType<RegressionSums>().ToArray();
        return told.Length == 0 || (all is not null && told.All(group => group.Fits(minimum) && (group.Minimum, group.Maximum) == (all.Minimum, all.Maximum))
            && all.Count - told.Sum(group => group.Count) is var rest && (rest == 0 || rest >= minimum));
    }
}
