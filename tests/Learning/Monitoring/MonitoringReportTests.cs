using System.Collections.Immutable;
using System.Text;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Monitoring;

/// <summary>What may leave of the days of a scoring program.</summary>
public sealed class MonitoringReportTests
{
    private static readonly MonitoringOrder s_order = new("heart", Reports.Version);

    [Fact]
    public void No_count_below_the_minimum_leaves_or_follows_by_subtraction() => Gen.Select(Reports.Row.Array[0, 120], Gen.Int[1, 12], Gen.Int[0, 12]).Sample((rows, minimum, shadows) =>
    {
        var sum = Reports.Of(Reports.Monday, rows, shadows);
        var window = Reports.Window(sum, minimum);

        Assert.Equal(sum.Answered > 0 && sum.Answered < minimum, window.Usage is null);
        Assert.True(window.Fits(minimum));
        if (window.Usage is not { } usage)
        {
            Assert.Null(window.Outcomes!.Scores);
            return;
        }

        long?[] alone = [usage.Answered, usage.UnscoredMissing, usage.UnscoredOther];
        Assert.DoesNotContain(alone, count => Small(count, minimum));
        foreach (var table in usage.Features.Append(usage.Scores).Append(usage.Latency))
        {
            long?[] told = [.. table.Cells.Select(cell => cell.Count), .. table.Beside];
            Assert.DoesNotContain(told, count => Small(count, minimum));
            Assert.False(Small(usage.Answered - told.Sum(count => count ?? 0), minimum));
            Assert.NotEqual(1, told.Count(count => count is null));
        }

        // Every difference of what was told of scores and of outcomes that can be made over the same edges: rows whose outcome is not known.
        if (window.Outcomes!.Scores is { } outcomes)
        {
            foreach (var from in outcomes.Bins)
            {
                foreach (var to in outcomes.Bins.Where(bin => bin.To >= from.To))
                {
                    var known = outcomes.Bins.Where(bin => bin.From >= from.From && bin.To <= to.To).ToList();
                    var scored = usage.Scores.Cells.Where(cell => cell.From >= from.From && cell.To <= to.To).Sum(cell => cell.Count!.Value);
                    Assert.False(Small(known.Sum(bin => bin.Negatives), minimum) || Small(known.Sum(bin => bin.Positives), minimum) || Small(scored - known.Sum(bin => bin.Count), minimum));
                }
            }
        }
    }, iter: 400);

    // Whoever holds the use's tables against the subgroups' outcomes of the same rows: by level, and by cells that no band ends at.
    [Fact]
    public void No_small_number_of_rows_lies_between_a_subgroup_and_the_use_of_the_same_feature() => Gen.Select(Reports.Row.Array[0, 250], Gen.Int[2, 12], Gen.Bool, Gen.OneOf(Gen.Const(0), Gen.Int[1, 8])).Sample((rows, minimum, isAllKnown, lowered) =>
    {
        if (isAllKnown)
            rows = [.. rows.Select(row => row with { Outcome = row.Outcome ?? false })];
        var sum = Reports.Of(Reports.Monday, rows);
        // The use may have been told under a higher minimum than the outcomes are.
        if (MonitoredUsage.Of(Reports.Study, sum, minimum + lowered) is not { } usage || MonitoredOutcomes.Of(Reports.Study, usage, sum, minimum, withAreas: false) is not { Scores: { } scores, Subgroups: { } told })
            return;
        Assert.True(told.Fits(Reports.Study) && told.FitsSite(groups => SubgroupSuppression.Fits(scores, groups, minimum)));
        for (var partition = 0; partition < told.Partitions.Length; partition++)
        {
            var (groups, table) = (told.Partitions[partition], usage.Features[partition]);
            long Labelled(int group) => groups[group].Sum!.Bins.Sum(bin => bin.Count);
            double[] ends = partition == 0 ? [0, 40, 65, 120] : [0, 1, 2, 3];
            double At(int boundary) => partition == 0 ? Math.Clamp((boundary - 1) * 120 / 64.0, 0, 120) : boundary; // the first cell is below the range, the last above
            for (var first = 0; first < groups.Length - 1; first++)
            {
                for (var last = first; last < groups.Length - 1 && groups[last].Sum is not null; last++)
                {
                    var inGroups = Enumerable.Range(first, last - first + 1).Sum(Labelled);
                    foreach (var cells in Runs(table.Cells).Where(run => run.All(cell => cell.Count is not null)))
                    {
                        var (from, to, inCells) = (At(cells[0].From), At(cells[^1].To), cells.Sum(cell => cell.Count));
                        if (from <= ends[first] && to >= ends[last + 1])
                            Assert.False(Small(inCells - inGroups, minimum)); // groups within cells: rows between, or without an outcome
                        if (isAllKnown && from >= ends[first] && to <= ends[last + 1])
                            Assert.False(Small(inGroups - inCells, minimum)); // cells within groups
                    }
                }
            }

            if (groups[^1].Sum is null)
                continue;
            var absent = table.Beside.Sum(count => count ?? 0);
            Assert.False(!table.Beside.Contains(null) && Small(absent - Labelled(groups.Length - 1), minimum));
            Assert.False(isAllKnown && Small(Labelled(groups.Length - 1) - absent, minimum));
        }

        static IEnumerable<PartitionedCell[]> Runs(ImmutableArray<PartitionedCell> cells) =>
            Enumerable.Range(0, cells.Length).SelectMany(first => Enumerable.Range(first + 1, cells.Length - first).Select(last => cells[first..last].ToArray()));
    }, iter: 300);

