using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class RegressionMetricsTests
{
    [Fact]
    public void Of_scikit_learn_s_example_are_its_errors()
    {
        // scikit-learn's documentation of mean_absolute_error, mean_squared_error and r2_score: 0.5, 0.375 and 0.948...
        var metrics = RegressionMetrics.Of(RegressionSums.Of(-10, 10, [3, -0.5, 2, 7], [2.5, 0, 2, 8]));
        Assert.Equal(4, metrics.Rows);
        Assert.Equal(0.5, metrics.MeanAbsoluteError);
        Assert.Equal(Math.Sqrt(0.375), metrics.RootMeanSquaredError!.Value, 1e-15);
        Assert.Equal(0.948, metrics.RSquared!.Value, 0.001);
        Assert.Equal(-0.25, metrics.Bias);
    }

    [Theory] // and of its examples of r2_score with one value
    [InlineData(new double[] { 1, 2, 3 }, new double[] { 1, 2, 3 }, 1)]
    [InlineData(new double[] { 1, 2, 3 }, new double[] { 2, 2, 2 }, 0)]
    [InlineData(new double[] { 1, 2, 3 }, new double[] { 3, 2, 1 }, -3)]
    public void R_squared_is_1_for_the_truth_0_for_the_mean_and_below_for_worse(double[] outcomes, double[] predictions, double expected) =>
        Assert.Equal(expected, RegressionMetrics.Of(RegressionSums.Of(0, 5, outcomes, predictions)).RSquared!.Value, 1e-12);

    [Fact]
    public void Of_sums_of_sites_are_those_of_all_rows()
    {
        var rows = Gen.Select(Gen.Double[-40, 60], Gen.Double[-70, 90]).Array[1, 40];
        Gen.Select(rows, rows).Sample((a, b) =>
        {
            (double Y, double P)[] all = [.. a, .. b];
            var metrics = RegressionMetrics.Of(Sums(a).Merge(Sums(b)));
            var mean = all.Average(row => row.Y);
            var squares = all.Sum(row => Math.Pow(row.Y - row.P, 2));
            Assert.Equal(all.Average(row => Math.Abs(row.Y - row.P)), metrics.MeanAbsoluteError!.Value, 1e-8);
            Assert.Equal(Math.Sqrt(squares / all.Length), metrics.RootMeanSquaredError!.Value, 1e-8);
            var spread = all.Sum(row => Math.Pow(row.Y - mean, 2));
            if (spread > 1)
                Assert.Equal(1 - (squares / spread), metrics.RSquared!.Value, 1e-6 * squares / spread);
        });

        static RegressionSums Sums((double Y, double P)[] rows) => RegressionSums.Of(-40, 60, [.. rows.Select(row => row.Y)], [.. rows.Select(row => row.P)]);
    }

    [Fact]
    public void R_squared_of_equal_outcomes_is_undefined_and_of_nothing_is_everything()
    {
        var metrics = RegressionMetrics.Of(RegressionSums.Of(0, 5, [2, 2], [1, 2]));
        Assert.Null(metrics.RSquared);
        Assert.Equal(0.5, metrics.MeanAbsoluteError);
        foreach (var none in (RegressionMetrics[])[RegressionMetrics.Of(null), RegressionMetrics.Of(RegressionSums.Of(0, 5, [], []))])
            Assert.All((double?[])[none.MeanAbsoluteError, none.RootMeanSquaredError, none.RSquared, none.Bias], Assert.Null);
    }
}
