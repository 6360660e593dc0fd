using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class SubgroupTableTests
{
    private static readonly Gen<(double Logit, bool Label)[]> s_rows = Gen.Select(Gen.OneOf(Gen.Double[-9, 9], Gen.Int[-3, 3].Select(value => value / 2.0)), Gen.Bool).Array[4, 60];

    [Fact]
    public void Gaps_hold_what_the_rows_say() => Gen.Select(s_rows, s_rows, s_rows, Gen.Int[1, 8], Gen.Int[-300, 300].Select(value => (value / 100.0) + 0.003)).Sample((a, b, c, minimum, at) =>
    {
        (double Logit, bool Label)[][] groups = [a, b, c];
        var histograms = SubgroupSuppression.Suppress([.. groups.Select(Histogram)], minimum).Groups;
        var threshold = 1 / (1 + Math.Exp(-at));
        var table = Table(threshold, [.. histograms.Select((histogram, i) => ($"group {i}", histogram))]);
        var told = groups.Where((_, i) => histograms[i] is not null).ToArray();

        Holds(table.Auroc, told.Where(rows => rows.Any(row => row.Label) && rows.Any(row => !row.Label)).Select(Area));
        Holds(table.EqualOpportunity[0], told.Where(rows => rows.Any(row => row.Label)).Select(rows => rows.Where(row => row.Label).Average(Positive)));
        Holds(table.DemographicParity[0], told.Select(rows => rows.Average(Positive)));
        Holds(table.CalibrationInTheLarge, told.Select(rows => rows.Average(row => (row.Label ? 1 : 0) - (1 / (1 + Math.Exp(-row.Logit))))));

        double Positive((double Logit, bool Label) row) => row.Logit >= at ? 1 : 0;

        static double Area((double Logit, bool Label)[] rows) => rows.Where(row => row.Label).Average(p =>
            rows.Where(row => !row.Label).Average(n => p.Logit > n.Logit ? 1 : p.Logit == n.Logit ? 0.5 : 0));

        static void Holds(Gap? gap, IEnumerable<double> values)
        {
            if (gap is { } of)
                Assert.True(of.Low <= of.Least + 1e-9 && of.Most <= of.High + 1e-9, $"{of}");
            var all = values.ToArray();
            Assert.Equal(all.Length < 2, gap is null);
            if (gap is not { } found)
                return;
            Assert.Equal(all.Length, found.Subgroups);
            Assert.InRange(all.Max() - all.Min(), found.Least - 1e-8, found.Most + 1e-8);
        }
    });

    [Fact]
    public void Gaps_of_exact_counts_are_Hardt_s_and_Calders_differences()
    {
        // Of 10 women in need 8 are found and of 20 men 10; of 40 women 12 are called positive and of 50 men 25.
        var table = Table(
            0.5,
            ("women", Histogram([.. Rows(8, 1, true), .. Rows(2, -1, true), .. Rows(4, 1, false), .. Rows(26, -1, false)])),
            ("men", Histogram([.. Rows(10, 1, true), .. Rows(10, -1, true), .. Rows(15, 1, false), .. Rows(15, -1, false)])));
        Near(0.3, table.EqualOpportunity[0]);
        Near(0.2, table.DemographicParity[0]);
        // By hand: of 300 pairs of women 8 · 26 are ordered, and 8 · 4 + 2 · 26 tied; of 600 of men 10 · 15, and 10 · 15 + 10 · 15. Areas by ties: 0.5 + 0.5 · (sensitivity + specificity - 1).
        Assert.Equal(0.5 + (0.5 * ((8 / 10.0) + (26 / 30.0) - 1)), table.Subgroups[0].Metrics.Auroc!.Value, 1e-12);
        Assert.Equal(0.5 + (0.5 * ((10 / 20.0) + (15 / 30.0) - 1)), table.Subgroups[1].Metrics.Auroc!.Value, 1e-12);
        Assert.Equal(8 / 12.0, table.Subgroups[0].At[0].PositivePredictiveValue!.Value.Value!.Value, 1e-12);
        Assert.Equal(15 / 30.0, table.Subgroups[1].At[0].Specificity!.Value.Value!.Value, 1e-12);

        static void Near(double expected, Gap? gap)
        {
            Assert.Equal(expected, gap!.Value.Least, 1e-12);
            Assert.Equal(expected, gap.Value.Most, 1e-12);
            Assert.Equal(2, gap.Value.Subgroups);
        }
    }

    [Theory]
    [InlineData(2, 0.3, null, null, 0, 0)] // the intervals reach into each other: chance
    [InlineData(200, 0.1, null, null, 0.35, 0.4)]
    [InlineData(200, null, 0.1, null, 0.35, 0.4)]
    [InlineData(200, null, null, 0.05, 0.08, 0.15)]
    [InlineData(200, 0.5, 0.5, 0.5, 0, 0)] // as far as is allowed
    [InlineData(200, null, null, null, 0, 0)]
    public void Beyond_chance_is_what_the_intervals_leave_above_what_is_allowed(int rows, double? auroc, double? opportunity, double? large, double least, double most)
    {
        // Areas of 1 and 0.5, the latter within a 40th of ties; sensitivities of 1 and 0.5.
        var levels = Enumerable.Range(-10, 20).Select(level => (level + 0.5) / 4).ToArray();
        var table = Table(
            0.5,
            ("a", Histogram([.. Rows(10 * rows, 1.1, true), .. Rows(10 * rows, -1.1, false)])),
            ("b", Histogram([.. levels.SelectMany(level => (IEnumerable<(double, bool)>)[.. Rows(rows, level, true), .. Rows(rows / 2, level, false)])])),
            ("c", null));

        Assert.InRange(table.BeyondChance(new StudySubgroupGap(auroc, opportunity, large)), least, most);
    }

    [Fact]
    public void Withheld_subgroup_has_no_metrics_and_does_not_count()
    {
        var table = Table(0.5, ("a", Histogram([.. Rows(5, 1, true), .. Rows(5, -1, false)])), ("b", null));
        Assert.Equal(["a", "b"], table.Subgroups.Select(subgroup => subgroup.Name));
        Assert.Empty(table.Subgroups[1].At);
        Assert.Null(table.Subgroups[1].Metrics.Auroc);
        Assert.All((Gap?[])[table.Auroc, table.EqualOpportunity[0], table.DemographicParity[0], table.CalibrationInTheLarge], gap => Assert.Null(gap));
    }

    [Fact]
    public void Table_of_an_evaluation_has_the_study_s_subgroups_points_and_sites()
    {
        var study = StudyText.Of(
            "{name: age, range: [0, 120]}",
            evaluation: "{subgroups: [{feature: age, bands: [50]}], operating-points: [{name: low, threshold: 0.25, indicator: info}, {name: high, threshold: 0.5, indicator: warning}]}");
        double[] ages = [.. Enumerable.Range(0, 40).Select(i => i < 20 ? 40.0 : 60.0)];
        var report = EvaluationReport.Of(study, [.. ages.Select((_, i) => i % 4 - 1.5)], [.. ages.Select((_, i) => i % 4 > 1 ? 1f : 0)], ages, 5);
        var withheld = EvaluationReport.Of(study, [1, 1], [1, 0], [40, 60], 5);

        var table = Assert.Single(SubgroupTable.Of(study, EvaluationReport.Merge([report, withheld, report])));

        Assert.Equal(("age", 3), (table.Feature, table.Sites));
        Assert.Equal([("low (0.25)", 0.25), ("high (0.5)", 0.5)], table.Thresholds.Select(threshold => (threshold.Name, threshold.Threshold)));
        Assert.Equal(["AUROC", "equal opportunity at low (0.25)", "equal opportunity at high (0.5)", "demographic parity at low (0.25)", "demographic parity at high (0.5)", "calibration in the large"], table.Gaps.Select(gap => gap.Measure));
        Assert.Equal(0, (double)table.ToJson()["gaps"]!["AUROC"]!["least"]!);
        Assert.Equal([("below 50", 2, 20L), ("50 and above", 2, 20L)], table.Subgroups.Select(group => (group.Name, group.Sites, group.Metrics.Positives)));
        Assert.Equal([2, 2], table.Subgroups.Select(group => group.At.Length));
        Assert.Empty(SubgroupTable.Of(study, null));
        Assert.Throws<FormatException>(() => SubgroupTable.Of(study, new EvaluationReport(report.Histogram)));
    }

    private static SubgroupTable Table(double threshold, params (string Name, ScoreHistogram? Scores)[] groups) =>
        SubgroupTable.Of("group", 1, groups.Select(group => (group.Name, new SubgroupSum<ScoreHistogram>(group.Scores, group.Scores is null ? 0 : 1))), [new NamedThreshold("t", threshold)]);

    private static (double, bool)[] Rows(int count, double logit, bool label) => [.. Enumerable.Repeat((logit, label), count)];

    private static ScoreHistogram Histogram((double Logit, bool Label)[] rows) => ScoreHistogram.Of([.. rows.Select(row => row.Logit)], [.. rows.Select(row => row.Label)]);
}
