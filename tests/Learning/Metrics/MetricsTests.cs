using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class MetricsTests
{
    private static readonly Gen<(double Logit, bool Label)[]> s_rows =
        Gen.Select(Gen.OneOf(Gen.Double[-9, 9], Gen.Int[-3, 3].Select(value => value / 2.0)), Gen.Bool).Array[1, 120];

    [Fact]
    public void Auroc_of_the_CT_readings_is_the_published_area_and_its_error()
    {
        // Hanley and McNeil 1982 (Radiology 143), table II: 58 normal and 51 abnormal images rated 1 to 5; area 0.893, standard error 0.032.
        var (scores, labels) = Ratings(normal: [33, 6, 6, 11, 2], abnormal: [3, 2, 2, 11, 33]);
        var area = ExactMetrics.Auroc(scores, labels)!.Value;
        Assert.Equal(0.893, area.Value, 0.0005);
        Assert.InRange((area.High - area.Low) / 2 / 1.96, 0.0305, 0.0335); // DeLong's estimate of the same error
    }

    [Fact]
    public void Auroc_is_the_share_of_ordered_pairs_and_its_variance_DeLong_s()
    {
        s_rows.Sample(rows =>
        {
            var positive = rows.Where(row => row.Label).Select(row => row.Logit).ToArray();
            var negative = rows.Where(row => !row.Label).Select(row => row.Logit).ToArray();
            var area = ExactMetrics.Auroc(Logits(rows), Labels(rows));
            if (positive.Length < 2 || negative.Length < 2)
            {
                Assert.Null(area);
                return;
            }

            // The definition, pair by pair.
            static double Psi(double high, double low) => high > low ? 1 : high == low ? 0.5 : 0;
            var v10 = positive.Select(p => negative.Average(n => Psi(p, n))).ToArray();
            var v01 = negative.Select(n => positive.Average(p => Psi(p, n))).ToArray();
            var mean = v10.Average();
            var variance = (v10.Sum(v => (v - mean) * (v - mean)) / (v10.Length - 1) / v10.Length) + (v01.Sum(v => (v - mean) * (v - mean)) / (v01.Length - 1) / v01.Length);
            Assert.Equal(mean, area!.Value.Value, 1e-12);
            Assert.Equal(Math.Max(0, mean - (1.959963984540054 * Math.Sqrt(variance))), area.Value.Low, 1e-9);
            Assert.Equal(Math.Min(1, mean + (1.959963984540054 * Math.Sqrt(variance))), area.Value.High, 1e-9);
        });
    }

    [Theory] // Newcombe 1998 (Statistics in Medicine 17), table I, method 3
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Wilson_gives_the_published_intervals(int successes, int trials, double low, double high)
    {
        var interval = ExactMetrics.Wilson(successes, trials)!.Value;
        Assert.Equal(low, interval.Low, 0.00005);
        Assert.Equal(high, interval.High, 0.00005);
    }

    [Fact]
    public void Accuracy_counts_logit_0_as_positive()
    {
        Assert.Equal(0.75, ExactMetrics.Accuracy([0, 0, 1, -1], [true, false, true, false])!.Value.Value);
        Assert.Null(ExactMetrics.Accuracy([], []));
    }

    [Fact]
    public void Of_a_histogram_is_within_its_bound_of_the_exact_area()
    {
        Gen.Select(s_rows, Gen.Int[1, 12]).Sample((rows, minimum) =>
        {
            if (Histogram(rows).Suppress(minimum) is not { } histogram || ExactMetrics.Auroc(Logits(rows), Labels(rows)) is not { } exact)
                return;
            var metrics = ClassifierMetrics.Of(histogram);
            Assert.InRange(Math.Abs(metrics.Auroc!.Value - exact.Value), 0, metrics.AurocBound!.Value + 1e-12);
        });
    }

    [Fact]
    public void Of_merged_histograms_is_within_its_bound_of_the_exact_area_of_all_rows()
    {
        Gen.Select(s_rows, s_rows, Gen.Int[1, 12]).Sample((a, b, minimum) =>
        {
            var all = a.Concat(b).ToArray();
            if (Histogram(a).Suppress(minimum) is not { } left || Histogram(b).Suppress(minimum + 3) is not { } right || ExactMetrics.Auroc(Logits(all), Labels(all)) is not { } exact)
                return;
            var metrics = ClassifierMetrics.Of(left.Merge(right));
            Assert.InRange(Math.Abs(metrics.Auroc!.Value - exact.Value), 0, metrics.AurocBound!.Value + 1e-12);
        });
    }

    [Fact]
    public void Of_a_site_that_can_show_one_bin_only_leaves_the_others_as_fine_as_they_were()
    {
        var fine = Histogram([(-2, false), (-1, false), (1, true), (2, true)]);
        var withheld = Histogram([(-0.1, false), (-0.1, false), (0.1, true), (0.1, false), (-0.1, true)]).Suppress(2)!;
        Assert.Single(withheld.Bins, bin => bin.Count > 0);
        var metrics = ClassifierMetrics.Of(fine.Merge(withheld));
        Assert.InRange(metrics.Auroc!.Value, 0.6, 1);
        Assert.InRange(metrics.AurocBound!.Value, 0.01, 0.4);
    }

    [Fact]
    public void Of_a_histogram_gives_accuracy_and_Brier_as_the_rows_do()
    {
        s_rows.Sample(rows =>
        {
            var metrics = ClassifierMetrics.Of(Histogram(rows));
            Assert.Equal(ExactMetrics.Accuracy(Logits(rows), Labels(rows))!.Value.Value, metrics.Accuracy!.Value, 1e-15);
            var brier = rows.Average(row => Math.Pow((1 / (1 + Math.Exp(-row.Logit))) - (row.Label ? 1 : 0), 2));
            Assert.Equal(brier, metrics.Brier!.Value, 1e-9);
        });
    }

    [Fact]
    public void Of_scikit_learn_s_example_gives_its_average_precision_and_area()
    {
        // scikit-learn's documentation of average_precision_score and roc_auc_score: y = [0, 0, 1, 1], scores = [0.1, 0.4, 0.35, 0.8]: 0.83 and 0.75.
        var metrics = ClassifierMetrics.Of(Histogram([.. new[] { (0.1, false), (0.4, false), (0.35, true), (0.8, true) }
            .Select(row => (Math.Log(row.Item1 / (1 - row.Item1)), row.Item2))]));
        Assert.Equal(0.8333, metrics.Auprc!.Value, 0.0001);
        Assert.Equal(0.75, metrics.Auroc);
        Assert.Equal(0, metrics.AurocBound);
    }

    [Fact]
    public void Of_one_class_leaves_the_area_undefined_and_says_so()
    {
        var metrics = ClassifierMetrics.Of(Histogram([(1, true), (-1, true)]));
        Assert.Null(metrics.Auroc);
        Assert.Null(metrics.AurocBound);
        Assert.Equal(0.5, metrics.Accuracy);
        Assert.Equal("undefined", ClassifierMetrics.Text(metrics.Auroc));
        Assert.Null(metrics.ToJson()["auroc"]);
        Assert.Null(ClassifierMetrics.Of(Histogram([(1, false)])).Auprc);
    }

    [Fact]
    public void Of_merged_histograms_gives_the_accuracy_of_all_rows_unless_a_site_withheld_how_many_are_right()
    {
        Gen.Select(s_rows, s_rows, Gen.Int[1, 12]).Sample((a, b, minimum) =>
        {
            var all = a.Concat(b).ToArray();
            if (Histogram(a).Suppress(minimum) is not { } left || Histogram(b).Suppress(minimum + 3) is not { } right)
                return;
            double? exact = left.Correct is null || right.Correct is null ? null : ExactMetrics.Accuracy(Logits(all), Labels(all))!.Value.Value;
            Assert.Equal(exact, ClassifierMetrics.Of(left.Merge(right)).Accuracy);
        });
    }

    [Fact]
    public void Of_a_histogram_without_the_edge_at_logit_0_has_an_accuracy_unless_it_would_tell_a_small_count()
    {
        var told = Histogram([(0.1, true), (-0.1, true), (0.1, false), (-0.1, false)]).Suppress(2)!;
        var withheld = Histogram([(0.1, true), (-0.1, true), (0.1, true), (-0.1, false), (-0.1, false)]).Suppress(2)!;
        Assert.All((ScoreHistogram[])[told, withheld], histogram => Assert.DoesNotContain(histogram.Bins, bin => bin.From == ScoreHistogram.MiddleEdge));
        Assert.Equal(0.5, ClassifierMetrics.Of(told).Accuracy);
        Assert.Null(ClassifierMetrics.Of(withheld).Accuracy);
    }

    [Fact]
    public void Of_nothing_is_undefined_throughout()
    {
        foreach (var metrics in (ClassifierMetrics[])[ClassifierMetrics.Of(null), ClassifierMetrics.Of(Histogram([])), new EvaluationReport(null).Metrics])
            Assert.All((double?[])[metrics.Auroc, metrics.Auprc, metrics.Accuracy, metrics.Brier, metrics.CalibrationIntercept, metrics.CalibrationSlope], Assert.Null);
    }

    [Fact]
    public void Calibration_of_a_model_that_is_off_by_a_known_line_is_found()
    {
        // Labels drawn in exact proportion: observed log-odds = 0.5 + 0.8 * predicted log-odds at the centre of each bin.
        var rows = new List<(double, bool)>();
        for (var edge = 8; edge < 56; edge++)
        {
            var logit = ((edge - 32) / 4.0) + 0.125;
            var positives = (int)Math.Round(10_000 / (1 + Math.Exp(-(0.5 + (0.8 * logit)))));
            rows.AddRange(Enumerable.Range(0, 10_000).Select(i => (logit, i < positives)));
        }

        var metrics = ClassifierMetrics.Of(Histogram([.. rows]));
        Assert.Equal(0.5, metrics.CalibrationIntercept!.Value, 0.001);
        Assert.Equal(0.8, metrics.CalibrationSlope!.Value, 0.001);
        Assert.Equal(48, metrics.Calibration.Length);
    }

    [Fact]
    public void Calibration_of_separated_classes_is_undefined()
    {
        var metrics = ClassifierMetrics.Of(Histogram([(-1, false), (-2, false), (1, true), (2, true)]));
        Assert.Null(metrics.CalibrationSlope);
        Assert.Null(metrics.CalibrationIntercept);
        Assert.Equal(1, metrics.Auroc);
    }

    [Fact]
    public void Merge_of_reports_skips_what_was_withheld_and_reads_back()
    {
        var one = new EvaluationReport(Histogram([(1, true), (-1, false)]));
        var merged = EvaluationReport.Merge([new EvaluationReport(null), one, one]);
        Assert.Equal(4, merged.Histogram!.Bins.Sum(bin => bin.Count));
        Assert.Equal(merged.Write(), EvaluationReport.Read(merged.Write()).Write());
        Assert.Null(EvaluationReport.Read(new EvaluationReport(null).Write()).Histogram);
        Assert.Throws<FormatException>(() => EvaluationReport.Read("{}"u8));
        Assert.Throws<FormatException>(() => EvaluationReport.Read("""{"histogram":null,"rows":1}"""u8));
    }

    private static (double[] Scores, bool[] Labels) Ratings(int[] normal, int[] abnormal)
    {
        var rows = normal.SelectMany((count, rating) => Enumerable.Repeat(((double)rating, false), count))
            .Concat(abnormal.SelectMany((count, rating) => Enumerable.Repeat(((double)rating, true), count)))
            .ToArray();
        return (Logits(rows), Labels(rows));
    }

    private static double[] Logits((double Logit, bool Label)[] rows) => [.. rows.Select(row => row.Logit)];

    private static bool[] Labels((double Logit, bool Label)[] rows) => [.. rows.Select(row => row.Label)];

    private static ScoreHistogram Histogram((double Logit, bool Label)[] rows) => ScoreHistogram.Of(Logits(rows), Labels(rows));
}
