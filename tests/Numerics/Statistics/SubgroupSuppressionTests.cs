using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class SubgroupSuppressionTests
{
    private static readonly Gen<(double Logit, bool Label, int Group)[]> s_rows = Gen.Select(
        Gen.OneOf(Gen.Double[-9, 9], Gen.Int[-3, 3].Select(value => value / 2.0)), Gen.Bool, Gen.Frequency((4, Gen.Const(0)), (3, Gen.Const(1)), (1, Gen.Int[2, 4]))).Array[0, 250];

    [Fact]
    public void No_difference_of_what_is_told_has_a_small_count() => Gen.Select(s_rows, Gen.Int[1, 9]).Sample((rows, minimum) =>
    {
        var (all, groups) = SubgroupSuppression.Suppress(Groups(rows), minimum);
        if (all is null)
        {
            Assert.All(groups, Assert.Null);
            return;
        }

        var told = groups.OfType<ScoreHistogram>().ToArray();
        if (told.Length == 0)
            return;
        // Every stretch between two edges that a subgroup and all rows have in common: bins between neighbours are enough, as longer stretches are sums.
        foreach (var bin in told[0].Bins)
        {
            Assert.All(told, group => Assert.Contains(group.Bins, other => (other.From, other.To) == (bin.From, bin.To)));
            var within = all.Bins.Where(other => other.From >= bin.From && other.To <= bin.To).ToArray();
            Assert.Equal((bin.From, bin.To), (within[0].From, within[^1].To));
            foreach (var count in (Func<ScoreBin, long>[])[of => of.Negatives, of => of.Positives])
            {
                var ofGroups = told.Select(group => count(group.Bins.Single(other => other.From == bin.From))).ToArray();
                Assert.All([.. ofGroups, within.Sum(count) - ofGroups.Sum()], difference => Assert.True(difference == 0 || difference >= minimum));
            }
        }

        // And of the rows whose side of logit 0 the bins leave open: right and wrong ones of what is left of all rows.
        if (all.Correct is { } correct && told.Sum(group => group.Correct) is var right && told.All(group => group.Correct is not null))
        {
            var rest = told[0].Bins.Select(bin => (Bin: bin, Negatives: Within(bin, of => of.Negatives), Positives: Within(bin, of => of.Positives))).ToArray();
            var certain = rest.Where(cell => !cell.Bin.Straddles).Sum(cell => cell.Bin.From >= ScoreHistogram.MiddleEdge ? cell.Positives : cell.Negatives);
            var open = rest.Where(cell => cell.Bin.Straddles).Sum(cell => cell.Negatives + cell.Positives);
            Assert.All([correct - right!.Value - certain, open - (correct - right.Value - certain)], count => Assert.True(count == 0 || count >= minimum));

            long Within(ScoreBin bin, Func<ScoreBin, long> count) => all.Bins.Where(other => other.From >= bin.From && other.To <= bin.To).Sum(count)
                - told.Sum(group => count(group.Bins.Single(other => other.From == bin.From)));
        }

        foreach (var group in told)
        {
            Assert.True(Tells(group) <= 0 || Tells(group) >= minimum);
            Assert.Equal(group.ToJson().ToJsonString(), ScoreHistogram.Read(JsonNode.Parse(group.ToJson().ToJsonString()), "scores").ToJson().ToJsonString());
        }
    });

    [Fact]
    public void Told_subgroups_keep_their_rows_and_sums() => Gen.Select(s_rows, Gen.Int[1, 9]).Sample((rows, minimum) =>
    {
        var (before, after) = (Groups(rows), SubgroupSuppression.Suppress(Groups(rows), minimum));
        foreach (var (was, left) in before.Zip(after.Groups))
        {
            if (left is null)
                continue;
            Assert.Equal((was.Negatives, was.Positives, was.SquaredError), (left.Negatives, left.Positives, left.SquaredError));
            Assert.Equal(was.Bins.Sum(bin => bin.Probability), left.Bins.Sum(bin => bin.Probability));
            Assert.True(left.Correct is null || left.Correct == was.Correct);
        }

        var whole = before.Aggregate((sum, next) => sum.Merge(next)).Suppress(minimum);
        Assert.Equal(whole?.ToJson().ToJsonString(), after.All?.ToJson().ToJsonString());
        Assert.NotEqual(1, after.All is null ? 0 : after.Groups.Count(group => group is null));
    });

    [Fact]
    public void Rows_on_the_right_side_follow_for_no_subgroup_from_all_rows_and_the_others() => Gen.Select(s_rows, Gen.Int[2, 9]).Sample((rows, minimum) =>
    {
        var (all, groups) = SubgroupSuppression.Suppress(Groups(rows), minimum);
        if (all?.Correct is null || groups.Contains(null))
            return;
        // Known of all and of all subgroups but one: then it is known of that one as well.
        Assert.NotEqual(1, groups.Count(group => group!.Correct is null));
    });

    [Fact]
    public void Subgroups_that_are_suppressed_each_for_itself_would_tell_one_row() // The attack of the first test can succeed.
    {
        var a = Histogram([.. Rows(3, -5.4), .. Rows(3, -5.1)]);
        var b = Histogram([.. Rows(1, -5.4), .. Rows(5, 3)]);
        long At(ScoreHistogram histogram, double logit) => histogram.Bins.Single(bin => ScoreHistogram.LogitOf(bin.From) <= logit && ScoreHistogram.LogitOf(bin.To) > logit).Positives;
        Assert.Equal(1, At(a.Merge(b).Suppress(3)!, -5.4) - At(a.Suppress(3)!, -5.4));

        var (all, groups) = SubgroupSuppression.Suppress([a, b], 3);
        Assert.Equal(groups[0]!.Bins.Select(bin => bin.To), groups[1]!.Bins.Select(bin => bin.To));
        Assert.Equal(6, At(groups[0]!, -5.4));
        Assert.Equal(4, At(all!, -5.4));
    }

    [Fact]
    public void One_small_subgroup_is_withheld_with_the_next_smallest()
    {
        var (all, groups) = SubgroupSuppression.Suppress([Histogram(Rows(3, 1)), Histogram(Rows(20, 1)), Histogram(Rows(30, 1)), Histogram([])], 10);
        Assert.Equal(53, all!.Positives);
        Assert.Null(groups[0]);
        Assert.Null(groups[1]);
        Assert.Equal(30, groups[2]!.Positives);
        Assert.Equal(0, groups[3]!.Positives);
    }

    [Fact]
    public void Suppress_of_what_was_suppressed_or_of_nothing_is_an_error()
    {
        Assert.Throws<ArgumentException>(() => SubgroupSuppression.Suppress([Histogram([.. Rows(5, 1), .. Rows(5, 2)]).Suppress(10)!], 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => SubgroupSuppression.Suppress([], 10));
    }

    [Fact]
    public void Partitions_side_by_side_are_each_told_as_alone_or_withheld_whole() => Gen.Select(s_rows, Gen.Int[0, 3].Array[250], Gen.Int[1, 9]).Sample((rows, others, minimum) =>
    {
        var (all, partitions) = Side(rows, others, minimum);
        var alone = SubgroupSuppression.Suppress(Groups(rows), minimum);
        Assert.Equal(Text(alone.All), Text(all));
        Assert.Equal(alone.Groups.Select(Text), partitions[0].Select(Text));
        Assert.All(partitions, groups => Assert.True(SubgroupSuppression.Fits(all, groups, minimum)));
        var second = SubgroupSuppression.Suppress([.. Enumerable.Range(0, 4).Select(group => Histogram([.. rows.Index().Where(row => others[row.Index] == group).Select(row => (row.Item.Logit, row.Item.Label))]))], minimum).Groups;
        Assert.True(partitions[1].All(group => group is null) || partitions[1].Select(Text).SequenceEqual(second.Select(Text)));

        static string Text(ScoreHistogram? histogram) => histogram?.ToJson().ToJsonString() ?? "withheld";
    });

    // Who knows that no man is pregnant subtracts: every sum of told subgroups, or of what is left of all rows, that lies within another leaves no small rest.
    [Fact]
    public void No_subgroup_within_one_of_another_partition_leaves_a_small_rest() => Gen.Select(s_rows, Gen.Int[0, 3].Array[5], Gen.Int[0, 99].Array[250], Gen.Int[2, 9]).Sample((rows, nested, strays, minimum) =>
    {
        // A few rows of a coarser partition's subgroup are in another subgroup of the finer one.
        var others = rows.Select((row, i) => strays[i] < 3 ? 3 : nested[row.Group]).ToArray();
        var (_, partitions) = Side(rows, others, minimum);
        int[][] parts = [.. new[] { rows.Select(row => row.Group).ToArray(), others }.Select((groupOf, i) => Array.ConvertAll(groupOf, group => partitions[i][group] is null ? 5 : group))];
        if (partitions.Any(groups => groups.All(group => group is null)))
            return;
        foreach (var (inner, outer) in ((int[], int[])[])[(parts[0], parts[1]), (parts[1], parts[0])])
        {
            for (var union = 1; union < 64; union++)
            {
                var within = Enumerable.Range(0, rows.Length).Where(row => (union >> inner[row] & 1) == 1).ToArray();
                var around = within.Select(row => outer[row]).Distinct().ToArray();
                var rest = Enumerable.Range(0, rows.Length).Where(row => around.Contains(outer[row])).Except(within).ToArray();
                foreach (var label in (bool[])[false, true])
                    Assert.True(rest.Count(row => rows[row].Label == label) is var left && (left == 0 || left >= minimum));
            }
        }
    }, iter: 1000);

    [Fact]
    public void Partition_within_another_is_withheld()
    {
        // Of 40 women 37 are pregnant and of 40 men none: all women less the pregnant ones would be 3.
        (double, bool, int)[] rows = [.. Enumerable.Range(0, 80).Select(i => ((i % 7) - 3.0, i % 2 == 0, i < 40 ? 0 : 1))];
        var pregnant = Enumerable.Range(0, 80).Select(i => i < 37 ? 1 : 0).ToArray();
        var (_, partitions) = Side(rows, pregnant, 10);
        Assert.Equal(2, partitions[0].Count(group => group is { Positives: > 0 }));
        Assert.All(partitions[1], Assert.Null);

        // As pregnancy alone may be told, and so may what has rows in each.
        Assert.Equal(2, Side([.. rows.Select(row => (row.Item1, row.Item2, 0))], pregnant, 10).Partitions[1].Count(group => group is { Positives: > 0 }));
        Assert.Equal(2, Side(rows, [.. Enumerable.Range(0, 80).Select(i => i / 2 % 2)], 10).Partitions[1].Count(group => group is { Positives: > 0 }));
    }

    [Fact]
    public void Subgroups_that_a_site_cannot_have_left_do_not_fit()
    {
        var (all, groups) = SubgroupSuppression.Suppress([Histogram(Rows(12, 1)), Histogram(Rows(20, 1))], 10);
        Assert.True(SubgroupSuppression.Fits(all, groups, 10));
        Assert.True(SubgroupSuppression.Fits(all, [null, null], 10));
        Assert.False(SubgroupSuppression.Fits(null, groups, 10));
        Assert.False(SubgroupSuppression.Fits(all, groups, 13)); // a subgroup is too small
        Assert.False(SubgroupSuppression.Fits(all, [groups[1], null], 13)); // what is left is
        Assert.False(SubgroupSuppression.Fits(all, [groups[1], groups[1]], 10)); // more rows than there are
        Assert.False(SubgroupSuppression.Fits(all, [groups[1]!.Merge(Histogram(Rows(20, 1))), null], 10)); // no partition
        Assert.False(SubgroupSuppression.Fits(Histogram([.. Rows(5, 1), .. Rows(5, 2)]).Suppress(10), [Histogram(Rows(10, 1))], 10)); // edges that all rows do not have
    }

    private static (ScoreHistogram? All, System.Collections.Immutable.ImmutableArray<System.Collections.Immutable.ImmutableArray<ScoreHistogram?>> Partitions) Side(
        (double Logit, bool Label, int Group)[] rows, int[] others, int minimum) => SubgroupSuppression.Suppress(
            [.. rows.Select(row => row.Logit)], [.. rows.Select(row => row.Label)], [([.. rows.Select(row => row.Group)], 5), (others[..rows.Length], 4)], minimum);

    // The smaller of right and wrong rows in a bin across logit 0 that a histogram tells; 0 where it tells none.
    private static long Tells(ScoreHistogram histogram)
    {
        if (histogram.Correct is not { } correct)
            return 0;
        var right = correct - histogram.Bins.Where(bin => !bin.Straddles).Sum(bin => bin.From >= ScoreHistogram.MiddleEdge ? bin.Positives : bin.Negatives);
        var wrong = histogram.Bins.Where(bin => bin.Straddles).Sum(bin => bin.Count) - right;
        return right == 0 ? wrong : wrong == 0 ? right : Math.Min(right, wrong);
    }

    private static ScoreHistogram[] Groups((double Logit, bool Label, int Group)[] rows) =>
        [.. Enumerable.Range(0, 5).Select(group => Histogram([.. rows.Where(row => row.Group == group).Select(row => (row.Logit, row.Label))]))];

    private static (double, bool)[] Rows(int count, double logit) => [.. Enumerable.Repeat((logit, true), count)];

    private static ScoreHistogram Histogram((double Logit, bool Label)[] rows) => ScoreHistogram.Of([.. rows.Select(row => row.Logit)], [.. rows.Select(row => row.Label)]);
}
