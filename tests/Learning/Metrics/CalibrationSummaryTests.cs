using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class CalibrationSummaryTests
{
    private static readonly Gen<(double Logit, bool Label)[]> s_rows = Gen.Select(Gen.Double[-9, 9], Gen.Bool).Array[2, 120];

    [Fact]
    public void Expected_error_of_TorchMetrics_example_is_its_own()
    {
        // TorchMetrics' documentation of BinaryCalibrationError, two bins that meet at 0.5: 0.29. All errors of a side have one sign, so that finer bins change nothing.
        var histogram = Histogram([.. new[] { (0.25, false), (0.25, false), (0.55, true), (0.75, true), (0.75, true) }.Select(row => (Logit(row.Item1), row.Item2))]);
        Assert.Equal(0.29, CalibrationSummary.Of(histogram)!.ExpectedError, 1e-8);
        Assert.Equal(0.29, CalibrationSummary.Of(histogram.Suppress(2)!)!.ExpectedError, 1e-8);
    }

    [Fact]
    public void Expected_error_is_its_definition_over_the_grid_and_merging_never_makes_it_greater() => Gen.Select(s_rows, s_rows, Gen.Int[1, 12]).Sample((a, b, minimum) =>
    {
        var rows = a.Concat(b).ToArray();
        var exact = rows.GroupBy(row => ScoreHistogram.BinOf(row.Logit, ScoreHistogram.GridBins))
            .Sum(bin => Math.Abs(bin.Average(row => row.Label ? 1.0 : 0) - bin.Average(row => Probability(row.Logit))) * bin.Count() / rows.Length);
        var fine = CalibrationSummary.Of(Histogram(a).Merge(Histogram(b)))!;
        Assert.Equal(exact, fine.ExpectedError, 1e-8);
        if (Histogram(rows).Suppress(minimum) is { } merged)
            Assert.True(CalibrationSummary.Of(merged)!.ExpectedError <= exact + 1e-8);
    });

    [Fact]
    public void In_the_large_is_the_mean_residual_with_its_interval_whatever_the_bins() => Gen.Select(s_rows, s_rows, Gen.Int[1, 12]).Sample((a, b, minimum) =>
    {
        if (Histogram(a).Suppress(minimum) is not { } left || Histogram(b).Suppress(minimum) is not { } right)
            return;
        var residuals = a.Concat(b).Select(row => (row.Label ? 1 : 0) - Probability(row.Logit)).ToArray();
        var mean = residuals.Average();
        var error = Math.Sqrt(residuals.Sum(residual => (residual - mean) * (residual - mean)) / (residuals.Length - 1) / residuals.Length);
        var found = CalibrationSummary.Of(left.Merge(right))!.InTheLarge!.Value;
        Assert.Equal(mean, found.Value, 1e-8);
        Assert.Equal(Math.Max(-1, mean - (1.959963984540054 * error)), found.Low, 1e-6);
        Assert.Equal(Math.Min(1, mean + (1.959963984540054 * error)), found.High, 1e-6);
    });

    [Fact]
    public void Of_no_rows_is_undefined_and_of_one_has_no_interval()
    {
        Assert.Null(CalibrationSummary.Of(null));
        Assert.Null(CalibrationSummary.Of(Histogram([])));
        Assert.Null(CalibrationSummary.Of(Histogram([(0, true)]))!.InTheLarge);
    }

    [Theory]
    [InlineData(1, 40)] // as it says it is: the true error is 0
    [InlineData(1, 1000)]
    [InlineData(0.4, 40)]
    [InlineData(0.4, 1000)]
    public void Interval_of_the_expected_error_holds_the_bins_true_one(double slope, int rows)
    {
        var random = new Random(20261127);
        double[] logits = [.. Enumerable.Range(0, 12).Select(bin => -2.875 + (0.5 * bin))];
        var truth = logits.Average(logit => Math.Abs(Probability(slope * logit) - Probability(logit)));
        var held = Enumerable.Range(0, 400).Count(_ =>
        {
            var drawn = Enumerable.Range(0, rows * logits.Length).Select(_ => logits[random.Next(logits.Length)]).Select(logit => (logit, random.NextDouble() < Probability(slope * logit))).ToArray();
            var interval = CalibrationSummary.Of(Histogram(drawn))!.ExpectedErrorInterval;
            return interval.Low <= truth && truth <= interval.High;
        });

        Assert.InRange(held, 0.95 * 400, 400);
        var widest = CalibrationSummary.Of(Histogram([.. Enumerable.Range(0, rows).SelectMany(row => logits.Select(logit => (logit, row < rows * Probability(slope * logit))))]))!.ExpectedErrorInterval;
        Assert.True(widest.High - widest.Low < (rows == 40 ? 0.25 : 0.06), $"{widest}"); // and says something
    }

    [Fact]
    public void Interval_of_the_expected_error_knows_that_how_many_rows_a_bin_has_is_chance_too()
    {
        // Whoever scores low is well, and whoever scores a half is ill: only how many there are of either is drawn.
        var random = new Random(20261127);
        var truth = (0.5 * Probability(-7.8)) + (0.5 * (1 - Probability(0.1)));
        var held = Enumerable.Range(0, 400).Count(_ =>
        {
            var interval = CalibrationSummary.Of(Histogram([.. Enumerable.Range(0, 2000).Select(_ => random.Next(2) == 1).Select(ill => (ill ? 0.1 : -7.8, ill))]))!.ExpectedErrorInterval;
            return interval.Low <= truth && truth <= interval.High;
        });

        Assert.InRange(held, 0.94 * 400, 400);
    }

    private static double Logit(double probability) => Math.Log(probability / (1 - probability));

    private static double Probability(double logit) => 1 / (1 + Math.Exp(-logit));

    private static ScoreHistogram Histogram((double Logit, bool Label)[] rows) => ScoreHistogram.Of([.. rows.Select(row => row.Logit)], [.. rows.Select(row => row.Label)]);
}
