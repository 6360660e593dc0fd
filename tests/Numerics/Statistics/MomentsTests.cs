using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class MomentsTests
{
    [Fact]
    public void Moments_of_a_known_column_are_its_mean_and_population_deviation()
    {
        // NIST/SEMATECH StRD, "NumAcc3": 1,000,000.2 then pairs of 1,000,000.1 and .3; certified mean 1000000.2 and SAMPLE deviation 0.1 (n - 1 = 1000).
        double[] values = [1000000.2, .. Enumerable.Range(0, 1000).Select(i => i % 2 == 0 ? 1000000.1 : 1000000.3)];
        var moments = Moments.Of(MomentGrid.For(0, 2_000_000), values);
        Assert.Equal(1000000.2, moments.Mean!.Value, 1e-6);
        Assert.Equal(0.1 * Math.Sqrt(1000.0 / 1001), moments.StandardDeviation!.Value, 1e-6);
    }

    [Fact]
    public void Moments_of_whole_numbers_are_exact()
    {
        var moments = Moments.Of(MomentGrid.For(0, 10), [2, 4, 4, 4, 5, 5, 7, 9, double.NaN]);
        Assert.Equal(8, moments.Count);
        Assert.Equal(1, moments.Missing);
        Assert.Equal(5, moments.Mean);
        Assert.Equal(2, moments.StandardDeviation);
    }

    [Fact]
    public void Moments_of_no_values_are_not_defined()
    {
        var moments = Moments.Of(MomentGrid.For(0, 1), [double.NaN]);
        Assert.Null(moments.Mean);
        Assert.Null(moments.StandardDeviation);
    }

    [Fact]
    public void Merge_in_any_order_and_grouping_is_the_moments_of_all_values()
    {
        var values = Gen.Frequency((9, Gen.Double[-300, 300]), (1, Gen.Const(double.NaN))).Array[0, 30];
        Gen.Select(values, values, values).Sample((a, b, c) =>
        {
            var grid = MomentGrid.For(-300, 300);
            var (ma, mb, mc) = (Moments.Of(grid, a), Moments.Of(grid, b), Moments.Of(grid, c));
            var all = Moments.Of(grid, [.. a, .. b, .. c]);
            Assert.Equal(all, ma.Merge(mb).Merge(mc));
            Assert.Equal(all, mc.Merge(ma.Merge(mb)));
            Assert.Equal(all, Moments.Read(JsonNode.Parse(all.ToJson().ToJsonString()), grid, "moments"));
        });
    }

    [Fact]
    public void Of_a_value_outside_the_range_s_grid_is_an_error() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Moments.Of(MomentGrid.For(0, 1), [2.5]));

    [Fact]
    public void Merge_of_different_grids_is_an_error() =>
        Assert.Throws<ArgumentException>(() => Moments.None(MomentGrid.For(0, 1)).Merge(Moments.None(MomentGrid.For(0, 5))));

    [Theory]
    [InlineData("""{"count":2,"missing":0,"sum":"3","sumOfSquares":"5"}""", null)]
    [InlineData("""{"count":2,"missing":null,"sum":"-3","sumOfSquares":"5"}""", null)]
    [InlineData("""{"count":2,"missing":0,"sum":"3","sumOfSquares":"4"}""", "sumOfSquares")] // 9 > 2 * 4: no two values have these sums
    [InlineData("""{"count":0,"missing":0,"sum":"0","sumOfSquares":"1"}""", "sumOfSquares")]
    [InlineData("""{"count":1,"missing":0,"sum":"9000000000000","sumOfSquares":"81000000000000000000000000"}""", "sum")]
    [InlineData("""{"count":2,"missing":0,"sum":"3","sumOfSquares":"-5"}""", "sumOfSquares")]
    [InlineData("""{"count":-1,"missing":0,"sum":"0","sumOfSquares":"0"}""", "count")]
    [InlineData("""{"count":1.5,"missing":0,"sum":"0","sumOfSquares":"0"}""", "count")]
    [InlineData("""{"count":"1","missing":0,"sum":"0","sumOfSquares":"0"}""", "count")]
    [InlineData("""{"count":2,"missing":0,"sum":3,"sumOfSquares":"5"}""", "sum")]
    [InlineData("""{"count":2,"missing":0,"sum":"03","sumOfSquares":"5"}""", "sum")]
    [InlineData("""{"count":2,"missing":0,"sum":"+3","sumOfSquares":"5"}""", "sum")]
    [InlineData("""{"count":2,"missing":0,"sum":"-0","sumOfSquares":"5"}""", "sum")]
    [InlineData("""{"count":2,"missing":0,"sum":"3"}""", "sumOfSquares")]
    [InlineData("""{"count":2,"missing":0,"sum":"3","sumOfSquares":"5","more":1}""", "not known")]
    [InlineData("[]", "object")]
    public void Read_takes_what_values_can_have_and_refuses_the_rest_with_the_field(string json, string? fault)
    {
        Moments Read() => Moments.Read(JsonNode.Parse(json), MomentGrid.For(0, 1), "moments");
        if (fault is null)
            Assert.Equal(2, Read().Count);
        else
            Assert.Contains(fault, Assert.Throws<FormatException>(Read).Message, StringComparison.Ordinal);
    }
}
