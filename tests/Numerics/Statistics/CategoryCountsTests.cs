using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class CategoryCountsTests
{
    private static readonly Gen<double[]> Values =
        Gen.Frequency((9, Gen.Int[0, 3].Select(i => (double)i)), (1, Gen.Const(-1.0)), (1, Gen.Const(double.NaN))).Array[0, 60];

    [Fact]
    public void Of_values_counts_levels_others_and_missing_ones()
    {
        var counts = CategoryCounts.Of(2, [0, 1, 1, 2, -1, 0.5, double.PositiveInfinity, double.NaN, -0.0]);
        Assert.Equal([2, 2, 4, 1], counts.Cells);
        Assert.Equal((9, 4, 1), (counts.Rows, counts.Other, counts.Missing));
    }

    [Fact]
    public void Merge_in_any_order_is_the_counts_of_all_values() =>
        Gen.Select(Values, Values).Sample((a, b) =>
        {
            var (ca, cb, all) = (CategoryCounts.Of(4, a), CategoryCounts.Of(4, b), Text(CategoryCounts.Of(4, [.. a, .. b])));
            Assert.Equal(all, Text(ca.Merge(cb)));
            Assert.Equal(all, Text(cb.Merge(ca)));
            Assert.Equal(all, Text(CategoryCounts.Read(JsonNode.Parse(all), 4, "counts")));
        });

    [Fact]
    public void Merge_with_counts_that_are_withheld_withholds_them()
    {
        var some = CategoryCounts.Of(2, [0, 0, 0, 0, 0, 0, 1, 1]).Suppress(5);
        Assert.Equal([null, null, 0, 0], some.Cells);
        var merged = some.Merge(CategoryCounts.Of(2, [.. Enumerable.Repeat(1.0, 9), double.NaN]));
        Assert.Equal([null, null, 0, 1], merged.Cells);
        Assert.Equal(18, merged.Rows);
    }

    [Fact]
    public void Suppress_leaves_each_withheld_count_free_from_0_to_the_minimum() =>
        Gen.Select(Values, Gen.Int[1, 12]).Sample((values, minimum) =>
        {
            var (whole, left) = (CategoryCounts.Of(4, values), CategoryCounts.Of(4, values).Suppress(minimum));
            Assert.All(left.Cells, cell => Assert.True(cell is null or 0 || cell >= minimum));
            Assert.All(left.Cells.Zip(whole.Cells), pair => Assert.True(pair.First is null || pair.First == pair.Second));
            if (left.Rows is not { } rows)
            {
                Assert.InRange(whole.Rows!.Value, 1, minimum - 1);
                return;
            }

            var withheld = left.Cells.Count(cell => cell is null);
            if (withheld > 0)
                Assert.True(withheld >= 2 && rows - left.Cells.Sum() >= minimum);
            Assert.True(withheld <= whole.Cells.Count(cell => cell > 0 && cell < minimum) + 1);
        });

    [Fact]
    public void Suppress_of_two_equal_small_counts_does_not_tell_them_by_their_sum() =>
        Assert.Equal([null, null, null, 70, 0, 0], CategoryCounts.Of(4, [0, 1, .. Enumerable.Repeat(2.0, 50), .. Enumerable.Repeat(3.0, 70)]).Suppress(10).Cells);

    [Theory]
    [InlineData("""{"counts":[1,2,0,4],"rows":7}""", null)]
    [InlineData("""{"counts":[null,2,null,4],"rows":7}""", null)]
    [InlineData("""{"counts":[1,2,0,4],"rows":8}""", "rows")]
    [InlineData("""{"counts":[null,null,0,8],"rows":7}""", "rows")]
    [InlineData("""{"counts":[1,2,4],"rows":7}""", "counts")]
    [InlineData("""{"counts":[1,2,0,-4],"rows":7}""", "counts[3]")]
    [InlineData("""{"counts":[1,2,0,4],"rows":7,"more":1}""", "not known")]
    public void Read_takes_what_values_can_have_and_refuses_the_rest_with_the_field(string json, string? fault)
    {
        CategoryCounts Read() => CategoryCounts.Read(JsonNode.Parse(json), 2, "counts");
        if (fault is null)
            Assert.Equal(7, Read().Rows);
        else
            Assert.Contains(fault, Assert.Throws<FormatException>(Read).Message, StringComparison.Ordinal);
    }

    private static string Text(CategoryCounts counts) => counts.ToJson().ToJsonString();
}
