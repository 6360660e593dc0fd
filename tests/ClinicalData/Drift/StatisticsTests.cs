using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.ClinicalData.Drift;

public sealed class StatisticsTests
{
    // SciPy's own values are right to about that; the issue asks for 1e-9.
    private const double Close = 1e-11;

    [Fact]
    public void Kolmogorov_smirnov_agrees_with_scipy()
    {
        var cases = Golden.Cases("kolmogorovSmirnov").Select(node => (node, ours: KolmogorovSmirnov.Of(node.Numbers("a"), node.Numbers("b")))).ToList();
        Golden.Agree("KS statistic", Close, cases.Select(pair => (pair.node.Number("statistic"), pair.ours.Statistic)));
        Golden.Agree("KS exact p", Close, cases.Select(pair => (pair.node.Number("exact"), pair.ours.P)));
        Golden.Agree("KS limit p", Close, cases.Select(pair => (pair.node.Number("limit"), Limit(pair.node.Numbers("a"), pair.node.Numbers("b"), pair.ours.Statistic))));

        static double Limit(double[] a, double[] b, double d) => KolmogorovLimit.Upper(d * Math.Sqrt((double)a.Length * b.Length / (a.Length + b.Length)));
    }

    [Fact]
    public void Kolmogorov_smirnov_of_large_samples_takes_the_limit()
    {
        double[] a = [.. Enumerable.Range(0, 10_001).Select(i => i / 10_001.0)], b = [.. Enumerable.Range(0, 9_000).Select(i => (i / 9_000.0) + 0.02)];
        var result = KolmogorovSmirnov.Of(a, b);
        Assert.False(result.IsExact);
        Assert.Equal(KolmogorovLimit.Upper(result.Statistic * Math.Sqrt(10_001.0 * 9_000 / 19_001)), result.P, 1e-12);
        Assert.True(KolmogorovSmirnov.Of(a.AsSpan(1), b).IsExact);
    }

    [Fact]
    public void Kolmogorov_smirnov_of_missing_or_no_values_is_an_error()
    {
        Assert.Throws<ArgumentException>(() => KolmogorovSmirnov.Of([1, double.NaN], [1]));
        Assert.Throws<ArgumentException>(() => KolmogorovSmirnov.Of([1], []));
    }

    [Fact]
    public void Chi_square_agrees_with_scipy()
    {
        var cases = Golden.Cases("chiSquare").Select(node =>
        {
            var rows = node["table"]!.AsArray().Select(row => row!.AsArray().Select(cell => cell!.GetValue<long>()).ToArray()).ToArray();
            var table = new long[rows.Length, rows[0].Length];
            for (var i = 0; i < rows.Length; i++)
            {
                for (var j = 0; j < rows[0].Length; j++)
                    table[i, j] = rows[i][j];
            }

            return (node, ours: ChiSquareTest.Of(table));
        }).ToList();
        Golden.Agree("chi-square statistic", Close, cases.Select(pair => (pair.node.Number("statistic"), pair.ours.Statistic)));
        Golden.Agree("chi-square p", Close, cases.Select(pair => (pair.node.Number("p"), pair.ours.P)));
        Golden.Agree("Cramer's V", Close, cases.Select(pair => (pair.node.Number("cramersV"), pair.ours.CramersV)));
        Golden.Agree("smallest expected", Close, cases.Select(pair => (pair.node.Number("smallestExpected"), pair.ours.SmallestExpected)));
        Assert.All(cases, pair => Assert.Equal(pair.node["degrees"]!.GetValue<int>(), pair.ours.DegreesOfFreedom));
    }

    [Fact]
    public void Chi_square_passes_over_cells_that_nobody_is_in() =>
        Assert.Equal(ChiSquareTest.OfCounts([10, 20], [30, 40]), ChiSquareTest.OfCounts([10, 0, 20, 0], [30, 0, 40, 0]));

    [Fact]
    public void Chi_square_of_a_single_cell_says_nothing() => Assert.Equal((0, 0, 1.0), Told(ChiSquareTest.OfCounts([10], [30])));