    [Fact]
    public void Outcomes_by_subgroup_are_those_of_the_rows()
    {
        var rows = Enumerable.Range(0, 600).Select(i => (Logit: (i % 17 / 4f) - 2, Age: 20f + (i % 70), Stage: 1f + (i % 3), Outcome: (bool?)(i % 5 < 2), Time: 100)).ToList();
        var told = Reports.Window(Reports.Of(Reports.Monday, rows), 5).Outcomes!.Subgroups!;

        Assert.Equal([rows.Count(row => row.Age < 40), rows.Count(row => row.Age is >= 40 and < 65), rows.Count(row => row.Age >= 65), 0], told.Partitions[0].Select(group => group.Sum!.Bins.Sum(bin => bin.Count)));
        Assert.Equal([80, 80, 80, 0], told.Partitions[1].Select(group => group.Sum!.Positives));
        Assert.All(told.Partitions.SelectMany(groups => groups), group => Assert.Equal(1, group.Sites));
    }

    [Fact]
    public void Area_of_a_subgroup_is_DeLong_s_of_its_binned_scores_in_thousandths_and_only_where_the_policy_lets_areas_out() => Gen.Select(Reports.Row.Array[0, 250], Gen.Int[1, 12]).Sample((rows, minimum) =>
    {
        var sum = Reports.Of(Reports.Monday, rows);
        if (MonitoredUsage.Of(Reports.Study, sum, minimum) is not { } usage)
            return;
        var (with, without) = (MonitoredOutcomes.Of(Reports.Study, usage, sum, minimum, withAreas: true), MonitoredOutcomes.Of(Reports.Study, usage, sum, minimum, withAreas: false));
        Assert.Null(without.Areas);
        Assert.Equal(Text(without), Text(with with { Areas = null }));
        var answered = rows.Where(row => row.Outcome is not null && !float.IsNaN(row.Logit)).ToList();
        for (var partition = 0; partition < 2; partition++)
        {
            for (var group = 0; group < 4; group++)
            {
                var members = answered.Where(row => SubgroupIndex.Of(Reports.Study, [row.Age, row.Stage])[partition] == group).ToList();
                var areas = CorrelatedAreas.Of([[.. members.Select(row => (double)ScoreHistogram.BinOf(row.Logit, ScoreHistogram.GridBins))]], members.Select(row => row.Outcome!.Value).ToArray());
                var told = with.Areas!.Value[partition][group];
                Assert.Equal(with.Subgroups!.Partitions[partition][group].Sum is not null && areas is not null, told is not null);
                if (told is not { } area)
                    continue;
                Assert.Equal(areas!.Areas[0], area.Area / 1000.0, 0.00051);
                Assert.Equal(Math.Sqrt(areas.Covariance(0, 0)), area.StandardError / 1000.0, 0.00101);
                Assert.True(area.Logit(with.Subgroups.Partitions[partition][group].Sum!) is { Variance: > 0 } logit && double.IsFinite(logit.Value));
            }
        }

        string Text(MonitoredOutcomes outcomes) => new MonitoredWindow(new(Reports.Monday, Reports.Monday), usage, outcomes).ToJson(Reports.Study).ToJsonString();
    });

