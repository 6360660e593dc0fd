using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class OperatingPointTests
{
    private static readonly Gen<(double Logit, bool Label)[]> s_rows =
        Gen.Select(Gen.OneOf(Gen.Double[-9, 9], Gen.Int[-8, 8].Select(value => value / 4.0)), Gen.Bool).Array[1, 120];

    // An edge of the grid, or what is not nearly one.
    private static readonly Gen<double> s_logit = Gen.OneOf(Gen.Int[-31, 31].Select(value => value / 4.0), Gen.Int[-800, 800].Select(value => (value / 100.0) + 0.003));

    [Fact]
    public void Of_the_liver_scans_is_the_published_table()
    {
        // Altman and Bland 1994 (BMJ 308:1552 and 309:102): 258 with abnormal pathology, 231 of them found by the scan; 86 without, 54 of them found to be so.
        var point = OperatingPoint.Of(Histogram([.. Rows(231, 1, true), .. Rows(27, -1, true), .. Rows(32, 1, false), .. Rows(54, -1, false)]), 0.5);
        Assert.Equal(0.90, point.Sensitivity!.Value.Value!.Value, 0.005);
        Assert.Equal(0.63, point.Specificity!.Value.Value!.Value, 0.005);
        Assert.Equal(0.88, point.PositivePredictiveValue!.Value.Value!.Value, 0.005);
        Assert.Equal(0.67, point.NegativePredictiveValue!.Value.Value!.Value, 0.005);
        Assert.Equal(263.0 / 344, point.PredictedPositive!.Value.Value);
        Assert.Equal(ExactMetrics.Wilson(231, 258)!.Value.Low, point.Sensitivity.Value.Low);
        Assert.Equal(ExactMetrics.Wilson(54, 81)!.Value.High, point.NegativePredictiveValue.Value.High);
    }

    [Fact]
    public void Of_a_threshold_on_the_grid_is_exact_where_no_bin_was_merged() => Gen.Select(s_rows, Gen.Int[-31, 31]).Sample((rows, quarter) =>
    {
        var point = OperatingPoint.Of(Histogram(rows), 1 / (1 + Math.Exp(-quarter / 4.0)));
        Assert.Equal((Exact(rows, quarter / 4.0, true), Exact(rows, quarter / 4.0, false)), (point.TruePositives, point.FalsePositives));
    });

    [Fact]
    public void Of_several_sites_whose_bins_were_merged_holds_what_the_rows_say() => Gen.Select(s_rows, s_rows, Gen.Int[1, 12], s_logit).Sample((a, b, minimum, logit) =>
    {
        if (Histogram(a).Suppress(minimum) is not { } left || Histogram(b).Suppress(minimum + 3) is not { } right)
            return;
        var (rows, histogram) = (a.Concat(b).ToArray(), left.Merge(right));
        var point = OperatingPoint.Of(histogram, 1 / (1 + Math.Exp(-logit)));
        var (tp, fp) = (Exact(rows, logit, true).Least, Exact(rows, logit, false).Least);
        var (positives, negatives) = (rows.Count(row => row.Label), rows.Count(row => !row.Label));
        Assert.InRange(tp, point.TruePositives.Least, point.TruePositives.Most);
        Assert.InRange(fp, point.FalsePositives.Least, point.FalsePositives.Most);
        Holds(tp, positives, point.Sensitivity);
        Holds(negatives - fp, negatives, point.Specificity);
        Holds(tp, tp + fp, point.PositivePredictiveValue);
        Holds(negatives - fp, rows.Length - tp - fp, point.NegativePredictiveValue);
        Holds(tp + fp, rows.Length, point.PredictedPositive);
        Assert.True(point.Sensitivity is not null || positives == 0);

        // No wider than the rows of the bins that the threshold lies in.
        var open = histogram.Bins.Where(bin => ScoreHistogram.LogitOf(bin.From) < logit && ScoreHistogram.LogitOf(bin.To) > logit);
        Assert.Equal(open.Sum(bin => bin.Positives), point.TruePositives.Most - point.TruePositives.Least);

        var curve = DecisionCurve.Of(histogram, [point.Threshold])[0];
        var odds = point.Threshold / (1 - point.Threshold);
        Assert.InRange((tp - (fp * odds)) / rows.Length, curve.Least - 1e-12, curve.Most + 1e-12);
        Assert.Equal(((double)positives / rows.Length) - (negatives * odds / rows.Length), curve.TreatAll, 1e-9);

        static void Holds(long count, long all, BoundedShare? share)
        {
            if (share is not { } bounds)
                return;
            Assert.InRange((double)count / all, bounds.Least, bounds.Most);
            var interval = ExactMetrics.Wilson(count, all)!.Value;
            Assert.True(bounds.Low <= interval.Low + 1e-12 && bounds.High >= interval.High - 1e-12);
        }
    });

    [Fact]
    public void Of_a_threshold_within_a_bin_has_bounds_and_no_value()
    {
        var point = OperatingPoint.Of(Histogram([.. Rows(10, 1.3, true), .. Rows(5, 1.1, true), .. Rows(4, 1.1, false), .. Rows(6, -1, false)]), 0.75); // logit 1.0986
        Assert.Equal(new CountRange(10, 15), point.TruePositives);
        Assert.Equal(new CountRange(0, 4), point.FalsePositives);
        Assert.Null(point.Sensitivity!.Value.Value);
        Assert.Equal((10.0 / 15, 1.0), (point.Sensitivity.Value.Least, point.Sensitivity.Value.Most));
        Assert.Equal((10.0 / 14, 1.0), (point.PositivePredictiveValue!.Value.Least, point.PositivePredictiveValue.Value.Most));
    }

    [Fact]
    public void Shares_of_no_rows_are_undefined()
    {
        var point = OperatingPoint.Of(Histogram(Rows(3, -1, false)), 0.5);
        Assert.Null(point.Sensitivity);
        Assert.Null(point.PositivePredictiveValue);
        Assert.Equal(1, point.NegativePredictiveValue!.Value.Value);
        Assert.Null(OperatingPoint.Of(Histogram([]), 0.5).PredictedPositive);
        Assert.Empty(DecisionCurve.Of(Histogram([]), [0.5]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void Of_what_is_no_threshold_is_an_error(double threshold) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => OperatingPoint.Of(Histogram([(0, true)]), threshold));

    [Theory] // The curve of treating all in PMC6993280, table 4 (hepatocellular carcinoma in patients with cirrhosis, of whom 30 % have it)
    [InlineData(0.03, 0.278)]
    [InlineData(0.05, 0.263)]
    [InlineData(0.08, 0.239)]
    [InlineData(0.10, 0.222)]
    [InlineData(0.20, 0.125)]
    [InlineData(0.30, 0)]
    [InlineData(0.50, -0.400)]
    [InlineData(0.90, -6)]
    public void Decision_curve_of_treating_all_is_the_published_one(double threshold, double benefit) =>
        Assert.Equal(benefit, DecisionCurve.Of(Histogram([.. Rows(30, 0, true), .. Rows(70, 0, false)]), [threshold])[0].TreatAll, 0.00051);

    [Fact]
    public void Decision_curve_of_a_model_that_calls_all_positive_is_that_of_treating_all_and_of_one_that_calls_none_is_0()
    {
        var histogram = Histogram([.. Rows(30, 2.1, true), .. Rows(70, 2.1, false)]);
        Assert.All(DecisionCurve.Of(histogram, [0.1, 0.5, 0.8]), point => Assert.Equal((point.TreatAll, point.TreatAll), (point.Least, point.Most)));
        Assert.All(DecisionCurve.Of(histogram, [0.95, 0.99]), point => Assert.Equal((0.0, 0.0), (point.Least, point.Most)));
    }

    private static CountRange Exact((double Logit, bool Label)[] rows, double logit, bool label)
    {
        var count = rows.Count(row => row.Label == label && row.Logit >= logit);
        return new CountRange(count, count);
    }

    private static (double, bool)[] Rows(int count, double logit, bool label) => [.. Enumerable.Repeat((logit, label), count)];

    private static ScoreHistogram Histogram((double Logit, bool Label)[] rows) => ScoreHistogram.Of([.. rows.Select(row => row.Logit)], [.. rows.Select(row => row.Label)]);
}
