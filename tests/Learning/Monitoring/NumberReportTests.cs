using System.Collections.Immutable;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Monitoring;

/// <summary>Days of a model of a number, and what may leave of them.</summary>
public sealed class NumberReportTests
{
    private static readonly Study s_study = StudyText.Of("""
        {name: age, unit: a, range: [0, 120], missing: mean}
        {name: stage, type: category, levels: [1, 2, 3], missing: no-level}
        """, model: "{kind: linear-regression}", label: "{name: stay, range: [0, 30], unit: d, constants: {mean: 8, sd: 5}}",
        evaluation: "{every: 1, subgroups: [{feature: age, bands: [40, 65]}, {feature: stage}]}");

    private static readonly MonitoringOrder s_order = new("heart", Reports.Version);

    // A row: prediction (NaN: none), age, stage, and what came (null: not known).
    private static readonly Gen<(float Prediction, float Age, float Stage, double? Came)> s_row = Gen.Select(
        Gen.Frequency((12, Gen.Float[0, 30]), (1, Gen.Const(float.NaN)), (1, Gen.OneOf(0f, 30f))),
        Gen.Frequency((6, Gen.Float[20, 90]), (3, Gen.OneOf(Gen.Float[38, 42], Gen.Float[63, 67])), (1, Gen.OneOf(float.NaN, 900f))),
        Gen.OneOf(1f, 1f, 1f, 2f, 3f, float.NaN, 7f),
        Gen.Frequency((1, Gen.Const((double?)null)), (4, Gen.Double[0, 30].Select(came => (double?)came))));

    [Fact]
    public void Sum_of_days_is_the_report_of_all_their_rows_and_reads_as_it_was_written() => Gen.Select(s_row.Array[0, 40], s_row.Array[0, 40]).Sample((first, second) =>
    {
        var sum = Of(Reports.Monday, first);
        sum.Add(Of(Reports.Monday.AddDays(1), second));

        Assert.Equal(Of(Reports.Monday, [.. first, .. second]).Write(), sum.Write());
        Assert.Equal(sum.Write(), Read(sum.Write()).Write());
    });

    [Fact]
    public void Predictions_are_counted_in_equal_cells_of_the_range()
    {
        var report = Of(Reports.Monday, [(0, 50, 1, null), (15, 50, 1, null), (29.9f, 50, 1, null), (30, 50, 1, null), (0.4f, 50, 1, null)]);

        Assert.Equal([(0, 2), (32, 1), (63, 2)], report.Scores.ToArray().Index().Where(cell => cell.Item > 0).Select(cell => (cell.Index, (int)cell.Item)));
    }

    [Fact]
    public void Errors_of_a_day_are_those_of_the_rows_whose_outcome_is_known()
    {
        var report = Of(Reports.Monday, [(3, 50, 1, 5), (8, 70, 2, 7), (9, 30, 1, null)]);

        Assert.Equal(RegressionSums.Of(0, 30, [5, 7], [3, 8]), report.OutcomeErrors);
        Assert.Equal([0, 1, 1, 0], report.SubgroupErrors!.Groups(0).Select(group => group.Count));
        Assert.Equal(RegressionSums.Of(0, 30, [5], [3]), report.SubgroupErrors.Groups(1)[0]);
        Assert.Equal(0, report.Outcomes.Bins.Sum(bin => bin.Count));
    }

    [Fact]
    public void Outcome_of_a_row_whose_subgroup_is_not_known_any_more_leaves_no_subgroups_of_the_day()
    {
        var report = Of(Reports.Monday, [(3, 50, 1, 5)]);
        report.CountOutcome(4, 6.5, groups: null);
        var sum = Of(Reports.Monday, [(3, 50, 1, 5)]);
        sum.Add(report);

        Assert.All([report, sum], one => Assert.Equal((null, null), (one.Subgroups, one.SubgroupErrors)));
        Assert.Equal(3, sum.OutcomeErrors!.Count);
        Assert.Equal(sum.Write(), Read(sum.Write()).Write());
    }

    [Theory]
    [InlineData("\"format\":3", "\"format\":2")]
    [InlineData("\"subgroupErrors\":[[", "\"subgroupErrors\":[[null,")]
    [InlineData("\"subgroupErrors\":[[", "\"subgroupErrors\":null,\"more\":[[")]
    [InlineData("\"maximum\":30", "\"maximum\":31")]
    [InlineData("\"outcomes\":{", "\"outcomes\":null,\"more\":{")]
    public void Changed_report_is_refused(string was, string changed)
    {
        var written = Encoding.UTF8.GetString(Of(Reports.Monday, [(3, 50, 1, 5), (8, 70, 2, 7)]).Write());
        Assert.Contains(was, written, StringComparison.Ordinal);

        Assert.Throws<FormatException>(() => Read(Encoding.UTF8.GetBytes(written.Replace(was, changed, StringComparison.Ordinal))));
    }