    [Fact]
    public void Proportions_agree_with_scipy()
    {
        var cases = Golden.Cases("proportions").Select(node => (node, ours: TwoProportions.Of(
            node["k"]!.GetValue<long>(), node["n"]!.GetValue<long>(), node["l"]!.GetValue<long>(), node["m"]!.GetValue<long>()))).ToList();
        Golden.Agree("proportions z", Close, cases.Select(pair => (pair.node.Number("z"), pair.ours.Z)));
        Golden.Agree("proportions p", Close, cases.Select(pair => (pair.node.Number("p"), pair.ours.P)));
        Golden.Agree("Cohen's h", Close, cases.Select(pair => (pair.node.Number("h"), pair.ours.Effect)));
    }

    [Fact]
    public void Proportions_that_are_both_0_or_both_1_have_not_changed()
    {
        Assert.Equal((0, 0, 1, 0), Parts(TwoProportions.Of(0, 100, 0, 50)));
        Assert.Equal((0, 0, 1, 0), Parts(TwoProportions.Of(100, 100, 50, 50)));

        static (double, double, double, double) Parts(ProportionsResult result) => (result.Effect, result.Z, result.P, result.SmallestExpected);
    }

    [Fact]
    public void Correlation_change_agrees_with_scipy()
    {
        var cases = Golden.Cases("correlation").Select(node => (node, ours: CorrelationChange.Of(
            node.Number("r"), node["n"]!.GetValue<long>(), node.Number("s"), node["m"]!.GetValue<long>()))).ToList();
        Golden.Agree("Fisher z", Close, cases.Select(pair => (pair.node.Number("z"), pair.ours.Z)));
        Golden.Agree("Fisher p", Close, cases.Select(pair => (pair.node.Number("p"), pair.ours.P)));
    }

    [Fact]
    public void Correlation_change_of_features_that_determine_each_other_is_finite()
    {
        Assert.Equal(0, CorrelationChange.Of(1, 100, 1, 100).Effect);
        Assert.InRange(CorrelationChange.Of(1, 100, 0.5, 100).Effect, -11, -9);
    }

    [Fact]
    public void Psi_agrees_with_numpy_and_its_tail_with_scipy()
    {
        var cases = Golden.Cases("psi").Select(node => (node, ours: PopulationStability.OfCounts(node.Counts("reference"), node.Counts("current")))).ToList();
        Golden.Agree("PSI", Close, cases.Select(pair => (pair.node.Number("index"), pair.ours.Index)));
        Golden.Agree("PSI p", Close, cases.Select(pair => (pair.node.Number("p"), pair.ours.P)));
    }

    [Theory]
    [InlineData(0.0999, PsiBand.Stable)]
    [InlineData(0.1, PsiBand.Moderate)]
    [InlineData(0.2499, PsiBand.Moderate)]
    [InlineData(0.25, PsiBand.Major)]
    public void Psi_bands_begin_at_a_tenth_and_a_quarter(double index, PsiBand band) => Assert.Equal(band, new PsiResult(index, 10, 0).Band);

    [Fact]
    public void Tails_agree_with_scipy()
    {
        Tail("normalTail", node => NullDistributions.NormalTail(node.Number("x")));
        Tail("chiSquareTail", node => NullDistributions.ChiSquareTail(node.Number("x"), node.Number("degrees")));
        Tail("chiSquareTail", node => NullDistributions.ChiSquareQuantile(0.05, node.Number("degrees")), "quantile");
        Tail("kolmogorovTail", node => KolmogorovLimit.Upper(node.Number("x")));

        static void Tail(string name, Func<JsonNode, double> ours, string field = "p") =>
            Golden.Agree($"{name} {field}", Close, Golden.Cases(name).Select(node => (node.Number(field), ours(node))));
    }

