using System.Collections.Immutable;

namespace FederatedClinicalMl.Numerics;

/// <summary>What is told elsewhere of rows of a partition's subgroups, of which some may have no label.</summary>
/// <param name="Unlabelled">[groups]: rows without a label. Where all rows of a subgroup are known, they follow by subtraction.</param>
/// <param name="Withheld">[groups]: subgroups that are withheld there, and so here.</param>
/// <param name="MayStandBeside">Whether subgroups can be told beside it, by their number, or -1 for those that are withheld.</param>
public sealed record KnownSubgroups(long[] Unlabelled, bool[] Withheld, Func<int[], bool> MayStandBeside);

/// <summary>
/// Scores by subgroup beside those of all rows, so that neither one histogram nor any difference of them tells a small count. It makes of one site's rows what it may release; as with every
/// suppression, it is not differential privacy.
/// </summary>
/// <remarks>
/// <para>
/// Withheld is a subgroup with too few rows of a class, and others with it by the rule of <see cref="PartitionSuppression"/> on both classes, and on rows without a label where these are known. What is left of all rows
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
        var all = groups.Aggregate((sum, next) => sum.Merge(next)).Suppress(minimum);
        return (all, Suppress(all, groups, null, minimum));
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
        var all = ScoreHistogram.Of(logits, labels).Suppress(minimum);
        return (all, Suppress(all, SubgroupCounts.Of(logits, labels, partitions), minimum));
    }

    /// <summary>Suppresses several partitions of the same rows that were counted before, told side by side and beside a histogram of all of them.</summary>
    /// <param name="all">All rows as they are told; null: they are not.</param>
    /// <param name="counts">The rows by subgroup.</param>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    /// <param name="known">What else is told of the rows of a partition's subgroups; null: nothing is.</param>
    /// <returns>Of each partition the subgroups; null where withheld.</returns>
    public static ImmutableArray<ImmutableArray<ScoreHistogram?>> Suppress(ScoreHistogram? all, SubgroupCounts counts, int minimum, Func<int, KnownSubgroups>? known = null)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        var suppressed = ImmutableArray.CreateBuilder<ImmutableArray<ScoreHistogram?>>(counts.Partitions);
        var told = new List<(int Partition, int[] PartOf)>();
        for (var partition = 0; partition < counts.Partitions; partition++)
        {
            var beside = known?.Invoke(partition);
            var groups = Suppress(all, counts.Groups(partition), beside, minimum);
            // Those that are withheld count as one, whose rows follow by subtraction.
            int[] partOf = [.. groups.Select((group, i) => group is null ? -1 : i)];
            if (minimum > 1 && (told.Exists(other => LeavesACellEmpty(counts, other, (partition, partOf))) || beside?.MayStandBeside(partOf) == false)) // of 1 nothing is small
                groups = [.. groups.Select(_ => (ScoreHistogram?)null)];
            else if (groups.Any(group => group is not null))
                told.Add((partition, partOf));
            suppressed.Add(groups);
        }

        return suppressed.MoveToImmutable();
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

    private static ImmutableArray<ScoreHistogram?> Suppress(ScoreHistogram? all, IReadOnlyList<ScoreHistogram> groups, KnownSubgroups? known, int minimum)
    {
        if (groups.Any(group => group.Bins.Length != ScoreHistogram.GridBins || !group.IsPartition))
            throw new ArgumentException("Subgroups are suppressed as they were counted, in all bins of the grid.", nameof(groups));
        var counts = new long[groups.Count, 3];
        for (var group = 0; group < groups.Count; group++)
            (counts[group, 0], counts[group, 1], counts[group, 2]) = (groups[group].Negatives, groups[group].Positives, known?.Unlabelled[group] ?? 0);
        var withheld = PartitionSuppression.Withheld(counts, minimum, known?.Withheld);
        var (told, rest) = (groups.Where((_, group) => !withheld[group]).ToList(), groups.Where((_, group) => withheld[group]).ToList());
        if (all is null || told.Count == 0)
            return [.. groups.Select(_ => (ScoreHistogram?)null)];

        IReadOnlyList<ScoreHistogram> parts = rest.Count == 0 ? told : [.. told, rest.Aggregate((sum, next) => sum.Merge(next))];
        // There always is a way: all bins in one, as each part has of each class no rows or enough.
        var suppressed = ScoreHistogram.Suppress([.. parts.Select(part => part.InBinsOf(all))], minimum)!.Value;
        var next = 0;
        return [.. withheld.Select(isWithheld => isWithheld ? null : Told(suppressed[next++], all))];
    }

    // Of parts that have rows.
    private static bool LeavesACellEmpty(SubgroupCounts counts, (int Partition, int[] PartOf) first, (int Partition, int[] PartOf) second)
    {
        var (mine, theirs) = (Parts(first), Parts(second));
        var shared = mine.SelectMany(one => theirs.Where(other => counts.Overlap(first.Partition, one.Group, second.Partition, other.Group)).Select(other => (one.Part, other.Part))).Distinct().Count();
        return shared < mine.DistinctBy(one => one.Part).Count() * theirs.DistinctBy(other => other.Part).Count();

        List<(int Group, int Part)> Parts((int Partition, int[] PartOf) of) =>
            [.. of.PartOf.Index().Where(item => counts.Groups(of.Partition)[item.Index] is var rows && rows.Negatives + rows.Positives > 0).Select(item => (item.Index, item.Item))];
    }

    // How many are right of all rows is withheld for what it tells: then no subgroup tells its part.
    private static ScoreHistogram Told(ScoreHistogram group, ScoreHistogram all) => all.Correct is null ? group.WithholdCorrect() : group;
}
