using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;

namespace FederatedClinicalMl.Tests.Coordinator.Registry;

/// <summary>The gates of a study that predicts a probability; those of its subgroups are in <see cref="SubgroupGateTests"/>.</summary>
public sealed class ModelGatesTests
{
    private const string Lenient = "baseline: 0.5, least-slope: 0.1, greatest-slope: 9, in-the-large: 0.9, ece: 0.9";

    [Fact]
    public void Calibrated_model_passes_and_each_gate_says_what_it_was_held_against()
    {
        var report = Check("{per-site: true, gates: {baseline: 0.7, least-slope: 0.9, greatest-slope: 1.1, in-the-large: 0.02, ece: 0.02}}", Scores(1, 0), Sites(Scores(1, 0), Scores(1, 0)));

        Assert.Equal(["auroc", "calibration-slope", "calibration-in-the-large", "ece", "sites"], report.Gates.Select(gate => gate.Name));
        Assert.True(report.Passed, string.Join('\n', report.Gates.Select(gate => gate.Sentence)));
        Assert.EndsWith("above 0.700 is needed.", report.Gates[0].Sentence, StringComparison.Ordinal);
        Assert.Matches(@"^(0\.9|1\.0)\d\d \[0\.9\d\d, 1\.0\d\d\], pooled from sums; from 0\.90 to 1\.10 is needed\.$", report.Gates[1].Sentence);
    }

    [Theory]
    [InlineData("baseline: 0.855", 1, 0, "auroc")] // the area is 0.860, and the lower end of its interval, which knows nothing of order within a bin, is not above
    [InlineData("baseline: 0.80", 1, 0, null)]
    [InlineData("least-slope: 0.9", 0.5, 0, "calibration-slope")] // chances are half as far apart as was said
    [InlineData("greatest-slope: 1.1", 2, 0, "calibration-slope")]
    [InlineData("greatest-slope: 1.1", 1, 0, null)]
    [InlineData("intercept: 0.2", 1, 0.1, null)]
    [InlineData("intercept: 0.2", 1, -0.3, "calibration-intercept")]
    [InlineData("in-the-large: 0.1", 1, 1, "calibration-in-the-large")] // more come about than was said
    [InlineData("in-the-large: 0.1", 1, -1, "calibration-in-the-large")]
    [InlineData("in-the-large: 0.1", 1, 0.3, null)]
    [InlineData("ece: 0.05", 3, 0, "ece")] // right on the whole, and wrong at either end
    [InlineData("ece: 0.05", 1, 0, null)]
    public void Gate_does_not_pass_beyond_what_the_study_states(string gate, double slope, double intercept, string? fails)
    {
        var key = gate[..gate.IndexOf(':', StringComparison.Ordinal)];
        var gates = string.Join(", ", Lenient.Split(", ").Where(item => !item.StartsWith(key + ":", StringComparison.Ordinal)).Append(gate));

        Assert.Equal(fails is null ? [] : [fails], Check($"{{gates: {{{gates}}}}}", Scores(slope, intercept)).Gates.Where(one => !one.Passed).Select(one => one.Name));
    }

    [Fact]
    public void What_was_not_measured_has_not_passed()
    {
        foreach (var nothing in new[] { null, ScoreHistogram.Of([0, 1], [true, true]) })
        {
            var report = Check($"{{per-site: true, gates: {{{Lenient}}}}}", nothing);

            Assert.Equal(["auroc", "calibration-slope", "calibration-in-the-large", "ece", "sites"], report.Gates.Select(gate => gate.Name));
            Assert.All(report.Gates.Where(gate => gate.Name is not ("calibration-in-the-large" or "ece") || nothing is null), gate => Assert.False(gate.Passed, gate.Sentence));
        }
    }

    [Fact]
    public void Site_whose_few_rows_do_not_tell_that_it_is_above_the_baseline_does_not_pass()
    {
        var few = Scores(1, 0, rows: 4);
        var gate = Sites("0.8", few, Scores(1, 0));

        Assert.True(ClassifierMetrics.Of(few).Auroc > 0.8);
        Assert.False(gate.Passed);
        Assert.Matches(@"^north 0\.\d+ \(from 0\.\d+\), south 0\.\d+ \(from 0\.\d+\); the lower end of each 95 % interval above 0\.800 is needed\.$", gate.Sentence);
        Assert.True(Sites("0.8", Scores(1, 0), Scores(1, 0)).Passed);
    }

