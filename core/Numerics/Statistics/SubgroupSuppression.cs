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
/// <para>
/// So several partitions of the same rows (by sex, by age) may be told side by side: each has edges of the same histogram of all rows. Crossed ones may not, nor ones of other minimums. Nor may two where it is
/// known that nobody is in one subgroup of each: of all women less the pregnant ones the others follow, as few as they may be. So a partition that has no row in common with a told subgroup of one before it is
/// withheld whole. Where each two subgroups of two partitions share rows, a sum of counts of both is one of rows only where it is one of the rows of either, for which the rule of one partition holds.
/// What follows by knowing of three partitions at once that nobody is in a subgroup of each is not looked for.
/// </para>
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

    /// <summary>Suppresses several partitions of the same rows, told side by side.</summary>
    /// <param name="logits">[rows], none of them NaN.</param>
    /// <param name="labels">[rows].</param>
    /// <param name="partitions">Of each partition, in which subgroup each row is, and how many subgroups there are.</param>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    /// <returns>All rows as <see cref="ScoreHistogram.Suppress(int)"/> leaves them, and of each partition the subgroups; null where withheld.</returns>
    public static (ScoreHistogram? All, ImmutableArray<ImmutableArray<ScoreHistogram?>> Partitions) Suppress(
        double[] logits, bool[] labels, IReadOnlyList<(int[] GroupOf, int Groups)> partitions, int minimum)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(partitions);
        var suppressed = ImmutableArray.CreateBuilder<ImmutableArray<ScoreHistogram?>>(partitions.Count);
        var told = new List<int[]>();
        foreach (var (groupOf, count) in partitions)
        {
            ArgumentOutOfRangeException.ThrowIfNotEqual(groupOf.Length, logits.Length, nameof(partitions));
            var groups = Suppress([.. Enumerable.Range(0, count).Select(group => ScoreHistogram.Of(Of(logits, groupOf, group), Of(labels, groupOf, group)))], minimum).Groups;
            // Those that are withheld count as one, whose rows follow by subtraction.
            var parts = Array.ConvertAll(groupOf, group => groups[group] is null ? -1 : group);
            if (minimum > 1 && told.Exists(other => LeavesACellEmpty(parts, other))) // of 1 nothing is small
                groups = [.. groups.Select(_ => (ScoreHistogram?)null)];
            else if (groups.Any(group => group is not null))
                told.Add(parts);
            suppressed.Add(groups);
        }

        return (ScoreHistogram.Of(logits, labels).Suppress(minimum), suppressed.MoveToImmutable());

        static T[] Of<T>(T[] values, int[] groupOf, int group) => [.. values.Where((_, row) => groupOf[row] == group)];
    }

    /// <summary>
    /// Whether subgroups of one site can be what <see cref="Suppress(IReadOnlyList{ScoreHistogram}, int)"/> leaves beside its histogram of all rows: the same bins, of edges of all rows, and in none of them a count
    /// from 1 to below the minimum, of a subgroup or of what is left of all rows without them.
    /// </summary>
    public static bool Fits(ScoreHistogram? all, IEnumerable<ScoreHistogram?> groups, int minimum)
    {
        var told = groups.OfType<ScoreHistogram>().ToArray();
        if (told.Length == 0)
            return true;
        var edges = told[0].Bins.Select(bin => (bin.From, bin.To)).ToArray();
        if (all is null || !all.IsPartition || told.Any(group => !group.IsPartition || !group.Bins.Select(bin => (bin.From, bin.To)).SequenceEqual(edges)))
            return false;
        return edges.Index().All(cell =>
        {
            var within = all.Bins.Where(bin => bin.From >= cell.Item.From && bin.To <= cell.Item.To).ToArray();
            return within.Length > 0 && within[0].From == cell.Item.From && within[^1].To == cell.Item.To
                && MayLeave(within, [.. told.Select(group => group.Bins[cell.Index])], bin => bin.Negatives) && MayLeave(within, [.. told.Select(group => group.Bins[cell.Index])], bin => bin.Positives);
        });

        bool MayLeave(ScoreBin[] all, ScoreBin[] parts, Func<ScoreBin, long> count) =>
            parts.Select(count).Append(all.Sum(count) - parts.Sum(count)).All(rows => rows == 0 || rows >= minimum);
    }

    private static bool LeavesACellEmpty(int[] parts, int[] others) =>
        parts.Zip(others).Distinct().Count() < parts.Distinct().Count() * others.Distinct().Count();

    // How many are right of all rows is withheld for what it tells: then no subgroup tells its part.
    private static ScoreHistogram Told(ScoreHistogram group, ScoreHistogram all) => all.Correct is null ? group.WithholdCorrect() : group;
}
