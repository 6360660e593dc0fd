using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Releases;

/// <summary>What sites release of a study that predicts a number, and what comes of it.</summary>
public sealed class NumberReleaseTests
{
    private const string Features = """
        {name: age, unit: a, range: [0, 120], missing: mean, constants: {mean: 50, sd: 10}}
        {name: sex, type: category, levels: [0, 1], missing: no-level}
        """;

    private const string Subgroups = "subgroups: [{feature: sex, names: [women, men]}, {feature: age, bands: [45, 65]}]";

    private static readonly Study s_plain = Of("{every: 1, per-site: true}");
    private static readonly Study s_study = Of($"{{{Subgroups}}}");
    private static readonly Study s_yesOrNo = StudyText.Of(Features);
    private static readonly ComparedModel s_against = new(s_plain.Digest, Sha256Digest.Of([1]), Sha256Digest.Of([2]));

    // (network's output, outcome, age, sex)
    private static readonly Gen<(double Output, float Outcome, double Age, double Sex)[]> s_rows = Gen.Select(
        Gen.Double[-6, 6], Gen.Double[0, 40].Select(value => (float)value), Gen.Frequency((9, Gen.Double[0, 120]), (1, Gen.Const(double.NaN))), Gen.Frequency((9, Gen.Int[0, 1].Select(value => (double)value)), (1, Gen.Const(7.0)))).Array[0, 120];

    [Fact]
    public void Evaluations_of_sites_fit_add_up_in_any_order_and_read_back() => Gen.Select(s_rows, s_rows, s_rows, Gen.Int[1, 8]).Sample((a, b, c, minimum) =>
    {
        EvaluationReport[] sites = [Report(a), Report(b), Report(c)];
        Assert.All(sites, site => Assert.True(EvaluationReport.Read(site.Write()).Fits(s_study, minimum)));
        Assert.All(sites, site => Assert.Null(site.Histogram));

        var merged = EvaluationReport.Merge(sites);
        Assert.Equal(merged.Write(), EvaluationReport.Merge(sites.Reverse()).Write());
        Assert.Equal(merged.Write(), EvaluationReport.Read(merged.Write()).Write());
        Assert.Equal(sites.Sum(site => site.Number!.Metrics.Rows), merged.Number!.Metrics.Rows);
        Assert.Equal(3, merged.Number.Subgroups!.Sites);

        EvaluationReport Report((double Output, float Outcome, double Age, double Sex)[] rows) => EvaluationReport.Of(
            s_study, [.. rows.Select(row => row.Output)], [.. rows.Select(row => row.Outcome)], [.. rows.SelectMany(row => new[] { row.Age, row.Sex })], minimum);
    });

    [Fact]
    public void Evaluation_is_of_predictions_in_the_outcomes_unit_and_range()
    {
        // Of the range [0, 40] without constants the output 0 is 20, and 1 is 10 more; what is beyond the range counts as its end.
        var metrics = EvaluationReport.Of(s_plain, [0, 1, 9, -9], [18, 30, 40, 3], [.. Enumerable.Repeat(50.0, 8)], 1).Number!.Metrics;

        Assert.Equal(4, metrics.Rows);
        Assert.Equal((2 + 0 + 0 + 3) / 4.0, metrics.MeanAbsoluteError!.Value.Value, 1e-9);
        Assert.Equal((-2 + 3) / 4.0, metrics.Bias!.Value.Value, 1e-9);
    }

    [Fact]
    public void Evaluation_of_the_other_kind_of_a_smaller_minimum_or_of_another_range_does_not_fit()
    {
        var report = EvaluationReport.Of(s_plain, [0, 1, 0, 1], [18, 30, 20, 29], [.. Enumerable.Repeat(50.0, 8)], 4);
        var scores = EvaluationReport.Of(s_yesOrNo, [-1, 1], [0, 1], [40, 0, 50, 1], 1);
        var wider = StudyText.Of(Features, "{kind: linear-regression}", label: "{name: stay, range: [0, 41], unit: d}");

        Assert.True(report.Fits(s_plain, 4));
        Assert.False(report.Fits(s_plain, 5));
        Assert.False(report.Fits(s_study, 4)); // whose releases have subgroups
        Assert.False(report.Fits(wider, 4));
        Assert.False(report.Fits(s_yesOrNo, 1));
        Assert.False(scores.Fits(s_plain, 1));
        Assert.Throws<ArgumentException>(() => EvaluationReport.Merge([report, scores]));
    }