    [Fact]
    public void Quantiles_have_the_tail_that_they_are_asked_for() =>
        Gen.Double[0.0001, 0.9].Sample(p =>
        {
            Assert.Equal(p, NullDistributions.TwoSided(NullDistributions.TwoSidedQuantile(p)), 1e-10);
            Assert.Equal(p, KolmogorovLimit.Upper(KolmogorovLimit.UpperQuantile(p)), 1e-10);
            Assert.Equal(p, NullDistributions.ChiSquareTail(NullDistributions.ChiSquareQuantile(p, 9), 9), 1e-8);
        });

    [Fact]
    public void Binned_kolmogorov_smirnov_lies_within_its_bound_of_the_values_own()
    {
        var values = Gen.Double[0, 10].Array[1, 60];
        Gen.Select(values, values).Sample((a, b) =>
        {
            var grid = HistogramGrid.Uniform(0, 10, 7);
            var (ha, hb) = (ValueHistogram.Of(grid, a).CellCounts()!, ValueHistogram.Of(grid, b).CellCounts()!);
            var (whole, binned) = (KolmogorovSmirnov.Of(a, b), KolmogorovSmirnov.OfCounts(ha, hb));
            Assert.InRange(whole.Statistic, binned.Statistic - 1e-12, binned.Statistic + binned.ErrorBound + 1e-12);
            Assert.True(binned.ErrorBound <= ((double)ha.Max() / a.Length) + 1e-12);
        });
    }

    [Fact]
    public void Groups_keep_all_counts_and_are_large_enough()
    {
        var counts = Gen.Frequency((2, Gen.Long[0, 3]), (2, Gen.Long[0, 100])).Array[8];
        Gen.Select(counts, counts).Where((a, b) => a.Sum() > 0 && b.Sum() > 0).Sample((a, b) =>
        {
            var (ra, rb) = CellGroups.ByMass(a, b, 4);
            Assert.Equal((a.Sum(), b.Sum()), (ra.Sum(), rb.Sum()));
            Assert.All(ra, group => Assert.True(group * 4 >= a.Sum()));
            var (ea, eb) = CellGroups.ByExpected(a, b);
            Assert.Equal((a.Sum(), b.Sum()), (ea.Sum(), eb.Sum()));
            Assert.True(ea.Length == 1 || ChiSquareTest.OfCounts(ea, eb).SmallestExpected >= CellGroups.LeastExpected - 1e-9);
        });
    }

    [Fact]
    public void Benjamini_hochberg_of_the_paper_s_example_rejects_the_first_four()
    {
        // Benjamini and Hochberg 1995, section 4.1: fifteen comparisons of a trial of thrombolysis; at 0.05 their procedure rejects four (Bonferroni's three).
        double[] p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000];
        // By hand: p · 15 / rank, and from the largest down never above the one after.
        double[] expected =
        [
            0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.0298 * 15 / 7, 0.0298 * 15 / 7, 0.0645,
            0.0765, 0.486, 0.4262 * 15 / 11, 0.714875, 0.6528 * 15 / 13, 0.7590 * 15 / 14, 1,
        ];
        var q = BenjaminiHochberg.Adjust(p);
        Golden.Agree("BH q", 1e-12, expected.Zip(q));
        Assert.Equal(4, q.Count(value => value <= 0.05));
    }

    [Fact]
    public void Benjamini_hochberg_answers_in_the_order_it_was_asked()
    {
        Assert.Equal([0.04, 0.02, 0.04, 1], BenjaminiHochberg.Adjust([0.03, 0.005, 0.02, 1]).Select(q => Math.Round(q, 12)));
        Assert.Empty(BenjaminiHochberg.Adjust([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => BenjaminiHochberg.Adjust([0.1, double.NaN]));
    }

    [Fact]
    public void Alpha_spending_adds_up_to_all_of_it_and_not_more()
    {
        var spent = Enumerable.Range(1, 20_000).Sum(AlphaSpending.Share);
        Assert.InRange(spent, 0.9999, 1);
        Assert.Equal(0.6079, AlphaSpending.Share(1), 1e-4);
    }

    private static (double, int, double) Told(ChiSquareResult result) => (result.Statistic, result.DegreesOfFreedom, result.P);
}