    [Theory]
    [InlineData(2, 3, "pooled from sums")] // of two sites t has one degree of freedom
    [InlineData(3, 3, "random effects over 3 sites, I² =")]
    [InlineData(3, 5, ", of 5 that took part;")]
    [InlineData(3, 6, "pooled from sums")] // those that tell are no more than those that do not
    public void Area_is_the_mean_over_sites_where_enough_tell_their_own(int tell, int of, string basis)
    {
        var scores = Rows(1, 0, 40);
        var sites = SiteMetrics.Merge(Enumerable.Range(0, of).Select(at => (SiteId.Parse($"site-{at}"), at < tell ? Exact(scores) : SiteMetricsReport.Of(Histogram(scores), 5))));
        var gates = Check("{per-site: true, gates: {baseline: 0.8}}", Histogram(scores), sites).Gates;

        Assert.Contains(basis, gates.Single(gate => gate.Name == "auroc").Sentence);
        Assert.All(gates.Where(gate => gate.Name is "auroc" or "sites"), gate => Assert.True(gate.Passed, gate.Sentence));
        Assert.All(sites.Sites.Take(tell), site => Assert.True(site.Report.Area!.Value.Low > site.Report.Metrics!.AurocInterval!.Value.Low)); // DeLong's knows the order within a bin
    }

    [Fact]
    public void Site_that_is_worse_than_the_others_widens_the_interval_that_the_gate_goes_by()
    {
        SiteMetrics Of(params double[] slopes) => SiteMetrics.Merge(slopes.Select((slope, at) => (SiteId.Parse($"site-{at}"), Exact(Rows(slope, 0, 40)))));
        string Sentence(SiteMetrics sites) => Check("{gates: {baseline: 0.7}}", Scores(1, 0), sites).Gates.Single(gate => gate.Name == "auroc") is var gate && gate.Passed ? "passed" : gate.Sentence;

        Assert.Equal("passed", Sentence(Of(1, 1, 1)));
        Assert.Contains("I² = 9", Sentence(Of(1, 1, 0.1))); // it differs between sites by more than rows do: of one more site nothing can be said
    }

    [Fact]
    public void Sites_that_tell_do_not_speak_for_as_many_that_withhold_by_their_policy_and_do_for_those_with_too_few_rows()
    {
        var gate = Sites("0.5", Scores(1, 0), null);

        Assert.False(gate.Passed);
        Assert.Equal("1 of 2 sites have released metrics of their own; more have to than withhold them by their policy.", gate.Sentence);
        Assert.False(Sites("0.5").Passed);
        Assert.True(Sites("0.5", Scores(1, 0), Scores(1, 0, rows: 0)).Passed);
    }

    private static GateResult Sites(string baseline, params ScoreHistogram?[] sites) =>
        Check($"{{per-site: true, gates: {{baseline: {baseline}}}}}", Scores(1, 0), Sites(sites)).Gates.Single(gate => gate.Name == "sites");

    private static SiteMetrics Sites(params ScoreHistogram?[] sites) =>
        SiteMetrics.Merge(sites.Select((site, i) => (SiteId.Parse(i == 0 ? "north" : "south"), site is null ? SiteMetricsReport.WithheldByPolicy : SiteMetricsReport.Of(site, 5))));

    private static GateReport Check(string evaluation, ScoreHistogram? scores, SiteMetrics? sites = null)
    {
        var study = StudyText.Of("{name: age, range: [0, 120]}", evaluation: evaluation);
        var entry = new ModelEntry(default, "test", RunId.Parse("0123456789abcdef"), study.Digest, DateTimeOffset.UnixEpoch, "1.0.0", [], default);
        return ModelGates.Check(new ModelFacts(entry, study, scores is null ? null : new EvaluationReport(scores), sites), null);
    }

    private static SiteMetricsReport Exact((double Logit, bool Label)[] rows) =>
        SiteMetricsReport.Of(Histogram(rows), 5, CorrelatedAreas.Of([[.. rows.Select(row => row.Logit)]], [.. rows.Select(row => row.Label)]));

    private static ScoreHistogram Histogram((double Logit, bool Label)[] rows) => ScoreHistogram.Of([.. rows.Select(row => row.Logit)], [.. rows.Select(row => row.Label)]);

    private static ScoreHistogram Scores(double slope, double intercept, int rows = 400) => Histogram(Rows(slope, intercept, rows));

    // Logits from -3 to 3; the chance that the outcome is positive has the logit intercept + slope · logit.
    private static (double Logit, bool Label)[] Rows(double slope, double intercept, int rows)
    {
        var all = new List<(double Logit, bool Label)>();
        for (var logit = -2.875; logit < 3; logit += 0.25)
        {
            var positives = (int)Math.Round(rows / (1 + Math.Exp(-intercept - (slope * logit))));
            for (var row = 0; row < rows; row++)
                all.Add((logit, row < positives));
        }

        return [.. all];
    }
}
