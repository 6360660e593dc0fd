using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class ValueHistogramTests
{
    private static readonly HistogramGrid Grid = HistogramGrid.Uniform(0, 10, 5);
    private static readonly Gen<double[]> Values =
        Gen.Frequency((9, Gen.Double[-1, 11]), (1, Gen.Int[0, 10].Select(i => (double)i)), (1, Gen.Const(double.NaN))).Array[0, 40];

    [Fact]
    public void Of_values_on_edges_and_outside_counts_them_where_the_grid_says()
    {
        var histogram = ValueHistogram.Of(Grid, [-0.1, 0, 1.99, 2, 9.99, 10, 10.01, double.PositiveInfinity, double.NegativeInfinity, double.NaN]);
        Assert.Equal([2, 2, 1, 0, 0, 2, 2], histogram.CellCounts()!);
        Assert.Equal(1, histogram.Missing);
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(1.0, 1.0)]
    [InlineData(2.0, 1.0)]
    [InlineData(0.0, double.PositiveInfinity)]
    [InlineData(double.NaN, 1.0)]
    public void Grid_with_edges_that_do_not_rise_is_refused(params double[] edges) => Assert.Throws<ArgumentException>(() => HistogramGrid.Of(edges));

    [Fact]
    public void Merge_in_any_order_is_the_histogram_of_all_values() =>
        Gen.Select(Values, Values, Values).Sample((a, b, c) =>
        {
            var (ha, hb, hc) = (ValueHistogram.Of(Grid, a), ValueHistogram.Of(Grid, b), ValueHistogram.Of(Grid, c));
            var all = Text(ValueHistogram.Of(Grid, [.. a, .. b, .. c]));
            Assert.Equal(all, Text(ha.Merge(hb).Merge(hc)));
            Assert.Equal(all, Text(hc.Merge(ha.Merge(hb))));
        });

    [Fact]
    public void Merge_of_different_grids_is_an_error() =>
        Assert.Throws<ArgumentException>(() => ValueHistogram.Of(Grid, []).Merge(ValueHistogram.Of(HistogramGrid.Uniform(0, 10, 4), [])));

    [Fact]
    public void Suppress_leaves_no_small_count_and_no_value_out() =>
        Gen.Select(Values, Gen.Int[1, 12]).Sample((values, minimum) =>
        {
            var whole = ValueHistogram.Of(Grid, values);
            if (whole.Suppress(minimum) is not { } left)
            {
                Assert.InRange(whole.Count, 1, minimum - 1);
                return;
            }

            Assert.All(left.Cells, cell => Assert.True(cell.Count == 0 || cell.Count >= minimum));
            Assert.Equal(whole.Count, left.Count);
            Assert.Equal(0, left.Cells[0].From);
            Assert.Equal(Grid.Cells, left.Cells[^1].To);
            Assert.All(left.Cells.Zip(left.Cells.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From));
            Assert.Equal(whole.Missing is 0 || whole.Missing >= minimum ? whole.Missing : null, left.Missing);
            Assert.Equal(Text(left), Text(left.Suppress(minimum)!));
        });

    [Fact]
    public void Suppress_keeps_as_many_cells_as_it_can()
    {
        var left = ValueHistogram.Of(Grid, [1, 1, 1, 3, 5, 5, 7, 7, 7]).Suppress(3)!; // 0 | 3 1 2 3 0 | 0
        Assert.Equal([new(0, 1, 0), new(1, 2, 3), new(2, 4, 3), new(4, 5, 3), new(5, 6, 0), new(6, 7, 0)], left.Cells);
    }

    [Fact]
    public void Quantile_lies_within_its_bounds_and_so_does_the_true_one() =>
        Gen.Select(Values, Values, Gen.Double[0, 1], Gen.Int[1, 4]).Sample((a, b, probability, minimum) =>
        {
            double[] sorted = [.. a.Concat(b).Where(value => !double.IsNaN(value)).Order()];
            if (ValueHistogram.Of(Grid, a).Suppress(minimum) is not { } ha || ValueHistogram.Of(Grid, b).Suppress(minimum) is not { } hb)
                return;
            if (ha.Merge(hb).Quantile(probability) is not { } quantile)
            {
                Assert.Empty(sorted);
                return;
            }

            var truth = sorted[Math.Max(0, (int)Math.Ceiling(sorted.Length * probability) - 1)];
            Assert.InRange(truth, quantile.Lower, quantile.Upper);
            Assert.InRange(quantile.Value, quantile.Lower, quantile.Upper);
            if (minimum == 1 && truth is >= 0 and <= 10)
                Assert.True(quantile.Upper - quantile.Lower <= 2);
        });

    [Fact]
    public void Quantile_of_evenly_spread_values_is_the_value()
    {
        var histogram = ValueHistogram.Of(Grid, [.. Enumerable.Range(0, 1000).Select(i => (i + 0.5) / 100)]);
        Assert.Equal(5, histogram.Quantile(0.5)!.Value.Value, 1e-9);
        Assert.Equal(2.5, histogram.Quantile(0.25)!.Value.Value, 1e-9);
        Assert.Equal(10, histogram.Quantile(1)!.Value.Value, 1e-9);
    }

    [Fact]
    public void Read_of_what_was_written_is_the_same_histogram() =>
        Values.Sample(values =>
        {
            var histogram = ValueHistogram.Of(Grid, values);
            Assert.Equal(Text(histogram), Text(ValueHistogram.Read(JsonNode.Parse(Text(histogram)), Grid, "histogram")));
        });

    [Theory]
    [InlineData("""{"from":[0,1],"to":[1,7],"counts":[3,4],"missing":null}""", null)]
    [InlineData("""{"from":[0,0],"to":[1,7],"counts":[3,4],"missing":2}""", null)]
    [InlineData("""{"from":[1,0],"to":[2,7],"counts":[3,4],"missing":2}""", "rise")]
    [InlineData("""{"from":[0,0],"to":[7,7],"counts":[3,4],"missing":2}""", "rise")]
    [InlineData("""{"from":[0,1],"to":[1,1],"counts":[3,4],"missing":2}""", "from")]
    [InlineData("""{"from":[0,1],"to":[1,8],"counts":[3,4],"missing":2}""", "to[1]")]
    [InlineData("""{"from":[0,1],"to":[1,7],"counts":[3],"missing":2}""", "counts")]
    [InlineData("""{"from":[0,1],"to":[1,7],"counts":[3,-4],"missing":2}""", "counts[1]")]
    [InlineData("""{"from":[0,1],"to":[1,7],"counts":[1099511627776,1],"missing":2}""", "counts")]
    [InlineData("""{"from":[0,1],"to":[1,7],"counts":[3,4],"missing":0.5}""", "missing")]
    [InlineData("""{"from":[0,1],"to":[1,7],"counts":[3,4],"missing":0,"more":0}""", "not known")]
    public void Read_takes_what_values_can_have_and_refuses_the_rest_with_the_field(string json, string? fault)
    {
        ValueHistogram Read() => ValueHistogram.Read(JsonNode.Parse(json), Grid, "histogram");
        if (fault is null)
            Assert.Equal(7, Read().Count);
        else
            Assert.Contains(fault, Assert.Throws<FormatException>(Read).Message, StringComparison.Ordinal);
    }

    private static string Text(ValueHistogram histogram) => histogram.ToJson().ToJsonString();
}