    [Fact]
    public void Withheld_errors_are_withheld_and_do_not_count()
    {
        var (few, many) = (EvaluationReport.Of(s_plain, [0], [18], [50, 0], 5), EvaluationReport.Of(s_plain, [0, 0, 0, 0, 0], [1, 2, 3, 4, 5], [.. Enumerable.Repeat(50.0, 10)], 5));

        Assert.Equal("""{"errors":null}""", Encoding.UTF8.GetString(few.Write()));
        Assert.Null(few.Quality);
        Assert.Equal(5, EvaluationReport.Merge([few, many, few]).Number!.Metrics.Rows);
    }

    [Fact]
    public void Site_tells_errors_of_its_own_or_that_they_are_too_few()
    {
        var told = SiteMetricsReport.OfNumber(RegressionSums.Of(0, 40, [1, 2, 3, 4, 5], [2, 2, 2, 2, 2]).Suppress(5));
        var few = SiteMetricsReport.OfNumber(RegressionSums.Of(0, 40, [1, 2], [2, 2]).Suppress(5));

        Assert.Equal(told.Write(), SiteMetricsReport.Read(told.Write()).Write());
        Assert.True(told.Fits(s_plain) && told.Fits(5));
        Assert.False(told.Fits(6) || told.Fits(0) || told.Fits(s_yesOrNo));
        Assert.Equal((Withholding.TooFew, null), (few.Withheld, few.Errors));
        Assert.True(few.Fits(s_plain) && few.Fits(5));
        Assert.False(SiteMetricsReport.Of(ScoreHistogram.Of([-1, 1], [false, true]), 1).Fits(s_plain));
    }

    [Fact]
    public void Sites_paired_errors_decide_whether_a_candidate_is_not_worse()
    {
        var random = DeterministicRandom.Of("paired-errors");
        var (equal, worse) = (Comparison(0), Comparison(4));

        Assert.Equal(equal.Write(), SiteComparison.Read(equal.Write()).Write());
        Assert.Equal(4, equal.Differences.Count);
        Assert.True(equal.NotWorse(0.2).IsPassed, equal.NotWorse(0.2).Words);
        Assert.False(worse.NotWorse(0.2).IsPassed, worse.NotWorse(0.2).Words);
        Assert.Contains("Mean absolute error differs from production's", worse.NotWorse(0.2).Words, StringComparison.Ordinal);

        SiteComparison Comparison(double more) => SiteComparison.Merge(Enumerable.Range(0, 4).Select(site =>
        {
            double[] outcomes = [.. Enumerable.Range(0, 200).Select(_ => 40 * random.NextDouble())];
            double[] production = [.. outcomes.Select(outcome => outcome + (6 * (random.NextDouble() - 0.5)))];
            double[] candidate = [.. outcomes.Select(outcome => outcome + ((6 + more) * (random.NextDouble() - 0.5)))];
            return (SiteId.Parse($"site-{site}"), CorrelatedAreasReport.OfNumber(PairedErrors.Of(outcomes, candidate, production), 5));
        }));
    }

    [Fact]
    public void Comparison_with_itself_is_no_certainty_and_of_few_rows_is_withheld()
    {
        double[] outcomes = [1, 2, 3, 4], predictions = [1, 1, 1, 1];
        var report = CorrelatedAreasReport.OfNumber(PairedErrors.Of(outcomes, predictions, predictions), 4);

        Assert.Equal(0, report.Errors!.Difference.Value);
        Assert.Equal(Math.Pow(1.5 / 6, 2), report.Errors.Difference.Variance, 1e-12);
        Assert.Equal(Withholding.TooFew, CorrelatedAreasReport.OfNumber(PairedErrors.Of(outcomes, predictions, predictions), 5).Withheld);
        Assert.Equal(Withholding.TooFew, CorrelatedAreasReport.OfNumber(PairedErrors.Of([1], [1], [1]), 1).Withheld);
        var release = new ComparisonReport(s_against, report);
        Assert.True(ComparisonReport.Read(release.Write()) is var read && read.Fits(s_plain) && read.Fits(4));
        Assert.False(release.Fits(5) || release.Fits(s_yesOrNo));
    }