    [Fact]
    public void Subgroups_that_do_not_add_up_are_refused()
    {
        var json = (JsonObject)CanonicalJson.Read(Of(Reports.Monday, [(3, 50, 1, 5), (8, 70, 2, 7)]).Write())!;
        json["subgroupErrors"] = CanonicalJson.Read(Of(Reports.Monday, [(3, 50, 1, 5), (8, 70, 2, 7.5)]).Write())!["subgroupErrors"]!.DeepClone();

        Assert.Throws<FormatException>(() => Read(CanonicalJson.Write(json)));
    }

    // Whatever sum or difference of sums can be made of what is told: of no row, or of at least the minimum.
    [Fact]
    public void No_errors_of_fewer_rows_than_the_minimum_leave_or_follow_by_subtraction() => Gen.Select(s_row.Array[0, 200], Gen.Int[2, 12], Gen.Bool, Gen.OneOf(Gen.Const(0), Gen.Int[1, 8])).Sample((rows, minimum, isAllKnown, lowered) =>
    {
        if (isAllKnown)
            rows = [.. rows.Select(row => row with { Came = row.Came ?? 5 })];
        var sum = Of(Reports.Monday, rows);
        var usage = MonitoredUsage.Of(s_study, sum, minimum + lowered); // which may have been told under a higher minimum
        var outcomes = MonitoredOutcomes.Of(s_study, usage, sum, minimum, withAreas: true);

        Assert.True(outcomes.Fits(usage, minimum));
        Assert.Equal((null, null, null), (outcomes.Scores, outcomes.Subgroups, outcomes.Areas));
        if (outcomes.Number!.Errors is not { } errors)
        {
            Assert.True(outcomes.Number.Subgroups is not { } none || none.Partitions.All(groups => groups.All(group => group.Sum is null)));
            return;
        }

        var labelled = rows.Where(row => row.Came is not null && !float.IsNaN(row.Prediction)).ToArray();
        Assert.Equal(labelled.Length, errors.Count);
        Assert.False(Small(errors.Count, minimum) || Small(usage!.Answered - errors.Count, minimum));
        var told = outcomes.Number.Subgroups!;
        for (var partition = 0; partition < 2; partition++)
        {
            var groups = told.Partitions[partition];
            for (var group = 0; group < groups.Length; group++)
            {
                if (groups[group].Sum is not { } of)
                    continue;
                var members = labelled.Where(row => SubgroupIndex.Of(s_study, [row.Age, row.Stage])[partition] == group).ToArray();
                Assert.Equal(RegressionSums.Of(0, 30, [.. members.Select(row => row.Came!.Value)], [.. members.Select(row => (double)row.Prediction)]).Suppress(minimum), of);
                Assert.False(Small(of.Count, minimum));
            }

            Assert.False(Small(errors.Count - groups.Sum(group => group.Sum?.Count ?? 0), minimum));
            Against(usage!.Features[partition], groups, partition, minimum, isAllKnown);
        }

        Crossed(labelled, told, minimum);
    }, iter: 400);

    // Whoever holds the use's table of a feature against the errors of its subgroups: rows without an outcome, or rows between bands and cells.
    private static void Against(PartitionedRows table, ImmutableArray<SubgroupSum<RegressionSums>> groups, int partition, int minimum, bool isAllKnown)
    {
        double[] ends = partition == 0 ? [0, 40, 65, 120] : [0, 1, 2, 3];
        double At(int boundary) => partition == 0 ? Math.Clamp((boundary - 1) * 120 / 64.0, 0, 120) : boundary; // the first cell is below the range, the last above
        for (var first = 0; first < groups.Length - 1; first++)
        {
            for (var last = first; last < groups.Length - 1 && groups[last].Sum is not null; last++)
            {
                var inGroups = groups[first..(last + 1)].Sum(group => group.Sum!.Count);
                for (var from = 0; from < table.Cells.Length; from++)
                {
                    for (var to = from; to < table.Cells.Length && table.Cells[to].Count is not null; to++)
                    {
                        var (low, high, inCells) = (At(table.Cells[from].From), At(table.Cells[to].To), table.Cells[from..(to + 1)].Sum(cell => cell.Count!.Value));
                        if (low <= ends[first] && high >= ends[last + 1])
                            Assert.False(Small(inCells - inGroups, minimum));
                        if (isAllKnown && low >= ends[first] && high <= ends[last + 1])
                            Assert.False(Small(inGroups - inCells, minimum));
                    }
                }
            }
        }

        if (groups[^1].Sum is { } absent && !table.Beside.Contains(null))
            Assert.False(Small(table.Beside.Sum(count => count!.Value) - absent.Count, minimum));
    }

