using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class FourierSketchTests
{
    private static readonly FourierBasis Basis = FourierBasis.Of("test", 3, 16, 1.5);
    private static readonly Gen<double[]> Rows = Gen.Double[-3, 3].Array[0, 10].Select(values => values[..(values.Length / 3 * 3)]);

    [Fact]
    public void Merge_in_any_order_is_the_sketch_of_all_rows() =>
        Gen.Select(Rows, Rows, Rows).Sample((a, b, c) =>
        {
            var (sa, sb, sc) = (FourierSketch.Of(Basis, a), FourierSketch.Of(Basis, b), FourierSketch.Of(Basis, c));
            var all = FourierSketch.Of(Basis, [.. a, .. b, .. c]);
            Assert.Equal(all.Sums, sa.Merge(sb).Merge(sc).Sums);
            Assert.Equal(all.Sums, sc.Merge(sa.Merge(sb)).Sums);
            Assert.Equal(all.Sums, FourierSketch.Read(JsonNode.Parse(all.ToJson().ToJsonString()), Basis, "sketch").Sums);
        });

    [Fact]
    public void Embeddings_have_products_near_the_gaussian_kernel()
    {
        var basis = FourierBasis.Of("test", 2, 1024, 1.5);
        double[] x = [0.3, -1], y = [1.1, 0.4];
        var (ex, ey) = (new double[basis.Components], new double[basis.Components]);
        basis.Embed(x, ex);
        basis.Embed(y, ey);
        Assert.Equal(1, ex.Sum(value => value * value) / basis.Frequencies, 1e-12);
        // |x - y|² = 2.6; the standard error of the mean of 1024 cosines is at most 0.022.
        Assert.Equal(Math.Exp(-2.6 / (2 * 1.5 * 1.5)), ex.Zip(ey).Sum(pair => pair.First * pair.Second) / basis.Frequencies, 0.07);
    }

    [Fact]
    public void Discrepancies_are_those_of_the_kernel_matrix()
    {
        var random = DeterministicRandom.Of("rows");
        double[] a = [.. Enumerable.Range(0, 21).Select(_ => random.NextDouble())], b = [.. Enumerable.Range(0, 15).Select(_ => random.NextDouble() + 0.5)];
        var (ea, eb) = (Embed(a), Embed(b));
        double Kernel(double[] x, double[] y) => x.Zip(y).Sum(pair => pair.First * pair.Second) / Basis.Frequencies;
        double Mean(IEnumerable<double[]> xs, IEnumerable<double[]> ys) => (from x in xs from y in ys select Kernel(x, y)).Average();
        double Apart(double[][] xs) => (from i in Enumerable.Range(0, xs.Length) from j in Enumerable.Range(0, xs.Length) where i != j select Kernel(xs[i], xs[j])).Average();
        var (sa, sb) = (FourierSketch.Of(Basis, a), FourierSketch.Of(Basis, b));
        Assert.Equal(Mean(ea, ea) + Mean(eb, eb) - (2 * Mean(ea, eb)), sa.BiasedDiscrepancy(sb)!.Value, 1e-8);
        Assert.Equal(Apart(ea) + Apart(eb) - (2 * Mean(ea, eb)), sa.UnbiasedDiscrepancy(sb)!.Value, 1e-8);
        Assert.Equal(sa.UnbiasedDiscrepancy(sb), sb.UnbiasedDiscrepancy(sa));
    }

    [Fact]
    public void Discrepancy_without_enough_rows_is_not_defined()
    {
        var (none, one) = (FourierSketch.Of(Basis, []), FourierSketch.Of(Basis, [1, 2, 3]));
        Assert.Null(none.BiasedDiscrepancy(one));
        Assert.Null(one.UnbiasedDiscrepancy(one));
        Assert.Equal(0, one.BiasedDiscrepancy(one));
    }

    [Fact]
    public void Sketches_of_rows_that_are_not_finite_or_in_another_basis_are_errors()
    {
        Assert.Throws<ArgumentException>(() => FourierSketch.Of(Basis, [1, double.NaN, 2]));
        Assert.Throws<ArgumentException>(() => FourierSketch.Of(Basis, [1, 2]));
        Assert.Throws<ArgumentException>(() => FourierSketch.Of(Basis, []).Merge(FourierSketch.Of(FourierBasis.Of("other", 3, 16, 1.5), [])));
    }

    [Theory]
    [InlineData("""{"count":1,"sums":["4294967296","0"]}""", null)]
    [InlineData("""{"count":1,"sums":["4294967297","0"]}""", "sums")]
    [InlineData("""{"count":1,"sums":["0"]}""", "sums")]
    [InlineData("""{"count":1,"sums":[0,0]}""", "sums[0]")]
    [InlineData("""{"count":-1,"sums":["0","0"]}""", "count")]
    public void Read_takes_what_rows_can_have_and_refuses_the_rest_with_the_field(string json, string? fault)
    {
        FourierSketch Read() => FourierSketch.Read(JsonNode.Parse(json), FourierBasis.Of("test", 1, 1, 1), "sketch");
        if (fault is null)
            Assert.Equal(1, Read().Count);
        else
            Assert.Contains(fault, Assert.Throws<FormatException>(Read).Message, StringComparison.Ordinal);
    }

    private static double[][] Embed(double[] rows) => [.. rows.Chunk(3).Select(row =>
    {
        var embedding = new double[Basis.Components];
        Basis.Embed(row, embedding);
        return embedding;
    })];
}
