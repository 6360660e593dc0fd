using System.Collections.Immutable;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// Scores by subgroup beside those of all rows, so that neither one histogram nor any difference of them tells a small count. It makes of one site's rows what it may release; as with every
/// suppression, it is not differential privacy.
/// </summary>
/// <remarks>
/// <para>
/// Withheld is a subgroup with too few rows of a class, and others with it by the rule of <see cref="PartitionSuppression"/> on both classes. What is left of all rows
/// when the told subgroups are taken away is treated as one
/// subgroup more. Bins of subgroups are those of all rows put together, the same for all, so that on every edge that two of them share a difference is 0 or at least the minimum; a subgroup's edge
/// that all rows do not have would show the rows between two edges of theirs.
/// </para>
/// <para>So several partitions of the same rows (by sex, by age) may be told side by side: each has edges of the same histogram of all rows. Crossed ones may not, nor ones of other minimums.</para>
/// </remarks>
public static class SubgroupSuppression
{
    /// <summary>Suppresses a partition.</summary>
    /// <param name="groups">One histogram on the grid for each subgroup, as <see cref="ScoreHistogram.Of"/> makes them: each row is in exactly one, so that there is one
    /// for those of unknown group too.</param>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    /// <returns>All rows as <see cref="ScoreHistogram.Suppress(int)"/> leaves them, and the subgroups; null where withheld. Where all rows are withheld, all subgroups are.</returns>
    public static (ScoreHistogram? All, ImmutableArray<ScoreHistogram?> Groups) Suppress(IReadOnlyList<ScoreHistogram> groups, int minimum)
    {
        ArgumentNullException.ThrowIfNull(groups);
        ArgumentOutOfRangeException.ThrowIfLessThan(groups.Count, 1);
        if (groups.Any(group => group.Bins.Length != ScoreHistogram.GridBins || !group.IsPartition))
            throw new ArgumentException("Subgroups are suppressed as they were counted, in all bins of the grid.", nameof(groups));
        var all = groups.Aggregate((sum, next) => sum.Merge(next)).Suppress(minimum);
        var counts = new long[groups.Count, 2];
        for (var group = 0; group < groups.Count; group++)
            (counts[group, 0], counts[group, 1]) = (groups[group].Negatives, groups[group].Positives);
        var withheld = PartitionSuppression.Withheld(counts, minimum);
        var (told, rest) = (groups.Where((_, group) => !withheld[group]).ToList(), groups.Where((_, group) => withheld[group]).ToList());
        if (all is null || told.Count == 0)
            return (all, [.. groups.Select(_ => (ScoreHistogram?)null)]);

        IReadOnlyList<ScoreHistogram> parts = rest.Count == 0 ? told : [.. told, rest.Aggregate((sum, next) => sum.Merge(next))];
        // There always is a way: all bins in one, as each part has of each class no rows or enough.
        var suppressed = ScoreHistogram.Suppress([.. parts.Select(part => part.InBinsOf(all))], minimum)!.Value;
        var next = 0;
        return (all, [.. withheld.Select(isWithheld => isWithheld ? null : Told(suppressed[next++], all))]);
    }

    // How many are right of all rows is withheld for what it tells: then no subgroup tells its part.
    private static ScoreHistogram Told(ScoreHistogram group, ScoreHistogram all) => all.Correct is null ? group.WithholdCorrect() : group;
}
