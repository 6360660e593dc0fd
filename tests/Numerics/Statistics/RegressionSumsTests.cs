using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class RegressionSumsTests
{
    private static readonly Gen<(double Outcome, double Prediction)[]> s_rows = Gen.Select(Gen.Double[-40, 60], Gen.Double[-70, 90]).Array[0, 30];

    [Fact]
    public void Merge_in_any_order_is_the_sums_of_all_rows() => Gen.Select(s_rows, s_rows, s_rows).Sample((a, b, c) =>
    {
        var all = Of([.. a, .. b, .. c]);
        Assert.Equal(all, Of(a).Merge(Of(b)).Merge(Of(c)));
        Assert.Equal(all, Of(c).Merge(Of(a).Merge(Of(b))));
        Assert.Equal(all, RegressionSums.Read(JsonNode.Parse(all.ToJson().ToJsonString()), "sums"));
    });

    [Fact]
    public void Suppress_withholds_what_is_of_few_rows() => Gen.Select(s_rows, Gen.Int[1, 20]).Sample((rows, minimum) =>
        Assert.Equal(rows.Length == 0 || rows.Length >= minimum, Of(rows).Suppress(minimum) is not null));

    [Fact]
    public void What_leaves_tells_fourth_powers_in_eight_bits() => s_rows.Sample(rows =>
    {
        var (sums, told) = (Of(rows), Of(rows).Suppress(1)!);
        Assert.True(told.Fits(1));
        Assert.Equal(told, told.Suppress(1));
        Assert.Equal((double)sums.Fourth, (double)told.Fourth, (double)sums.Fourth / 256);
        if (sums.Fourth > 1 << 20 && (sums.Fourth & 0xfff) != 0)
            Assert.False(sums.Fits(1));
    });

    [Fact]
    public void Variance_of_squares_is_that_of_the_squared_residuals() => s_rows.Where(rows => rows.Length > 0).Sample(rows =>
    {
        var squares = rows.Select(row => Math.Pow(row.Outcome - row.Prediction, 2)).ToArray();
        var expected = squares.Average(square => square * square) - Math.Pow(squares.Average(), 2);
        // A single row has no variance by itself, and yet nothing is certain: never below what eight bits leave open.
        expected = Math.Max(expected, Math.Pow(squares.Average(), 2) / 256);
        var step = Math.ScaleB(1, Of(rows).Residual.Grid.Exponent + 20); // of the grid of fourth powers, on which a residual is off by half a step
        Assert.Equal(expected, Of(rows).VarianceOfSquares!.Value, (4 * step * squares.Average(square => Math.Pow(square, 1.5) + 1)) + (1e-9 * squares.Max() * squares.Max()));
    });

    [Fact]
    public void Residuals_too_small_for_the_coarse_grid_have_the_variance_of_normal_ones_at_least()
    {
        double[] outcomes = [.. Enumerable.Range(0, 100).Select(row => row * 1e4)];
        var sums = RegressionSums.Of(0, 1e6, outcomes, [.. outcomes.Select((outcome, row) => outcome + (row % 2 == 0 ? 1e-3 : -1e-3))]).Suppress(5)!;

        Assert.Equal(0, sums.Fourth);
        Assert.Equal(2 * sums.MeanSquare!.Value * sums.MeanSquare.Value, sums.VarianceOfSquares);
    }

    [Theory]
    [InlineData(1e9)]
    [InlineData(double.NegativeInfinity)]
    public void Residual_beyond_twice_the_range_counts_as_that(double prediction) => Assert.Equal(200, Of([(10, prediction)]).MeanMagnitude);

    [Fact]
    public void Of_what_is_no_number_or_out_of_range_is_an_error()
    {
        Assert.Throws<ArgumentException>(() => Of([(double.NaN, 1)]));
        Assert.Throws<ArgumentException>(() => Of([(1, double.NaN)]));
        Assert.ThrowsAny<ArgumentException>(() => Of([(500, 1)]));
        Assert.Throws<ArgumentException>(() => RegressionSums.Of(0, 1, [1, 2], [1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => RegressionSums.Of(1, 1, [1], [1]));
    }

    [Fact]
    public void Merge_of_different_ranges_is_an_error() =>
        Assert.Throws<ArgumentException>(() => RegressionSums.Of(0, 1, [1], [1]).Merge(RegressionSums.Of(0, 500, [1], [1])));

    [Theory]
    [InlineData("magnitude", "\"0\"")] // below the residuals' sum
    [InlineData("magnitude", "\"99999999999999999999\"")] // more than the squares allow
    [InlineData("magnitude", "7")]
    [InlineData("outcome", """{"count":3,"missing":0,"sum":"1","sumOfSquares":"1"}""")] // of another number of rows
    [InlineData("outcome", """{"count":2,"missing":1,"sum":"1","sumOfSquares":"1"}""")]
    [InlineData("rows", "2")]
    [InlineData("fourth", "\"-1\"")]
    [InlineData("fourth", "\"99999999999999999999999999999\"")] // more than two residuals within the range have
    [InlineData("minimum", "60")]
    [InlineData("minimum", "1e300")]
    public void Read_what_no_rows_can_have_is_refused(string field, string value)
    {
        var json = Of([(1, 3), (4, 5)]).ToJson();
        json[field] = JsonNode.Parse(value);
        Assert.Throws<FormatException>(() => RegressionSums.Read(json, "sums"));
    }

    [Fact]
    public void Read_of_a_range_without_width_is_refused_as_such()
    {
        var json = Of([]).ToJson();
        (json["minimum"], json["maximum"]) = (1e-200, 1.0000001e-200);
        Assert.Throws<FormatException>(() => RegressionSums.Read(json, "sums"));
    }

    private static RegressionSums Of((double Outcome, double Prediction)[] rows) =>
        RegressionSums.Of(-40, 60, [.. rows.Select(row => row.Outcome)], [.. rows.Select(row => row.Prediction)]);
}