    [Fact]
    public void Areas_of_windows_are_combined_on_the_logit_and_say_more_than_pooled_bins()
    {
        var rows = Enumerable.Range(0, 240).Select(i => (Logit: ((i * 7 % 40) / 10f) - 2 + (i % 3 == 0 ? 1.2f : 0), Age: 20f + (i % 70), Stage: 1f + (i % 4 % 3), Outcome: (bool?)(i % 3 == 0), Time: 100)).ToList();
        var windows = Enumerable.Range(0, 6).Select(day => Reports.Window(Reports.Of(Reports.Monday.AddDays(day), rows), 10)).ToList();

        var young = SiteMonitoring.Subgroups(Reports.Study, [windows])[0].Subgroups[0];

        var members = rows.Where(row => row.Age < 40).ToList();
        var one = CorrelatedAreas.Of([[.. members.Select(row => (double)ScoreHistogram.BinOf(row.Logit, ScoreHistogram.GridBins))]], members.Select(row => row.Outcome!.Value).ToArray())!;
        Assert.Equal(one.Areas[0], young.Area!.Value.Value, 0.001); // the same in each window
        Assert.InRange(young.Area.Value.High - young.Area.Value.Low, 0.001, one.Interval(0).High - one.Interval(0).Low);
        Assert.True(young.Metrics.AurocInterval!.Value is var bins && bins.High - bins.Low > 2 * (young.Area.Value.High - young.Area.Value.Low));
    }

    [Theory]
    [InlineData("\"areas\":[[[", "\"areas\":[[[1001,1],[")] // one more
    [InlineData("\"areas\":[[[", "\"areas\":[[null,[")]
    [InlineData("\"areas\":[[", "\"areas\":[[\"x\",")]
    [InlineData("\"areas\":[[", "\"areas\":[],\"more\":[[")]
    public void Areas_that_are_none_are_refused(string was, string changed)
    {
        var rows = Enumerable.Range(0, 240).Select(i => (Logit: (i * 7 % 40) / 10f, Age: 20f + (i % 70), Stage: 1f + (i % 3), Outcome: (bool?)(i % 4 == 0), Time: 100));
        var written = Encoding.UTF8.GetString(MonitoringReport.With(Reports.Study, s_order, ReportSchedule.Daily, 30, [Reports.Window(Reports.Of(Reports.Monday, rows), 10)], 10).Write(Reports.Study));
        Assert.Contains(was, written, StringComparison.Ordinal);

        Assert.Throws<FormatException>(() => MonitoringReport.Read(Reports.Study, Encoding.UTF8.GetBytes(written.Replace(was, changed, StringComparison.Ordinal))));
    }

