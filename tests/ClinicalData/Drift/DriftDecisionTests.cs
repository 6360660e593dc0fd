using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.ClinicalData.Drift;

public sealed class DriftDecisionTests
{
    private static readonly DriftMeasurement Clear = new(DriftTest.PopulationStability, "pulse", null, 1000, 500, 0.3, 0.05, 1e-6);

    [Fact]
    public void Alarm_needs_effect_null_quantile_and_q_together()
    {
        Assert.Equal(DriftVerdict.Alarm, Verdict(Clear));
        Assert.Equal(DriftVerdict.Alarm, Verdict(Clear with { Effect = 0.1 }));
        Assert.Equal(DriftVerdict.Stable, Verdict(Clear with { Effect = 0.0999 }));
        Assert.Equal(DriftVerdict.Stable, Verdict(Clear with { NullQuantile = 0.3 }));
        Assert.Equal(DriftVerdict.Stable, Verdict(Clear with { P = 0.031 })); // The first check may spend 0.0304.
        Assert.Equal(DriftVerdict.Alarm, Verdict(Clear with { P = 0.03 }));
    }

    [Fact]
    public void Q_is_over_all_assessable_tests_of_the_check()
    {
        var others = Enumerable.Range(0, 9).Select(i => new DriftMeasurement(DriftTest.Missingness, $"{i}", null, 1000, 500, 0.01, 0.1, 0.9));
        var unassessable = new DriftMeasurement(DriftTest.Missingness, "few", null, 1000, 99, 0.01, 0.1, 1e-9);
        var check = DriftDecision.Decide([Clear with { P = 0.0025 }, unassessable, .. others], new DriftOptions(), 1);
        Assert.Equal(0.025, check.Results[0].Q!.Value, 1e-12); // Times ten, not eleven.
        Assert.Null(check.Results[1].Q);
        Assert.Same(check.Results[0], Assert.Single(check.Alarms));
    }

    [Fact]
    public void Repeated_checks_need_more()
    {
        Assert.Equal(DriftVerdict.Alarm, Verdict(Clear with { P = 0.001 }, check: 5)); // 0.05 * 6 / (25 π²) is 0.0012.
        Assert.Equal(DriftVerdict.Stable, Verdict(Clear with { P = 0.001 }, check: 6));
    }

    [Fact]
    public void Too_few_rows_or_a_statistic_that_is_not_defined_is_not_assessable()
    {
        Assert.Equal(DriftVerdict.NotAssessable, Verdict(Clear with { CurrentRows = 99 }));
        Assert.Equal(DriftVerdict.NotAssessable, Verdict(Clear with { ReferenceRows = 99 }));
        Assert.Equal(DriftVerdict.NotAssessable, Verdict(Clear with { Effect = null, NullQuantile = null, P = null }));
        Assert.Equal(DriftVerdict.NotAssessable, Verdict(Clear with { P = null }));
        Assert.Equal(DriftVerdict.Stable, Verdict(Clear with { P = null, Effect = 0.01 }));
        Assert.Equal(DriftVerdict.Alarm, Verdict(Clear with { CurrentRows = 100, ReferenceRows = 100 }));
    }

    [Fact]
    public void Options_outside_of_their_ranges_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Verdict(Clear, options: new DriftOptions { Alpha = 0 }));
        Assert.Throws<ArgumentException>(() => Verdict(Clear, options: new DriftOptions { MinimumRows = 19 }));
        Assert.Throws<ArgumentException>(() => Verdict(Clear, options: new DriftOptions { Correlation = 0 }));
        Assert.Throws<ArgumentException>(() => Verdict(Clear, options: new DriftOptions { Psi = double.NaN }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Verdict(Clear, check: 0));
    }

    [Fact]
    public void Check_has_three_tests_of_each_feature_and_the_joint_ones()
    {
        var random = DeterministicRandom.Of("shape");
        var reference = Profile(SimulatedWard.Rows(400, random));
        var (values, labels) = SimulatedWard.Rows(200, random);
        var results = DriftComparison.Of(reference, values, labels, new DriftOptions(), 1, random).Results.Select(result => result.Measurement).ToList();
        Assert.Equal((20 * 3) + 1 + 15 + 1, results.Count);
        Assert.Equal(12, results.Count(result => result.Test == DriftTest.KolmogorovSmirnov));
        Assert.Equal(8, results.Count(result => result.Test == DriftTest.ChiSquare));
        Assert.Equal(15, results.Count(result => result is { Test: DriftTest.Correlation, OtherFeature: not null }));
    }

    [Fact]
    public void Rows_without_labels_leave_prevalence_not_assessable_and_the_rest_decided()
    {
        var random = DeterministicRandom.Of("labels");
        var reference = Profile(SimulatedWard.Rows(400, random));
        var (values, labels) = SimulatedWard.Rows(200, random);
        Array.Fill(labels, double.NaN);
        var results = DriftComparison.Of(reference, values, labels, new DriftOptions(), 1, random).Results;
        Assert.Equal(DriftVerdict.NotAssessable, results.Single(result => result.Measurement.Test == DriftTest.LabelPrevalence).Verdict);
        Assert.DoesNotContain(results, result => result.Verdict == DriftVerdict.NotAssessable && result.Measurement.Test == DriftTest.KolmogorovSmirnov);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Hardly_any_rows_are_not_assessable(int rows)
    {
        var random = DeterministicRandom.Of("few");
        var reference = Profile(SimulatedWard.Rows(400, random));
        var (values, labels) = SimulatedWard.Rows(rows, random);
        foreach (var profile in new[] { reference, Profile((values, labels)) })
        {
            var results = DriftComparison.Of(profile, values, labels, new DriftOptions(), 1, random).Results;
            Assert.All(results, result => Assert.Equal(DriftVerdict.NotAssessable, result.Verdict));
        }
    }

    [Fact]
    public void Same_seed_gives_the_same_check()
    {
        var reference = Profile(SimulatedWard.Rows(400, DeterministicRandom.Of("a")));
        var (values, labels) = SimulatedWard.Rows(200, DeterministicRandom.Of("b"));
        DriftCheck Check() => DriftComparison.Of(reference, values, labels, new DriftOptions(), 1, DeterministicRandom.Of("c"));
        Assert.Equal(Check().Results, Check().Results);
    }

    [Fact]
    public void Feature_that_is_constant_on_both_sides_is_stable_and_its_correlation_not_assessable()
    {
        var design = ProfileDesign.Of([ProfileFeature.Number("a", 0, 10), ProfileFeature.Number("b", 0, 10)], ["a", "b"], "seed");
        double[] values = [.. Enumerable.Range(0, 300).SelectMany(i => new[] { 5.0, i % 7 })];
        var labels = new double[300];
        var results = DriftComparison.Of(TrainingProfile.Of(design, values, labels), values, labels, new DriftOptions(), 1, DeterministicRandom.Of("x")).Results;
        Assert.All(results, result => Assert.Equal(
            result.Measurement.Test == DriftTest.Correlation ? DriftVerdict.NotAssessable : DriftVerdict.Stable, result.Verdict));
    }

    private static TrainingProfile Profile((double[] Values, double[] Labels) rows) => TrainingProfile.Of(SimulatedWard.Design, rows.Values, rows.Labels);

    private static DriftVerdict Verdict(DriftMeasurement measurement, int check = 1, DriftOptions? options = null) =>
        DriftDecision.Decide([measurement], options ?? new DriftOptions(), check).Results[0].Verdict;
}
