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
        Assert.Equal(0.5, metrics.MeanAbsoluteError!.Value.Value);
        Assert.Equal(Math.Sqrt(0.375), metrics.RootMeanSquaredError!.Value.Value, 1e-15);
        Assert.Equal(0.948, metrics.RSquared!.Value.Value, 0.001);
        Assert.Equal(-0.25, metrics.Bias!.Value.Value);
    }

    [Theory] // and of its examples of r2_score with one value
    [InlineData(new double[] { 1, 2, 3 }, new double[] { 1, 2, 3 }, 1)]
    [InlineData(new double[] { 1, 2, 3 }, new double[] { 2, 2, 2 }, 0)]
    [InlineData(new double[] { 1, 2, 3 }, new double[] { 3, 2, 1 }, -3)]
    public void R_squared_is_1_for_the_truth_0_for_the_mean_and_below_for_worse(double[] outcomes, double[] predictions, double expected) =>
        Assert.Equal(expected, RegressionMetrics.Of(RegressionSums.Of(0, 5, outcomes, predictions)).RSquared!.Value.Value, 1e-12);

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
            Assert.Equal(all.Average(row => Math.Abs(row.Y - row.P)), metrics.MeanAbsoluteError!.Value.Value, 1e-8);
            Assert.Equal(Math.Sqrt(squares / all.Length), metrics.RootMeanSquaredError!.Value.Value, 1e-8);
            var spread = all.Sum(row => Math.Pow(row.Y - mean, 2));
            if (spread > 1)
                Assert.Equal(1 - (squares / spread), metrics.RSquared!.Value.Value, 1e-6 * squares / spread);
        });

        static RegressionSums Sums((double Y, double P)[] rows) => RegressionSums.Of(-40, 60, [.. rows.Select(row => row.Y)], [.. rows.Select(row => row.P)]);
    }

    [Fact]
    public void R_squared_of_equal_outcomes_is_undefined_and_of_nothing_is_everything()
    {
        var metrics = RegressionMetrics.Of(RegressionSums.Of(0, 5, [2, 2], [1, 2]));
        Assert.Null(metrics.RSquared);
        Assert.Equal(0.5, metrics.MeanAbsoluteError!.Value.Value);
        foreach (var none in (RegressionMetrics[])[RegressionMetrics.Of(null), RegressionMetrics.Of(RegressionSums.Of(0, 5, [], []))])
            Assert.All((Estimate?[])[none.MeanAbsoluteError, none.RootMeanSquaredError, none.RSquared, none.Bias], Assert.Null);
    }

    [Fact]
    public void Intervals_hold_the_truth_as_often_as_they_say()
    {
        // Errors of a skewed distribution, of which no normal theory holds: |N(0, 1)|^1.5 with a sign, whose moments are known by a great sample.
        var random = DeterministicRandom.Of("regression-intervals");
        var truth = Metrics(200_000);
        int[] held = new int[4];
        const int Times = 1000;
        for (var i = 0; i < Times; i++)
        {
            var metrics = Metrics(400);
            held[0] += Holds(metrics.MeanAbsoluteError, truth.MeanAbsoluteError);
            held[1] += Holds(metrics.RootMeanSquaredError, truth.RootMeanSquaredError);
            held[2] += Holds(metrics.Bias, truth.Bias);
            held[3] += Holds(metrics.RSquared, truth.RSquared);
        }

        // 95 % asymptotically; squares of a skewed distribution come to it slowly. Binomial noise of 1,000 is 0.7 %.
        Assert.InRange(held[0] / (double)Times, 0.93, 0.97);
        Assert.InRange(held[1] / (double)Times, 0.90, 0.97);
        Assert.InRange(held[2] / (double)Times, 0.93, 0.97);
        Assert.InRange(held[3] / (double)Times, 0.90, 0.99); // the outcomes count as given, and their deviation varies too

        RegressionMetrics Metrics(int rows)
        {
            var predictions = new double[rows];
            var outcomes = new double[rows];
            for (var row = 0; row < rows; row++)
            {
                predictions[row] = 50 + (10 * Normal());
                var error = Normal();
                outcomes[row] = Math.Clamp(predictions[row] + (3 * Math.Sign(error) * Math.Pow(Math.Abs(error), 1.5)) + 0.5, 0, 100);
            }

            return RegressionMetrics.Of(RegressionSums.Of(0, 100, outcomes, predictions).Suppress(5));
        }

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

        static int Holds(Estimate? interval, Estimate? truth) => interval!.Value.Low <= truth!.Value.Value && truth.Value.Value <= interval.Value.High ? 1 : 0;
    }

    [Fact]
    public void Interval_of_the_mean_absolute_error_is_that_of_a_mean()
    {
        // Magnitudes 0, 1, 2, 3: mean 1.5, population variance 1.25, so that its standard error is the root of 1.25/4.
        var error = RegressionMetrics.Of(RegressionSums.Of(0, 8, [4, 4, 4, 4], [4, 5, 2, 7])).MeanAbsoluteError!.Value;
        Assert.Equal(1.5, error.Value, 1e-9);
        Assert.Equal(1.5 + (1.959963984540054 * Math.Sqrt(1.25 / 4)), error.High, 1e-9);
        Assert.Equal(1.5 - (1.959963984540054 * Math.Sqrt(1.25 / 4)), error.Low, 1e-9);
    }
}