    [Fact]
    public void Attack_on_bands_would_succeed_were_cells_merged_without_regard_to_them()
    {
        // 20 rows of 64.5 years and 11 of 66, and few of 65.2: they lie in one cell with the first, and in one band with the last.
        long[] cells = [31, 11], below = [28, 0], above = [3, 11];
        var blind = PartitionedRows.Of(cells, [0, 0], ordered: true, minimum: 10);
        Assert.Equal([31, 11], blind.Cells.Select(cell => cell.Count)); // 31 - 28 = 3

        Assert.Equal([42], PartitionedRows.Of(cells, [0, 0], ordered: true, minimum: 10, [below, above]).Cells.Select(cell => cell.Count));
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, true)]
    public void Rows_on_which_a_version_failed_and_those_of_a_shadow_are_not_told_as_numbers(int failures, bool failing)
    {
        // Production answers the rows on which a candidate failed, and those that it was a shadow for: what is told of production less such a number would be the rest of its rows.
        var sum = Reports.Of(Reports.Monday, Enumerable.Repeat((0.3f, 50f, 1f, (bool?)null, 100), 12), shadows: 77);
        for (var i = 0; i < failures; i++)
            sum.CountError();
        var report = MonitoringReport.With(Reports.Study, s_order, ReportSchedule.Daily, 30, [Reports.Window(sum, 5)], 5);
        var written = Encoding.UTF8.GetString(report.Write(Reports.Study));

        Assert.Equal(failing, Assert.Single(report.Windows).Usage!.Failing);
        Assert.DoesNotContain("77", written.Replace(Reports.Version.Model.ToString(), "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("shadow", written, StringComparison.Ordinal);
    }

    [Fact]
    public void Number_whose_withheld_cell_is_not_the_first_is_refused()
    {
        var rows = Enumerable.Range(0, 500).Select(i => (0.3f, i < 2 ? float.NaN : i < 15 ? 20f : 80f, 1f, (bool?)null, 100));
        var written = Encoding.UTF8.GetString(MonitoringReport.With(Reports.Study, s_order, ReportSchedule.Daily, 30, [Reports.Window(Reports.Of(Reports.Monday, rows), 10)], 10).Write(Reports.Study));
        Assert.Equal(485, MonitoringReport.Read(Reports.Study, Encoding.UTF8.GetBytes(written)).Windows[0].Usage!.Features[0].Told);

        // As many rows are withheld, of another cell.
        var changed = written.Replace(",485,", ",null,", StringComparison.Ordinal).Replace("\"counts\":[null,", "\"counts\":[485,", StringComparison.Ordinal);
        var refused = Assert.Throws<FormatException>(() => MonitoringReport.Read(Reports.Study, Encoding.UTF8.GetBytes(changed)));
        Assert.Contains("withhold none but the first", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sums_of_probabilities_in_the_outcomes_are_of_scores_and_not_of_bins()
    {
        // Were they made of bins' middles, a merged bin's sum would tell how many rows lie in each of the bins that it was made of.
        var rows = Enumerable.Range(0, 40).Select(i => (Logit: (i * 0.05f) - 1, Age: 50f, Stage: 1f, Outcome: (bool?)(i % 2 == 0), Time: 100)).ToList();
        var scores = Reports.Window(Reports.Of(Reports.Monday, rows), 10).Outcomes!.Scores!;

        Assert.Equal(rows.Sum(row => 1 / (1 + Math.Exp(-(double)row.Logit))), scores.Bins.Sum(bin => bin.Probability * ScoreHistogram.Unit), 6);
    }

    [Fact]
    public void Read_what_was_written_is_the_same_and_merging_is_by_site_in_any_order() => Gen.Select(Reports.Row.Array[0, 60], Gen.Int[1, 12]).Sample((rows, minimum) =>
    {
        var report = MonitoringReport.With(Reports.Study, s_order, ReportSchedule.Daily, 30, [Reports.Window(Reports.Of(Reports.Monday, rows), minimum)], minimum);
        var without = MonitoringReport.Without(s_order, MonitoringWithholding.NotScheduled);
        var merged = SiteMonitoring.Merge([(SiteId.Parse("south"), report), (SiteId.Parse("north"), without)]).Write(Reports.Study);

        Assert.Equal(report.Write(Reports.Study), MonitoringReport.Read(Reports.Study, report.Write(Reports.Study)).Write(Reports.Study));
        Assert.Equal(merged, SiteMonitoring.Merge([(SiteId.Parse("north"), without), (SiteId.Parse("south"), report)]).Write(Reports.Study));
        Assert.Equal(merged, SiteMonitoring.Read(Reports.Study, merged).Write(Reports.Study));
    });

    [Fact]
    public void Report_holds_the_newest_windows_that_the_policy_of_today_lets_out()
    {
        var rows = Enumerable.Repeat((Logit: 0.3f, Age: 50f, Stage: 1f, Outcome: (bool?)null, Time: 100), 12).ToList();
        var windows = Enumerable.Range(0, 500).Select(day => Reports.Window(Reports.Of(Reports.Monday.AddDays(day), rows), 10)).ToList();

        var report = MonitoringReport.With(Reports.Study, s_order, ReportSchedule.Daily, 30, windows, 10);
        var stricter = MonitoringReport.With(Reports.Study, s_order, ReportSchedule.Daily, 30, windows, 13);

        Assert.Equal(MonitoringReport.MaximumParts, report.Windows.Sum(window => window.Parts));
        Assert.Equal(windows[^1], report.Windows[^1]);
        Assert.True(report.Fits(10) && report.Write(Reports.Study).Length <= ReleaseManifest.MaximumJsonLength);
        Assert.Empty(stricter.Windows);
    }

    [Theory]
    [InlineData("\"answered\":12", "\"answered\":13")]
    [InlineData("\"schedule\":\"daily\"", "\"schedule\":\"none\"")]
    [InlineData("\"to\":\"2027-03-01\"", "\"to\":\"2027-03-02\"")]
    [InlineData("\"withheld\":null", "\"withheld\":\"why\"")]
    [InlineData("\"outcomesAfter\":30", "\"outcomesAfter\":0")]
    [InlineData("\"line\":\"heart\"", "\"line\":\"<b>\"")]
    public void Changed_report_is_refused(string was, string changed)
    {
        var rows = Enumerable.Repeat((Logit: 0.3f, Age: 50f, Stage: 1f, Outcome: (bool?)true, Time: 100), 12);
        var written = Encoding.UTF8.GetString(MonitoringReport.With(Reports.Study, s_order, ReportSchedule.Daily, 30, [Reports.Window(Reports.Of(Reports.Monday, rows), 10)], 10).Write(Reports.Study));
        Assert.Contains(was, written, StringComparison.Ordinal);

        Assert.Throws<FormatException>(() => MonitoringReport.Read(Reports.Study, Encoding.UTF8.GetBytes(written.Replace(was, changed, StringComparison.Ordinal))));
    }

    private static bool Small(long? count, int minimum) => count > 0 && count < minimum;
}
