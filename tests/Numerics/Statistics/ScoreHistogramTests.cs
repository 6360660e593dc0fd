using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class ScoreHistogramTests
{
    private static readonly Gen<(double Logit, bool Label)[]> s_rows = Gen.Select(Gen.Double[-12, 12], Gen.Bool).Array[0, 200];

    [Theory]
    [InlineData(-1e9, 0)]
    [InlineData(-7.75, 1)]
    [InlineData(-0.0001, 31)]
    [InlineData(0, 32)]
    [InlineData(0.2499, 32)]
    [InlineData(0.25, 33)]
    [InlineData(7.75, 63)]
    [InlineData(double.PositiveInfinity, 63)]
    [InlineData(double.NegativeInfinity, 0)]
    public void Of_a_logit_counts_it_in_the_bin_that_holds_its_lower_edge(double logit, int bin)
    {
        var histogram = ScoreHistogram.Of([logit], [true]);
        Assert.Equal(bin, histogram.Bins.Single(item => item.Positives == 1).From);
        Assert.True(logit >= ScoreHistogram.LogitOf(bin) && logit <= ScoreHistogram.LogitOf(bin + 1));
    }

    [Fact]
    public void Of_a_logit_that_is_no_number_is_an_error() =>
        Assert.Throws<ArgumentException>(() => ScoreHistogram.Of([0, double.NaN], [true, false]));

    [Fact]
    public void Bin_of_what_is_no_number_is_the_first() => Assert.Equal(0, ScoreHistogram.BinOf(double.NaN, 16));

    [Fact]
    public void Coarse_bins_are_those_of_the_grid_put_together() => Gen.Select(Gen.Double[-12, 12], Gen.Int[3, 6].Select(power => 1 << power)).Sample((logit, bins) =>
    {
        var bin = ScoreHistogram.BinOf(logit, bins);
        Assert.InRange(bin, 0, bins - 1);
        Assert.True(logit >= ScoreHistogram.LogitOf(bin * (64 / bins)) && logit < ScoreHistogram.LogitOf((bin + 1) * (64 / bins)));
    });

    [Fact]
    public void OfCounts_is_what_rows_in_the_middle_of_their_bins_give() => Gen.Select(Gen.Int[3, 6].Select(power => 1 << power), Gen.Int[0, 9].Array[128]).Sample((bins, counts) =>
    {
        var (negatives, positives, width) = (counts[..bins].Select(count => (long)count).ToArray(), counts[64..(64 + bins)].Select(count => (long)count).ToArray(), 64 / bins);
        var rows = Enumerable.Range(0, bins).SelectMany(bin => Enumerable.Repeat(false, (int)negatives[bin]).Concat(Enumerable.Repeat(true, (int)positives[bin]))
            .Select(label => (Logit: (((bin + 0.5) * width) - 32) / 4, Label: label))).ToArray();
        var (expected, found) = (Of(rows), ScoreHistogram.OfCounts(negatives, positives));

        Assert.Equal((expected.Negatives, expected.Positives, expected.Correct), (found.Negatives, found.Positives, found.Correct));
        Assert.True(found.IsPartition);
        foreach (var bin in found.Bins)
        {
            var within = expected.Bins.Where(fine => fine.From >= bin.From && fine.To <= bin.To).ToArray();
            Assert.Equal((within.Sum(fine => fine.Negatives), within.Sum(fine => fine.Positives)), (bin.Negatives, bin.Positives));
            Assert.InRange(bin.Probability - within.Sum(fine => fine.Probability), -bin.Count, bin.Count); // each row is rounded, or all of them once
        }

        Assert.InRange(found.SquaredError - expected.SquaredError, -rows.Length - bins, rows.Length + bins);
    });

    [Fact]
    public void OfCounts_travels_whatever_the_counts() => Gen.Select(Gen.Int[1, 6].Select(power => 1 << power), Gen.Long[0, 1L << 23].Array[128]).Sample((bins, counts) =>
    {
        var histogram = ScoreHistogram.OfCounts(counts.AsSpan(0, bins), counts.AsSpan(64, bins));
        Assert.Equal(histogram.ToJson().ToJsonString(), ScoreHistogram.Read(JsonNode.Parse(histogram.ToJson().ToJsonString()), "scores").ToJson().ToJsonString());
    });

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(128, 128)]
    [InlineData(8, 16)]
    public void OfCounts_of_bins_that_are_none_of_the_grid_is_an_error(int negatives, int positives) =>
        Assert.ThrowsAny<ArgumentException>(() => ScoreHistogram.OfCounts(new long[negatives], new long[positives]));

    [Fact]
    public void OfCounts_of_less_than_nobody_is_an_error()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ScoreHistogram.OfCounts([0, -1], [0, 0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ScoreHistogram.OfCounts([0, 0], [-1, 0]));
    }

    [Fact]
    public void Suppress_leaves_no_small_count_keeps_every_row_and_withholds_only_what_it_must()
    {
        Gen.Select(s_rows, Gen.Int[1, 30]).Sample((rows, minimum) =>
        {
            var histogram = Of(rows);
            var suppressed = histogram.Suppress(minimum);
            if (suppressed is null)
            {
                Assert.True(histogram.Positives > 0 && histogram.Positives < minimum || histogram.Negatives > 0 && histogram.Negatives < minimum);
                return;
            }

            Assert.All(suppressed.Bins, bin =>
            {
                Assert.True(bin.Positives == 0 || bin.Positives >= minimum);
                Assert.True(bin.Negatives == 0 || bin.Negatives >= minimum);
            });
            Assert.Equal((histogram.Positives, histogram.Negatives), (suppressed.Positives, suppressed.Negatives));
            Assert.Equal(histogram.SquaredError, suppressed.SquaredError);
            var across = suppressed.Bins.Where(bin => bin.Straddles).Sum(bin => bin.Count);
            var right = Right(rows) - suppressed.Bins.Where(bin => !bin.Straddles).Sum(bin => bin.From >= ScoreHistogram.MiddleEdge ? bin.Positives : bin.Negatives);
            Assert.Equal(May(right) && May(across - right) ? Right(rows) : null, suppressed.Correct);
            Assert.Equal(histogram.Bins.Sum(bin => bin.Probability), suppressed.Bins.Sum(bin => bin.Probability));
            Assert.True(suppressed.IsPartition);

            bool May(long count) => count == 0 || count >= minimum;
        });
    }

    [Fact]
    public void Suppress_keeps_the_edge_at_logit_0_where_both_sides_can_be_shown()
    {
        // Three, one, two and three positives in the bins 30 to 33: {3}, {1 + 2}, {3} would be finer than {3 + 1}, {2 + 3}.
        var histogram = Of([(-0.4, true), (-0.4, true), (-0.4, true), (-0.1, true), (0.1, true), (0.1, true), (0.3, true), (0.3, true), (0.3, true)]);
        var suppressed = histogram.Suppress(3)!;
        Assert.Contains(suppressed.Bins, bin => bin.From == ScoreHistogram.MiddleEdge);
    }

    [Fact]
    public void Suppress_ties_no_more_pairs_than_any_other_way_of_cutting()
    {
        const int bins = 9;
        var rows = Gen.Select(Gen.Int[0, bins - 1], Gen.Bool, (bin, label) => ((bin + 0.5) / 4, label)).Array[0, 40];
        Gen.Select(rows, Gen.Int[1, 6]).Sample((rows, minimum) =>
        {
            var counts = Of(rows).Bins.AsSpan().Slice(ScoreHistogram.MiddleEdge, bins).ToArray();
            long? least = null;
            for (var cuts = 0; cuts < 1 << (bins - 1); cuts++) // bit i: a cut after bin i
            {
                var runs = new List<(long Negatives, long Positives)> { default };
                for (var i = 0; i < bins; i++)
                {
                    runs[^1] = (runs[^1].Negatives + counts[i].Negatives, runs[^1].Positives + counts[i].Positives);
                    if (i < bins - 1 && (cuts >> i & 1) == 1)
                        runs.Add(default);
                }

                if (runs.All(run => (run.Negatives == 0 || run.Negatives >= minimum) && (run.Positives == 0 || run.Positives >= minimum)))
                    least = Math.Min(least ?? long.MaxValue, runs.Sum(run => run.Negatives * run.Positives));
            }

            Assert.Equal(least, Of(rows).Suppress(minimum)?.Bins.Sum(bin => bin.Negatives * bin.Positives));
        });
    }

    [Theory]
    [InlineData(4, 0, 0, 4, true, 8)]
    [InlineData(2, 2, 2, 2, false, 4)]
    [InlineData(4, 1, 1, 4, false, null)] // two are wrong
    [InlineData(1, 4, 4, 1, false, null)] // two are right
    public void Suppress_keeps_how_many_rows_are_right_unless_it_tells_a_small_count(
        int truePositives, int falsePositives, int falseNegatives, int trueNegatives, bool edge, int? correct)
    {
        var suppressed = Of([
            .. Enumerable.Repeat((0.1, true), truePositives), .. Enumerable.Repeat((0.1, false), falsePositives),
            .. Enumerable.Repeat((-0.1, true), falseNegatives), .. Enumerable.Repeat((-0.1, false), trueNegatives)]).Suppress(3)!;
        Assert.Equal(edge, suppressed.Bins.Any(bin => bin.From == ScoreHistogram.MiddleEdge));
        Assert.Equal(correct, suppressed.Correct);
    }

    [Fact]
    public void Merge_adds_how_many_rows_are_right_and_withholds_what_one_withheld()
    {
        Gen.Select(s_rows, s_rows, Gen.Int[1, 20]).Sample((a, b, minimum) =>
        {
            if (Of(a).Suppress(minimum) is not { } left || Of(b).Suppress(minimum + 3) is not { } right)
                return;
            Assert.Equal(left.Correct is null || right.Correct is null ? null : Right(a) + Right(b), left.Merge(right).Correct);
        });
    }

    [Fact]
    public void Suppress_with_minimum_1_changes_nothing()
    {
        s_rows.Sample(rows => Assert.Equal(Of(rows).Bins.AsEnumerable(), Of(rows).Suppress(1)!.Bins));
    }

    [Fact]
    public void Merge_of_unmerged_histograms_is_the_histogram_of_all_rows_in_any_order()
    {
        Gen.Select(s_rows, s_rows).Sample((a, b) =>
        {
            var all = Of([.. a, .. b]);
            AssertSame(all, Of(a).Merge(Of(b)));
            AssertSame(all, Of(b).Merge(Of(a)));
        });
    }

    [Fact]
    public void Merge_of_histograms_with_other_edges_keeps_the_bins_of_both_and_every_row()
    {
        Gen.Select(s_rows, s_rows, Gen.Int[1, 20]).Sample((a, b, minimum) =>
        {
            if (Of(a).Suppress(minimum) is not { } left || Of(b).Suppress(minimum + 3) is not { } right)
                return;
            var merged = left.Merge(right);
            AssertSame(merged, right.Merge(left));
            Assert.Equal(left.Bins.Concat(right.Bins).Select(bin => (bin.From, bin.To)).Distinct().Order(), merged.Bins.Select(bin => (bin.From, bin.To)));
            AssertSame(merged, ScoreHistogram.Read(JsonNode.Parse(merged.ToJson().ToJsonString()), "histogram"));
            Assert.Equal((left.Positives + right.Positives, left.Negatives + right.Negatives), (merged.Positives, merged.Negatives));
        });
    }

    [Fact]
    public void Read_what_was_written_is_the_same_histogram()
    {
        Gen.Select(s_rows, Gen.Int[1, 10]).Sample((rows, minimum) =>
        {
            if (Of(rows).Suppress(minimum) is { } histogram)
                AssertSame(histogram, ScoreHistogram.Read(JsonNode.Parse(histogram.ToJson().ToJsonString()), "histogram"));
        });
    }

    [Theory]
    [InlineData("from", "[0]", "from")]
    [InlineData("from", "[0,64]", "from")]
    [InlineData("from", "[32,0]", "from")]
    [InlineData("from", "[0,-1]", "from")]
    [InlineData("to", "[0,64]", "from")]
    [InlineData("to", "[32,65]", "to")]
    [InlineData("from", "[]", "from")]
    [InlineData("negatives", "[1]", "from")]
    [InlineData("negatives", "[1,-1]", "negatives")]
    [InlineData("positives", "[1,1e300]", "positives")]
    [InlineData("positives", "[1073741824,1073741824]", "negatives")]
    [InlineData("probabilities", "[\"0\",\"99999999999\"]", "probabilities")]
    [InlineData("probabilities", "[\"-1\",\"0\"]", "probabilities")]
    [InlineData("probabilities", "[0,0]", "probabilities")]
    [InlineData("squaredError", "\"99999999999\"", "squaredError")]
    [InlineData("squaredError", "\"-1\"", "squaredError")]
    [InlineData("squaredError", "null", "squaredError")]
    [InlineData("correct", "2", "correct")]
    [InlineData("correct", "4", "correct")]
    [InlineData("correct", "null", "correct")]
    public void Read_refuses_what_no_scores_can_have(string field, string value, string fault)
    {
        var json = JsonNode.Parse("""{"from":[0,32],"to":[32,64],"negatives":[1,0],"positives":[0,2],"probabilities":["1","2"],"squaredError":"3","correct":3}""")!.AsObject();
        Assert.Equal(3, ScoreHistogram.Read(json, "histogram").Bins.Sum(bin => bin.Count));
        json[field] = JsonNode.Parse(value);
        Assert.Contains($"histogram.{fault}", Assert.Throws<FormatException>(() => ScoreHistogram.Read(json, "histogram")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("7")]
    [InlineData("2.5")]
    [InlineData("\"3\"")]
    public void Read_refuses_more_or_fewer_right_rows_than_the_bins_can_hold(string correct)
    {
        // Two right for sure, three in the bin across logit 0, one wrong.
        var json = JsonNode.Parse("""{"from":[0,31,33],"to":[31,33,64],"negatives":[1,1,1],"positives":[0,2,1],"probabilities":["1","2","2"],"squaredError":"3","correct":null}""")!.AsObject();
        Assert.Null(ScoreHistogram.Read(json, "histogram").Correct);
        foreach (var possible in (int[])[2, 5])
        {
            json["correct"] = possible;
            Assert.Equal(possible, ScoreHistogram.Read(json, "histogram").Correct);
        }

        json["correct"] = JsonNode.Parse(correct);
        Assert.Contains("histogram.correct", Assert.Throws<FormatException>(() => ScoreHistogram.Read(json, "histogram")).Message, StringComparison.Ordinal);
    }

    private static long Right((double Logit, bool Label)[] rows) => rows.LongCount(row => row.Logit >= 0 == row.Label);

    private static ScoreHistogram Of((double Logit, bool Label)[] rows) =>
        ScoreHistogram.Of(rows.Select(row => row.Logit).ToArray(), rows.Select(row => row.Label).ToArray());

    private static void AssertSame(ScoreHistogram expected, ScoreHistogram actual)
    {
        Assert.Equal(expected.Bins.AsEnumerable(), actual.Bins);
        Assert.Equal(expected.SquaredError, actual.SquaredError);
        Assert.Equal(expected.Correct, actual.Correct);
    }
}
