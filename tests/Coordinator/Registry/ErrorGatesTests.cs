using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;

namespace FederatedClinicalMl.Tests.Coordinator.Registry;

public sealed class ErrorGatesTests
{
    // Stays of 0 to 20 days, each 20 times; predictions are off by as much as is said, alternately up and down, and by the bias.
    private const int Rows = 21 * 20;

    [Fact]
    public void Good_model_passes_what_the_study_states_and_no_gate_of_scores_is_asked()
    {
        var report = ModelGates.Check(Facts("{per-site: true, error-gates: {greatest-error: 1.2}}", Report(1, 0), Sites(1, 2)), null);

        Assert.Equal(["r2", "mean-absolute-error", "bias", "sites"], report.Gates.Select(gate => gate.Name));
        Assert.True(report.Passed);
        Assert.Equal("0.973, lower end of the 95 % interval 0.973, pooled from sums; above 0.000 is needed.", report.Gates[0].Sentence); // 1 - 1/((21² - 1)/12)
        Assert.Equal("1 d, upper end of the 95 % interval 1, pooled from sums; below 1.2 is needed.", report.Gates[1].Sentence);
        Assert.StartsWith("north 0.973 (from 0.973), south 0.891 (from 0.890); the lower end of each 95 % interval above 0.000", report.Gates[3].Sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{baseline: 0.98}", 1.0, 0.0, "r2")]
    [InlineData("{greatest-error: 1}", 1.0, 0.0, "mean-absolute-error")] // the upper end has to be below
    [InlineData("{bias: 0.05}", 1.0, 0.31, "bias")] // the outcomes' standard deviation is the root of 110/3, 6.055
    [InlineData("{bias: 0.05}", 1.0, 0.3, null)]
    [InlineData("{bias: 0.05}", 1.0, -0.31, "bias")]
    public void Gate_does_not_pass_beyond_what_the_study_states(string gates, double off, double bias, string? fails) => Assert.Equal(
        fails is null ? [] : [fails], ModelGates.Check(Facts($"{{error-gates: {gates}}}", Report(off, bias)), null).Gates.Where(gate => !gate.Passed).Select(gate => gate.Name));

    [Fact]
    public void What_was_not_measured_has_not_passed()
    {
        const string All = "{per-site: true, subgroups: [{feature: age, bands: [50]}], error-gates: {greatest-error: 50, subgroup-gap: 50, bias: 1, baseline: -1}}";
        foreach (var nothing in (EvaluationReport?[])[null, Facts(All, null).Study is var study ? EvaluationReport.Of(study, [0], [10], [40], 5) : null])
        {
            var report = ModelGates.Check(Facts(All, nothing), Facts(All, nothing));

            Assert.Equal(["r2", "mean-absolute-error", "bias", "sites", "subgroup-gap", "production"], report.Gates.Select(gate => gate.Name));
            Assert.All(report.Gates, gate => Assert.False(gate.Passed));
        }
    }

    [Fact]
    public void Site_that_is_no_better_than_the_mean_does_not_pass_and_one_that_withholds_is_counted()
    {
        var sites = SiteMetrics.Merge([.. Sites(1, 8).Sites, (SiteId.Parse("west"), SiteMetricsReport.WithheldByPolicy)]);

        var gate = Gate("sites", "{per-site: true}", Report(1, 0), sites);

        Assert.False(gate.Passed); // 64 of 36.7 are not explained
        Assert.Matches(@"^north 0\.973 \(from 0\.973\), south -0\.745 \(from -0\.\d+\); 1 withheld theirs; the lower end", gate.Sentence);
    }

    [Theory]
    [InlineData(2.0, true)]
    [InlineData(1.9, false)]
    public void Subgroups_may_be_as_far_apart_as_the_study_states(double allowed, bool passes)
    {
        var evaluation = $"{{subgroups: [{{feature: age, bands: [50], names: [young, old]}}], error-gates: {{subgroup-gap: {allowed}}}}}";
        double[] ages = [.. Enumerable.Range(0, 40).Select(row => row < 20 ? 40.0 : 60.0)];
        var study = NumberText.Of(evaluation);
        // Outputs of 0 stand for 10 days: the young stay 9 or 11, the old 7 or 13.
        var report = EvaluationReport.Of(study, new double[40], [.. ages.Select((age, row) => 10f + ((row % 2 == 0 ? 1 : -1) * (age < 50 ? 1f : 3f)))], ages, 5);

        var gate = Gate("subgroup-gap", evaluation, report);

        Assert.Equal(passes, gate.Passed);
        Assert.Equal($"by age: mean absolute error 2 [2, 2] apart over 2 subgroups, at most {allowed} d is needed.", gate.Sentence);
    }

    [Fact]
    public void Production_goes_by_paired_errors_of_a_quorum_and_else_by_pooled_sums()
    {
        var (better, worse) = (PairedErrors.Of(Outcomes(), Predictions(1), Predictions(2))!, PairedErrors.Of(Outcomes(), Predictions(3), Predictions(2))!);
        var (candidate, production) = (Facts("{every: 1}", Report(1, 0)), Facts("{every: 1}", Report(2, 0)));

        var two = Check(Known(better, better));
        Assert.True(two.Passed);
        Assert.StartsWith("Mean absolute error differs from production's 2 by -1", two.Sentence, StringComparison.Ordinal);
        Assert.EndsWith("on the sites' own test rows in run 0123456789abcdef.", two.Sentence, StringComparison.Ordinal);
        Assert.False(Check(Known(worse, worse)).Passed); // whatever sums say
        var one = Check(Known(worse, null));
        Assert.True(one.Passed);
        Assert.EndsWith("pooled from sums, which do not tell how sites differ; in run 0123456789abcdef 1 of at least 2 sites told how the two compare on their own test rows.", one.Sentence, StringComparison.Ordinal);
        Assert.True(Check(null).Passed);
        Assert.False(ModelGates.Check(production, candidate).Gates.Single(gate => gate.Name == "production").Passed);
        Assert.False(ModelGates.Pooled(production, candidate).IsPassed);

        GateResult Check(KnownComparison? comparison) => ModelGates.Check(candidate, production, comparison).Gates.Single(gate => gate.Name == "production");
    }

    [Fact]
    public void Number_and_yes_or_no_have_no_metric_in_common()
    {
        var number = Facts("{every: 1}", Report(1, 0));
        var other = number with { Study = StudyText.Of("{name: age, range: [0, 120]}"), Evaluation = new EvaluationReport(ScoreHistogram.Of([-1, 1], [false, true])) };

        foreach (var (candidate, production) in ((ModelFacts, ModelFacts)[])[(number, other), (other, number)])
        {
            var gate = ModelGates.Check(candidate, production).Gates.Single(gate => gate.Name == "production");
            Assert.False(gate.Passed);
            Assert.Contains("predict different things", gate.Sentence, StringComparison.Ordinal);
        }
    }

    private static KnownComparison Known(params PairedErrors?[] errors) => new(
        RunId.Parse("0123456789abcdef"), SiteComparison.Merge(errors.Select((site, i) => (SiteId.Parse($"site-{i + 1}"), CorrelatedAreasReport.OfNumber(site, 5)))));

    private static GateResult Gate(string name, string evaluation, EvaluationReport? report, SiteMetrics? sites = null) => ModelGates.Check(Facts(evaluation, report, sites), null).Gates.Single(gate => gate.Name == name);

    private static ModelFacts Facts(string evaluation, EvaluationReport? report, SiteMetrics? sites = null) => NumberText.Of(evaluation) is var study
        ? new ModelFacts(new ModelEntry(default, "stay", RunId.Parse("0123456789abcdef"), study.Digest, DateTimeOffset.UnixEpoch, "1.0.0", [], default), study, report, sites)
        : throw new InvalidOperationException();

    private static SiteMetrics Sites(double north, double south) => SiteMetrics.Merge([
        (SiteId.Parse("north"), SiteMetricsReport.OfNumber(Sums(Predictions(north)))), (SiteId.Parse("south"), SiteMetricsReport.OfNumber(Sums(Predictions(south))))]);

    private static EvaluationReport Report(double off, double bias) => EvaluationReport.OfNumber(new ErrorEvaluation(Sums(Predictions(off, bias))));

    private static RegressionSums Sums(double[] predictions) => RegressionSums.Of(0, 60, Outcomes(), predictions);

    private static double[] Outcomes() => [.. Enumerable.Range(0, Rows).Select(row => (double)(row % 21))];

    private static double[] Predictions(double off, double bias = 0) => [.. Outcomes().Select((days, row) => days + (row / 21 % 2 == 0 ? off : -off) - bias)];
}
