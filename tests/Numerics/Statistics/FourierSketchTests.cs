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

    // Székely and Bakirov 2003: of all Σ λ χ²₁ with Σ λ = 1 none exceeds an x from 1.5365 more often than χ²₁ does. k equal weights: χ²_k / k. Two weights a and b, in polar
    // coordinates, where the squared radius is exponential: the mean over angles of exp(-x / (2 (a cos² + b sin²))), by the trapezoid rule, which is exact to the last digits for periodic
    // functions.
    [Fact]
    public void No_weighted_sum_of_chi_squares_exceeds_the_bound_that_the_paper_gives()
    {
        for (var x = 1.5365; x < 40; x *= 1.1)
        {
            var bound = ChiSquared.Upper(x, 1);
            for (var k = 2; k <= 64; k++)
                Assert.True(ChiSquared.Upper(k * x, k) < bound + 1e-5, $"{k} equal weights at {x}");
            for (var a = 0.5; a < 1; a += 0.01)
                Assert.True(TwoWeights(a, x) < bound + 1e-5, $"weights {a} and {1 - a} at {x}");
        }

        // It is no wider than it must be: a little below, two equal weights exceed it.
        Assert.True(TwoWeights(0.5, 1.53) > ChiSquared.Upper(1.53, 1));
    }

    [Fact]
    public void Sums_of_many_random_weights_keep_within_the_bound()
    {
        var random = DeterministicRandom.Of("weights");
        for (var round = 0; round < 40; round++)
        {
            double[] weights = [.. Enumerable.Range(0, 2 + (round % 7)).Select(_ => -Math.Log(1 - random.NextDouble()))];
            var total = weights.Sum();
            double[] sums = [.. Enumerable.Range(0, 20_000).Select(_ => weights.Sum(weight => weight / total * Math.Pow(Normal(random), 2)))];
            foreach (var x in new[] { 1.5365, 2.7, 3.84, 6.63 })
            {
                var bound = ChiSquared.Upper(x, 1);
                Assert.InRange(sums.Count(sum => sum > x) / 20_000.0, 0, bound + (4 * Math.Sqrt(bound / 20_000)));
            }
        }
    }

    // Seeds are fixed: 2000 pairs of samples of one distribution each. 3 standard errors are added to what chance may do.
    [Theory]
    [InlineData("normal", 1, 40, 40)]
    [InlineData("normal", 4, 200, 30)]
    [InlineData("skewed", 2, 60, 60)]
    [InlineData("two values", 1, 100, 100)] // one direction: the bound is reached
    [InlineData("two values", 6, 60, 60)]
    public void Bound_is_below_a_level_no_more_often_than_that_without_drift(string rows, int dimension, int n, int m)
    {
        const int Pairs = 2000;
        var (random, basis) = (DeterministicRandom.Of("null", rows), FourierBasis.Of("null", dimension, 32, Math.Sqrt(2 * dimension)));
        double[] bounds = [.. Enumerable.Range(0, Pairs).Select(_ => FourierSketch.Of(basis, Draw(n * dimension)).DriftBound(FourierSketch.Of(basis, Draw(m * dimension)))!.Value)];

        foreach (var level in new[] { 0.001, 0.01, 0.05 })
            Assert.InRange(bounds.Count(bound => bound <= level) / (double)Pairs, 0, level + (3 * Math.Sqrt(level / Pairs)));

        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => rows switch
        {
            "normal" => Normal(random),
            "skewed" => -Math.Log(1 - random.NextDouble()),
            _ => random.NextDouble() < 0.3 ? 1.0 : 0.0,
        })];
    }

    [Fact]
    public void Change_that_leaves_every_number_alone_as_it_was_is_found()
    {
        var (random, basis) = (DeterministicRandom.Of("flip"), FourierBasis.Of("flip", 2, 64, 2));
        var (before, after) = (Rows(0.7), Rows(-0.7));
        var grid = HistogramGrid.Uniform(-5, 5, 64);

        Assert.True(FourierSketch.Of(basis, before).DriftBound(FourierSketch.Of(basis, after)) < 0.0001);
        for (var column = 0; column < 2; column++)
        {
            var (p, q) = CellGroups.ByMass(Counts(before, column), Counts(after, column), 10);
            Assert.InRange(PopulationStability.OfCounts(p, q).P, 0.01, 1);
        }

        long[] Counts(double[] rows, int column)
        {
            var counts = new long[grid.Cells];
            for (var i = column; i < rows.Length; i += 2)
                counts[grid.CellOf(rows[i])]++;
            return counts;
        }

        double[] Rows(double correlation) => [.. Enumerable.Range(0, 500).SelectMany(_ =>
        {
            var (x, y) = (Normal(random), Normal(random));
            return new[] { x, (correlation * x) + (Math.Sqrt(1 - (correlation * correlation)) * y) };
        })];
    }

    [Fact]
    public void Bound_is_that_of_the_rows_own_embeddings()
    {
        var random = DeterministicRandom.Of("bound");
        double[] a = [.. Enumerable.Range(0, 60).Select(_ => Normal(random))], b = [.. Enumerable.Range(0, 45).Select(_ => Normal(random) + 1)];
        double[][] all = [.. Embed(a), .. Embed(b)];
        var mean = Enumerable.Range(0, Basis.Components).Select(i => all.Average(row => row[i])).ToArray();
        var trace = all.Sum(row => row.Zip(mean).Sum(pair => Math.Pow(pair.First - pair.Second, 2))) / Basis.Frequencies / (all.Length - 1);
        var (sa, sb) = (FourierSketch.Of(Basis, a), FourierSketch.Of(Basis, b));

        Assert.Equal(ChiSquared.Upper(20 * 15 / 35.0 * sa.BiasedDiscrepancy(sb)!.Value / trace, 1), sa.DriftBound(sb)!.Value, 1e-7);
        Assert.Equal(sa.DriftBound(sb)!.Value, sb.DriftBound(sa)!.Value, 1e-12);
        Assert.Equal(1, sa.DriftBound(sa));
        Assert.Equal(1, FourierSketch.Of(Basis, [1, 2, 3, 1, 2, 3]).DriftBound(FourierSketch.Of(Basis, [1, 2, 3]))); // rows that are all the same
        Assert.Null(sa.DriftBound(FourierSketch.Of(Basis, [])));
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

    private static double TwoWeights(double a, double x) =>
        Enumerable.Range(0, 512).Average(i => Math.SinCos(Math.PI * i / 512) is var (sine, cosine) ? Math.Exp(-x / (2 * ((a * cosine * cosine) + ((1 - a) * sine * sine)))) : 0);

    private static double Normal(DeterministicRandom random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static double[][] Embed(double[] rows) => [.. rows.Chunk(3).Select(row =>
    {
        var embedding = new double[Basis.Components];
        Basis.Embed(row, embedding);
        return embedding;
    })];
}