    [Theory]
    [InlineData("candidate", "-1")]
    [InlineData("variance", "-1")]
    [InlineData("rows", "1")]
    [InlineData("more", "1")]
    public void Errors_that_no_rows_can_have_are_refused(string field, string value)
    {
        var json = new PairedErrors(5, 1, 2, 0.1).ToJson();
        json[field] = JsonNode.Parse(value);
        Assert.Throws<FormatException>(() => PairedErrors.Read(json, "errors"));
    }

    [Fact]
    public void Pooled_errors_decide_at_their_worst_ends_and_only_of_the_same_rows()
    {
        var random = DeterministicRandom.Of("pooled-errors");
        double[] outcomes = [.. Enumerable.Range(0, 5000).Select(_ => 40 * random.NextDouble())];
        RegressionSums Off(double by) => RegressionSums.Of(0, 40, outcomes, [.. outcomes.Select(outcome => outcome + by)]);

        Assert.True(GateDecision.NoGreaterError(Off(1.01), Off(1), 0.05).IsPassed);
        Assert.False(GateDecision.NoGreaterError(Off(1.1), Off(1), 0.05).IsPassed);
        Assert.False(GateDecision.NoGreaterError(null, Off(1), 0.05).IsPassed);
        Assert.Contains("different rows", GateDecision.NoGreaterError(Off(1), RegressionSums.Of(0, 40, outcomes.AsSpan(1), outcomes.AsSpan(1)), 0.05).Words, StringComparison.Ordinal);
        Assert.False(GateDecision.NoGreaterError([], 0.05).IsPassed);
    }

    [Fact]
    public void Profile_tells_the_outcomes_moments_and_histogram_and_table_one_their_mean()
    {
        float[] outcomes = [.. Enumerable.Range(0, 40).Select(i => (float)i)];
        double[] values = [.. Enumerable.Range(0, 40).SelectMany(i => new[] { 40.0 + i, i % 2 })];
        var report = ProfileReport.Of(s_plain, values, outcomes, [], 5);

        Assert.Null(report.Outcome);
        Assert.Equal((40, 19.5), (report.Outcomes!.Moments!.Count, report.Outcomes.Moments.Mean));
        Assert.True(report.Fits(5));
        Assert.Equal(report.Write(s_plain), ProfileReport.Read(s_plain, report.Write(s_plain)).Write(s_plain));
        Assert.Throws<FormatException>(() => ProfileReport.Read(s_yesOrNo, report.Write(s_plain)));
        var table = TableOne.Of(s_plain, StudyProfile.Merge([(SiteId.Parse("north"), report), (SiteId.Parse("south"), report)]));
        Assert.Contains(table.Rows, row => row[0] == "stay (d), mean (sd)" && row[^1].StartsWith("19.5 (", StringComparison.Ordinal));
        Assert.Contains(table.Rows, row => row is ["rows", "40", "40", "80"]);

        var few = ProfileReport.Of(s_plain, values.AsSpan(0, 6), outcomes.AsSpan(0, 3), [], 5);
        Assert.Null(few.Outcomes!.Moments);
        Assert.Null(few.Rows);
        var withFew = TableOne.Of(s_plain, StudyProfile.Merge([(SiteId.Parse("north"), report), (SiteId.Parse("south"), few)]));
        Assert.Contains(withFew.Rows, row => row is ["rows", "40", "withheld", "withheld"]);
        Assert.Contains(withFew.Rows, row => row[0] == "stay (d), mean (sd)" && row[^1].EndsWith("(without south)", StringComparison.Ordinal));
    }

    [Fact]
    public void Models_that_count_otherwise_are_compared_and_those_of_another_range_are_not()
    {
        Study Labelled(string more, string range = "[0, 40]") => StudyText.Of(Features, "{kind: linear-regression}", label: $"{{name: stay, range: {range}, unit: d{more}}}");

        Assert.Null(Comparability.WhyNot(Labelled(""), Labelled(", constants: {mean: 5, sd: 2}")));
        Assert.Contains("data.label", Comparability.WhyNot(Labelled(""), Labelled("", "[0, 41]")), StringComparison.Ordinal);
        Assert.Contains("data.label", Comparability.WhyNot(Labelled(""), s_yesOrNo), StringComparison.Ordinal);
    }

    private static Study Of(string evaluation) => StudyText.Of(Features, "{kind: linear-regression}", evaluation: evaluation, label: "{name: stay, range: [0, 40], unit: d}");
}