    // Two partitions told side by side share rows in each two of their parts, so that no combination of both is one of fewer rows.
    private static void Crossed((float Prediction, float Age, float Stage, double? Came)[] labelled, SubgroupSums<RegressionSums> told, int minimum)
    {
        if (told.Partitions.Any(groups => groups.All(group => group.Sum is null)))
            return;
        int PartOf(int partition, int group) => told.Partitions[partition][group].Sum is null ? -1 : group;
        var places = labelled.Select(row => SubgroupIndex.Of(s_study, [row.Age, row.Stage])).Select(of => (PartOf(0, of[0]), PartOf(1, of[1]))).ToArray();
        var (ages, stages) = (places.Select(place => place.Item1).Distinct().ToArray(), places.Select(place => place.Item2).Distinct().ToArray());
        Assert.Equal(ages.Length * stages.Length, places.Distinct().Count());
        Assert.All(places.GroupBy(place => place.Item1).Select(part => part.Count()).Concat(places.GroupBy(place => place.Item2).Select(part => part.Count())), rows => Assert.False(Small(rows, minimum)));
    }

    [Fact]
    public void Few_rows_without_an_outcome_keep_all_errors_in()
    {
        var rows = Enumerable.Range(0, 60).Select(i => (5f + (i % 7), 20f + i, 1f + (i % 3), i < 3 ? null : (double?)(i % 20))).ToList();

        Assert.Null(Window(Of(Reports.Monday, rows), 5).Outcomes!.Number!.Errors);
        Assert.Equal(57, Window(Of(Reports.Monday, rows), 3).Outcomes!.Number!.Errors!.Count);
    }

    [Fact]
    public void Errors_beside_use_of_other_rows_are_told_without_subgroups()
    {
        var rows = Enumerable.Range(0, 90).Select(i => (5f + (i % 7), 20f + (i % 60), 1f + (i % 3), (double?)(i % 20))).ToList();
        var (sum, later) = (Of(Reports.Monday, rows), Of(Reports.Monday, [.. rows, (4f, 50f, 1f, null)]));
        var usage = MonitoredUsage.Of(s_study, sum, 5);

        Assert.NotNull(MonitoredOutcomes.Of(s_study, usage, sum, 5, withAreas: false).Number!.Subgroups);
        var told = MonitoredOutcomes.Of(s_study, usage, later, 5, withAreas: false).Number!;
        Assert.Equal((90, null), (told.Errors!.Count, told.Subgroups));
    }

    [Fact]
    public void Report_reads_as_it_was_written_and_one_with_scores_is_refused() => Gen.Select(s_row.Array[0, 80], Gen.Int[1, 12]).Sample((rows, minimum) =>
    {
        var written = MonitoringReport.With(s_study, s_order, ReportSchedule.Daily, 30, [Window(Of(Reports.Monday, rows), minimum)], minimum).Write(s_study);
        Assert.Equal(written, MonitoringReport.Read(s_study, written).Write(s_study));
        Assert.True(MonitoringReport.Read(s_study, written).Fits(minimum));

        var text = Encoding.UTF8.GetString(written);
        if (text.Contains("\"outcomes\":{\"errors\"", StringComparison.Ordinal))
            Assert.Throws<FormatException>(() => MonitoringReport.Read(s_study, Encoding.UTF8.GetBytes(text.Replace("\"outcomes\":{\"errors\"", "\"outcomes\":{\"scores\"", StringComparison.Ordinal))));
    });

