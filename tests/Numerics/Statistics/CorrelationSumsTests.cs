using System.Collections.Immutable;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class CorrelationSumsTests
{
    private static readonly ImmutableArray<MomentGrid> Grids = [MomentGrid.For(0, 20), MomentGrid.For(-300, 300), MomentGrid.For(0, 1)];

    [Fact]
    public void Correlation_of_anscombe_s_first_set_is_the_published_one()
    {
        // Anscombe 1973, "Graphs in statistical analysis": r = 0.816420516344840.
        double[] x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
        double[] y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        var sums = CorrelationSums.Of([MomentGrid.For(0, 20), MomentGrid.For(0, 20)], [.. x.Zip(y).SelectMany(pair => new[] { pair.First, pair.Second })]);
        Assert.Equal(0.81642051634484, sums[0, 1].Correlation!.Value, 1e-11);
    }

    [Fact]
    public void Correlation_takes_the_rows_in_which_both_are_there_and_is_not_defined_without_variation()
    {
        var sums = CorrelationSums.Of(Grids, [1, 10, 0.5, 2, 20, 0.5, 3, double.NaN, 0.5, double.NaN, 99, 0.5, 4, 40, 0.5]);
        Assert.Equal(3, sums[0, 1].Count);
        Assert.Equal(1, sums[0, 1].Correlation!.Value, 1e-12);
        Assert.Equal(4, sums[1, 2].Count);
        Assert.Null(sums[1, 2].Correlation);
    }

    [Fact]
    public void Merge_in_any_order_is_the_sums_of_all_rows() =>
        Gen.Select(Rows, Rows, Rows).Sample((a, b, c) =>
        {
            var (sa, sb, sc) = (CorrelationSums.Of(Grids, a), CorrelationSums.Of(Grids, b), CorrelationSums.Of(Grids, c));
            var all = CorrelationSums.Of(Grids, [.. a, .. b, .. c]);
            Assert.Equal(all.Pairs, sa.Merge(sb).Merge(sc).Pairs);
            Assert.Equal(all.Pairs, sc.Merge(sa.Merge(sb)).Pairs);
            Assert.Equal(all.Pairs, CorrelationSums.Read(JsonNode.Parse(all.ToJson().ToJsonString()), Grids, "sums").Pairs);
        });

    [Theory]
    [InlineData("""{"pairs":[{"count":2,"x":"3","y":"3","xx":"5","yy":"5","xy":"4"}]}""", null)]
    [InlineData("""{"pairs":[{"count":2,"x":"3","y":"3","xx":"5","yy":"5","xy":"6"}]}""", "xy")] // Correlation 3.
    [InlineData("""{"pairs":[{"count":2,"x":"3","y":"3","xx":"4","yy":"5","xy":"4"}]}""", "xy")]
    [InlineData("""{"pairs":[{"count":0,"x":"0","y":"0","xx":"0","yy":"0","xy":"1"}]}""", "xy")]
    [InlineData("""{"pairs":[{"count":0,"x":"0","y":"0","xx":"0","yy":"0","xy":"170141183460469231731687303715884105727"}]}""", "xy")]
    [InlineData("""{"pairs":[]}""", "pairs")]
    [InlineData("""{"pairs":[{"count":2,"x":"3","y":"3","xx":"5","yy":"5"}]}""", "xy is missing")]
    public void Read_takes_what_values_can_have_and_refuses_the_rest_with_the_field(string json, string? fault)
    {
        CorrelationSums Read() => CorrelationSums.Read(JsonNode.Parse(json), [MomentGrid.For(0, 1), MomentGrid.For(0, 1)], "sums");
        if (fault is null)
            Assert.Equal(-1, Read()[0, 1].Correlation!.Value, 1e-12);
        else
            Assert.Contains(fault, Assert.Throws<FormatException>(Read).Message, StringComparison.Ordinal);
    }

    private static Gen<double[]> Rows { get; } =
        Gen.Select(Gen.Double[0, 20], Gen.Double[-300, 300], Gen.Frequency((3, Gen.Double[0, 1]), (1, Gen.Const(double.NaN)))).Array[0, 12]
            .Select(rows => rows.SelectMany(row => new[] { row.Item1, row.Item2, row.Item3 }).ToArray());
}
