using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class CorrelatedAreasTests
{
    private static readonly Gen<double> s_score = Gen.OneOf(Gen.Double[-9, 9], Gen.Int[-3, 3].Select(value => value / 2.0));
    private static readonly Gen<(double A, double B, bool Label)[]> s_rows = Gen.Select(s_score, s_score, Gen.Bool).Array[0, 60];

    // DeLong, DeLong and Clarke-Pearson 1988: the 43 of 49 patients with ovarian cancer for whom albumin, total protein and the K-G score were all known, as
    // the SAS/STAT User's Guide gives them (PROC LOGISTIC, example "Comparing Receiver Operating Characteristic Curves"), for whom its tables are too.
    private static readonly double[] s_albumin =
    [
        3.0, 3.2, 3.9, 2.8, 3.2, 0.9, 2.5, 1.6, 3.8, 3.7, 3.2, 3.8, 4.1, 3.6, 4.3, 3.6, 2.3, 4.2, 4.0, 3.5, 3.8, 3.0,
        4.5, 3.7, 3.1, 4.1, 4.3, 4.3, 3.2, 2.6, 3.3, 1.7, 3.7, 3.3, 4.2, 3.5, 2.9, 2.1, 2.8, 4.0, 3.3, 3.7, 3.6,
    ];

    private static readonly double[] s_protein =
    [
        5.8, 6.3, 6.8, 4.8, 5.8, 4.0, 5.7, 5.6, 5.7, 6.7, 5.4, 6.6, 6.6, 5.7, 7.0, 6.7, 4.4, 7.6, 6.6, 5.8, 6.8, 4.7,
        7.4, 7.4, 6.6, 8.2, 7.0, 6.5, 5.1, 4.7, 6.8, 4.0, 6.1, 6.3, 7.7, 6.2, 5.7, 4.8, 6.2, 7.0, 5.7, 6.9, 6.6,
    ];

    private static readonly double[] s_score10 =
    [
        10, 5, 3, 6, 3, 5, 8, 5, 5, 6, 4, 6, 5, 5, 4, 4, 6, 4, 6, 6, 7, 8, 5, 5, 6, 6, 5, 4, 5, 6, 6, 7, 5, 7, 6, 5, 9, 7, 8, 7, 6, 5, 5,
    ];

    private static readonly int[] s_withoutBenefit = [0, 3, 5, 6, 15, 17, 18, 21, 30, 31, 36, 38];

    private static CorrelatedAreas Ovarian => CorrelatedAreas.Of(
        [s_albumin, [.. s_score10.Select(score => 10 - score)], s_protein], [.. Enumerable.Range(0, 43).Select(i => !s_withoutBenefit.Contains(i))])!;

    [Theory]
    [InlineData(0, 0.7366, 0.0927)] // albumin
    [InlineData(1, 0.7258, 0.1028)] // K-G score
    [InlineData(2, 0.6478, 0.1000)] // total protein
    public void Areas_of_DeLong_s_ovarian_cancer_patients_are_the_published_ones(int curve, double area, double error)
    {
        Assert.Equal((31L, 12L), (Ovarian.Positives, Ovarian.Negatives));
        Assert.Equal(area, Ovarian.Areas[curve], 0.00005);
        Assert.Equal(error, Math.Sqrt(Ovarian.Covariance(curve, curve)), 0.00005);
        Assert.Equal(area - (1.95996 * error), Ovarian.Interval(curve).Low, 0.0002);
    }

    [Theory]
    [InlineData(0, 0.0108, 0.0953)]
    [InlineData(2, -0.0780, 0.1046)]
    public void Difference_to_the_K_G_score_is_the_published_one(int curve, double difference, double error)
    {
        var found = Ovarian.Difference(curve, 1);
        Assert.Equal(difference, found.Value, 0.00005);
        Assert.Equal(error, Math.Sqrt(found.Variance), 0.00005);
    }

    [Fact]
    public void Of_two_curves_is_DeLong_s_definition_pair_by_pair()
    {
        s_rows.Sample(rows =>
        {
            var (positives, negatives) = (rows.Where(row => row.Label).ToArray(), rows.Where(row => !row.Label).ToArray());
            var areas = Of(rows);
            if (positives.Length < 2 || negatives.Length < 2)
            {
                Assert.Null(areas);
                return;
            }

            static double Psi(double high, double low) => high > low ? 1 : high == low ? 0.5 : 0;
            static double Covariance(double[] x, double[] y) => x.Zip(y, (a, b) => (a - x.Average()) * (b - y.Average())).Sum() / (x.Length - 1) / x.Length;
            var v10 = new[] { positives.Select(p => negatives.Average(n => Psi(p.A, n.A))).ToArray(), positives.Select(p => negatives.Average(n => Psi(p.B, n.B))).ToArray() };
            var v01 = new[] { negatives.Select(n => positives.Average(p => Psi(p.A, n.A))).ToArray(), negatives.Select(n => positives.Average(p => Psi(p.B, n.B))).ToArray() };
            for (var i = 0; i < 2; i++)
            {
                Assert.Equal(v10[i].Average(), areas!.Areas[i], 1e-12);
                for (var j = 0; j < 2; j++)
                    Assert.Equal(Covariance(v10[i], v10[j]) + Covariance(v01[i], v01[j]), areas.Covariance(i, j), 1e-12);
            }

            Assert.Equal(areas!.ToJson().ToJsonString(), CorrelatedAreas.Read(JsonNode.Parse(areas.ToJson().ToJsonString()), "areas").ToJson().ToJsonString());
        });
    }

    [Fact]
    public void Of_rows_in_another_order_is_the_same_to_the_bit() => s_rows.Sample(rows =>
        Assert.Equal(Of(rows)?.ToJson().ToJsonString(), Of([.. rows.Reverse()])?.ToJson().ToJsonString()));

    [Fact]
    public void Logit_is_by_the_delta_method()
    {
        var (area, variance) = (Ovarian.Areas[0], Ovarian.Covariance(0, 0));
        const double step = 1e-6;
        var slope = (Math.Log((area + step) / (1 - area - step)) - Math.Log((area - step) / (1 - area + step))) / (2 * step);
        Assert.Equal(Math.Log(area / (1 - area)), Ovarian.Logit(0).Value, 1e-12);
        Assert.Equal(variance * slope * slope, Ovarian.Logit(0).Variance, 1e-6);
    }

    [Theory]
    [InlineData(1, 20.5, 0.5)]
    [InlineData(-1, 0.5, 20.5)]
    [InlineData(0, 10.5, 10.5)] // all scores are equal
    public void Logit_without_variance_is_that_of_a_share_of_the_smaller_class(int sign, double right, double wrong)
    {
        var areas = Of([.. Enumerable.Range(0, 120).Select(i => (sign * (i < 20 ? 1.0 : -1.0), 0.0, i < 20))])!;
        Assert.Equal(0, areas.Covariance(0, 0));
        Assert.Equal(new SiteEstimate(Math.Log(right / wrong), (1 / right) + (1 / wrong)), areas.Logit(0));
    }

    [Fact]
    public void Difference_of_models_that_rank_alike_is_0_and_not_certain()
    {
        var areas = Of([.. Enumerable.Range(0, 120).Select(i => (A: i % 17 * 1.0, B: Math.Exp(i % 17), Label: i % 6 == 0))])!;
        Assert.True(areas.Covariance(0, 0) > 0);
        Assert.Equal(new SiteEstimate(0, 1.0 / (22 * 22)), areas.Difference(0, 1)); // 20 positives
    }

    [Fact]
    public void Difference_of_a_perfect_model_to_a_perfectly_wrong_one_is_Agresti_s_and_Min_s()
    {
        var found = Of([.. Enumerable.Range(0, 20).Select(i => (i < 10 ? 1.0 : 0, i < 10 ? 0.0 : 1, i < 10))])!.Difference(0, 1);
        // 10 pairs, all turned: 10.5 and 0.5 of 12.
        Assert.Equal(10.0 / 12, found.Value, 1e-12);
        Assert.Equal((11 - (100 / 12.0)) / 144, found.Variance, 1e-12);
    }

    [Fact]
    public void Of_scores_that_are_no_numbers_or_too_few_is_an_error()
    {
        Assert.Throws<ArgumentException>(() => CorrelatedAreas.Of([[0, double.NaN, 1, 2]], [true, false, true, false]));
        Assert.Throws<ArgumentException>(() => CorrelatedAreas.Of([[0, 1, 2]], [true, false, true, false]));
        Assert.Throws<ArgumentOutOfRangeException>(() => CorrelatedAreas.Of([], [true, false]));
    }

    [Theory]
    [InlineData("positives", "1")]
    [InlineData("negatives", "12.5")]
    [InlineData("areas", "[0.7,0.7]")]
    [InlineData("areas", "[1.2,0.7,0.6]")]
    [InlineData("areas", "[1,0.7258,0.6478]")] // whose variance is 0
    [InlineData("areas", "[]")]
    [InlineData("covariances", "[0.0086,0.005]")]
    [InlineData("covariances", "[-0.0086,0.005,0.0106,0.0077,0.0048,0.01]")]
    [InlineData("covariances", "[0.0086,0.02,0.0106,0.0077,0.0048,0.01]")] // a correlation above 1
    [InlineData("covariances", "[0.5,0.005,0.0106,0.0077,0.0048,0.01]")] // more than shares can vary
    [InlineData("rows", "43")]
    public void Read_what_no_scores_can_have_is_refused(string field, string value)
    {
        var json = Ovarian.ToJson();
        json[field] = JsonNode.Parse(value);
        Assert.Throws<FormatException>(() => CorrelatedAreas.Read(json, "areas"));
    }

    private static CorrelatedAreas? Of((double A, double B, bool Label)[] rows) => CorrelatedAreas.Of(
        [[.. rows.Select(row => row.A)], [.. rows.Select(row => row.B)]], [.. rows.Select(row => row.Label)]);
}