    [Fact]
    public void Figures_of_a_window_are_its_errors_and_the_change_of_the_mean_outcome()
    {
        var rows = Enumerable.Range(0, 40).Select(i => (10f, 50f, 1f, (double?)(i % 2 == 0 ? 8 : 14))).ToList();
        var window = Window(Of(Reports.Monday, rows), 5);
        var profile = ProfileReport.Of(s_study, [.. Enumerable.Range(0, 40).SelectMany(_ => new[] { 50.0, 1 })], [.. Enumerable.Repeat(9f, 40)], [], 5);

        var figures = WindowFigures.Of(s_study, window, profile, null);

        Assert.Equal(3, figures.Errors!.MeanAbsoluteError!.Value.Value, 6);
        Assert.Equal(1, figures.Errors.Bias!.Value.Value, 6);
        Assert.Equal(40, figures.Errors.Rows);
        Assert.Equal(2, figures.LabelChange!.Value, 6);
        Assert.Equal((null, null, null, null), (figures.Metrics, figures.Calibration, figures.Positives, figures.LabelP));
        Assert.Null(WindowFigures.Of(s_study, window, null, null).LabelChange);
        Assert.Equal(80, SiteMonitoring.PooledErrors([window, window])!.Count);
        Assert.Equal((80, 2), SiteMonitoring.SubgroupErrors([window, window])!.Partitions[0][1] is var pooled ? (pooled.Sum!.Count, pooled.Sites) : default);
    }

    [Fact]
    public void Subgroups_of_all_windows_are_those_of_all_their_rows_and_count_windows()
    {
        static (float, float, float, double?) Row(int i, double off) => (10, i % 2 == 0 ? 30 : 70, 1, i % 2 == 0 ? 12 : 10 + off);
        var windows = ((double[])[5, 7]).Select(off => Window(Of(Reports.Monday, Enumerable.Range(0, 40).Select(i => Row(i, off))), 5)).ToList();

        var tables = SiteMonitoring.ErrorTables(s_study, windows);

        Assert.Equal(["age", "stage"], tables.Select(table => table.Feature));
        Assert.Equal([(2, 40L), (2, 0), (2, 40), (2, 0)], tables[0].Subgroups.Select(group => (group.Sites, group.Metrics.Rows)));
        Assert.Equal((2, 6), (tables[0].Subgroups[0].Metrics.MeanAbsoluteError!.Value.Value, tables[0].Subgroups[2].Metrics.MeanAbsoluteError!.Value.Value));
        Assert.Equal((4, 2), (tables[0].MeanAbsoluteError!.Value.Value, tables[0].Sites));
        Assert.Equal(0, tables[0].BeyondChance(4));
        Assert.InRange(tables[0].BeyondChance(1), 2, 3);
        Assert.Empty(SiteMonitoring.Subgroups(s_study, [windows]));
        Assert.Empty(SiteMonitoring.ErrorTables(s_study, windows.Select(window => window with { Outcomes = null })));
        Assert.Empty(SiteMonitoring.ErrorTables(Reports.Study, [Reports.Window(Reports.Of(Reports.Monday, []), 5)]));
    }

    [Fact]
    public void Errors_of_another_studys_subgroups_make_no_tables()
    {
        var told = SiteMonitoring.SubgroupErrors([Window(Of(Reports.Monday, Enumerable.Range(0, 40).Select(_ => (10f, 50f, 1f, (double?)8))), 5)])!;

        Assert.Throws<FormatException>(() => ErrorTable.OfErrors(StudyText.Of("{name: age, unit: a, range: [0, 120], missing: mean}"), told));
    }

    private static DayReport Of(DateOnly day, IEnumerable<(float Prediction, float Age, float Stage, double? Came)> rows)
    {
        var report = new DayReport("heart", Reports.Version.Version, Reports.Version.Model, day, s_study, Reports.Basis);
        foreach (var row in rows)
        {
            report.CountAnswer(row.Prediction, float.IsNaN(row.Prediction) ? DayReport.MissingReason : null, TimeSpan.FromMilliseconds(1), [row.Age, row.Stage], [Reports.Scaled(row.Age)]);
            if (row.Came is { } came && !float.IsNaN(row.Prediction))
                report.CountOutcome(row.Prediction, came, SubgroupIndex.Of(s_study, [row.Age, row.Stage]));
        }

        return report;
    }

    private static DayReport Read(byte[] written) => DayReport.Read(written, Reports.Version.Model, s_study, Reports.Basis);

    private static MonitoredWindow Window(DayReport sum, int minimum)
    {
        var usage = MonitoredUsage.Of(s_study, sum, minimum);
        return new MonitoredWindow(ReportSchedule.Daily.WindowOf(sum.Day), usage, MonitoredOutcomes.Of(s_study, usage, sum, minimum, withAreas: true));
    }

    private static bool Small(long count, int minimum) => count > 0 && count < minimum;
}
