using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class ErrorTableTests
{
    private static readonly Gen<(double Outcome, double Prediction)[]> s_rows = Gen.Select(Gen.Double[0, 60], Gen.Double[0, 60]).Array[1, 30];

    [Fact]
    public void Gaps_are_what_the_rows_say() => Gen.Select(s_rows, s_rows, s_rows, Gen.Int[1, 12]).Sample((a, b, c, minimum) =>
    {
        (double Outcome, double Prediction)[][] groups = [a, b, c];
        var told = groups.Where(rows => rows.Length >= minimum).ToArray();

        var table = Table([.. groups.Select((rows, i) => ($"group {i}", Sums(rows).Suppress(minimum)))]);

        Is(told.Select(rows => rows.Average(row => Math.Abs(row.Outcome - row.Prediction))), table.MeanAbsoluteError);
        Is(told.Select(rows => rows.Average(row => row.Outcome - row.Prediction)), table.Bias);

        static void Is(IEnumerable<double> values, ErrorGap? gap)
        {
            var all = values.ToArray();
            Assert.Equal(all.Length < 2, gap is null);
            if (gap is not { } found)
                return;
            Assert.Equal(all.Length, found.Subgroups);
            Assert.Equal(all.Max() - all.Min(), found.Value, 1e-8);
        }
    });

    [Theory]
    [InlineData(2, 0.5, 0, 0)] // the intervals reach into each other: chance
    [InlineData(800, 0.5, 1.3, 1.5)] // errors of 1 and 3 by ± 1, whose standard error is 1/40
    [InlineData(800, 2.0, 0, 0)] // as far as is allowed
    [InlineData(800, null, 0, 0)]
    public void Beyond_chance_is_what_the_intervals_leave_above_what_is_allowed(int rows, double? allowed, double least, double most)
    {
        var table = Table(("a", Sums(Off(rows, 0, 2))), ("b", Sums(Off(rows, 2, 4))), ("c", null));

        Assert.InRange(table.BeyondChance(allowed), least, most);
    }

    [Fact]
    public void Withheld_subgroup_has_no_metrics_and_does_not_count()
    {
        var table = Table(("a", Sums(Off(5, 1, 2))), ("b", null));

        Assert.Equal(["a", "b"], table.Subgroups.Select(subgroup => subgroup.Name));
        Assert.Null(table.Subgroups[1].Metrics.MeanAbsoluteError);
        Assert.All(table.Gaps, gap => Assert.Null(gap.Gap));
        Assert.Null(table.ToJson()["subgroups"]![1]!["metrics"]);
        Assert.Equal(0, table.BeyondChance(0));
    }

    [Fact]
    public void Table_of_an_evaluation_has_the_study_s_subgroups_and_sites_and_that_of_scores_is_empty()
    {
        var study = NumberText.Of("{subgroups: [{feature: age, bands: [50]}]}");
        double[] ages = [.. Enumerable.Range(0, 40).Select(i => i < 20 ? 40.0 : 60.0)];
        // Outputs of 0 stand for 10 days: the young stay 11, the old 14.
        var report = EvaluationReport.Of(study, new double[40], [.. ages.Select(age => age < 50 ? 11f : 14f)], ages, 5);
        var withheld = EvaluationReport.Of(study, [0, 0], [11, 14], [40, 60], 5);

        var table = Assert.Single(ErrorTable.Of(study, EvaluationReport.Merge([report, withheld, report])));

        Assert.Equal(("age", 3), (table.Feature, table.Sites));
        Assert.Equal([("below 50", 2, 40L), ("50 and above", 2, 40L)], table.Subgroups.Select(group => (group.Name, group.Sites, group.Metrics.Rows)));
        Assert.Equal(3, table.MeanAbsoluteError!.Value.Value, 1e-9);
        Assert.Equal((3, "3 [3, 3]"), (Math.Round((double)table.ToJson()["gaps"]!["bias"]!["value"]!, 9), table.Bias!.Value.Words));
        Assert.Empty(ErrorTable.Of(study, null));
        Assert.Empty(SubgroupTable.Of(study, report));
        Assert.Empty(ErrorTable.Of(StudyText.Of("{name: age, range: [0, 120]}", evaluation: "{subgroups: [{feature: age, bands: [50]}]}"), report));
        Assert.Throws<FormatException>(() => ErrorTable.Of(study, EvaluationReport.OfNumber(new ErrorEvaluation(report.Number!.Errors))));
    }

    private static ErrorTable Table(params (string Name, RegressionSums? Errors)[] groups) =>
        ErrorTable.Of("group", 1, groups.Select(group => (group.Name, new SubgroupSum<RegressionSums>(group.Errors, group.Errors is null ? 0 : 1))));

    // Half of the rows are off by the one, half by the other.
    private static (double, double)[] Off(int rows, double one, double other) => [.. Enumerable.Range(0, 2 * rows).Select(row => (30.0, 30 + (row % 2 == 0 ? one : other)))];

    private static RegressionSums Sums((double Outcome, double Prediction)[] rows) => RegressionSums.Of(0, 60, [.. rows.Select(row => row.Outcome)], [.. rows.Select(row => row.Prediction)]);
}
