using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Learning.Metrics;

public sealed class RandomEffectsTests
{
    private static readonly Gen<SiteEstimate[]> s_sites = Gen.Select(Gen.Double[-3, 3], Gen.Double[0.001, 2], (value, variance) => new SiteEstimate(value, variance)).Array[2, 12];

    // Raudenbush 2009 ("Analyzing effect sizes: random-effects models", Handbook of Research Synthesis and Meta-Analysis, 2nd edition), table 16.1: teachers' expectancy and pupils' IQ, 19 studies.
    private static readonly SiteEstimate[] s_expectancy =
    [
        new(0.03, 0.0156), new(0.12, 0.0216), new(-0.14, 0.0279), new(1.18, 0.1391), new(0.26, 0.1362), new(-0.06, 0.0106), new(-0.02, 0.0106), new(-0.32, 0.0484), new(0.27, 0.0269), new(0.80, 0.0630),
        new(0.54, 0.0912), new(0.18, 0.0497), new(-0.02, 0.0835), new(0.23, 0.0841), new(-0.18, 0.0253), new(-0.06, 0.0279), new(0.30, 0.0193), new(0.07, 0.0088), new(-0.07, 0.0303),
    ];

    // Colditz and others 1994 (JAMA 271): tuberculosis after BCG vaccination, 13 trials (cases and others vaccinated, cases and others not), as log risk ratios.
    private static readonly SiteEstimate[] s_vaccine =
    [
        .. new (double, double, double, double)[]
        {
            (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761), (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892),
            (29, 7470, 45, 7232), (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
        }.Select(trial =>
        {
            var (a, b, c, d) = trial;
            return new SiteEstimate(Math.Log(a / (a + b) / (c / (c + d))), (1 / a) - (1 / (a + b)) + (1 / c) - (1 / (c + d)));
        }),
    ];

    [Fact]
    public void Of_the_teachers_expectancy_studies_is_the_published_mean_with_Hartung_s_and_Knapp_s_interval()
    {
        // The same chapter, page 302 and table 16.3 on page 309 (DerSimonian-Laird; Knapp-Hartung), to four digits in the metafor package's reproduction of it.
        var found = RandomEffects.Of(s_expectancy);
        Assert.Equal(19, found.Sites);
        Assert.Equal(35.8295, found.Q!.Value, 0.00005);
        Assert.Equal(0.0259, found.TauSquared, 0.00005);
        Assert.Equal(0.0893, found.Mean.Value, 0.00005);
        Assert.Equal(0.0636, found.StandardError, 0.00005);
        Assert.Equal(-0.0442, found.Mean.Low, 0.00005);
        Assert.Equal(0.2229, found.Mean.High, 0.00005);
        Assert.Equal(0.0558, found.StandardError / Math.Sqrt(found.HartungKnapp!.Value), 0.00005); // the classical error
    }

    [Fact]
    public void Of_the_BCG_trials_is_the_published_heterogeneity()
    {
        // metafor's tests against Stata's metan, and of confint() on these trials: DerSimonian-Laird, and the Q-profile's intervals.
        var found = RandomEffects.Of(s_vaccine);
        Assert.Equal(152.2330, found.Q!.Value, 0.00005);
        Assert.InRange(found.QChance!.Value, 0, 0.0001);
        Assert.Equal(-0.7141, found.Mean.Value, 0.00005);
        Assert.Equal(0.3088, found.TauSquared, 0.00005);
        Assert.Equal(0.921173, found.ISquared!.Value.Value, 0.0000005);
        Assert.Equal(0.819177, found.ISquared.Value.Low, 0.0001); // R's uniroot solves for τ² to 0.0001
        Assert.Equal(0.976781, found.ISquared.Value.High, 0.0001);
        Assert.Equal("random effects over 13 sites, I² = 92 % (82 to 98 %)", found.Basis);
    }

    [Fact]
    public void Of_sites_is_what_the_definitions_say()
    {
        s_sites.Sample(sites =>
        {
            var found = RandomEffects.Of(sites);
            var k = sites.Length;
            double[] w = [.. sites.Select(site => 1 / site.Variance)];
            var common = sites.Zip(w, (site, weight) => site.Value * weight).Sum() / w.Sum();
            var q = sites.Zip(w, (site, weight) => weight * Math.Pow(site.Value - common, 2)).Sum();
            var tauSquared = Math.Max(0, (q - (k - 1)) / (w.Sum() - (w.Sum(weight => weight * weight) / w.Sum())));
            double[] r = [.. sites.Select(site => 1 / (site.Variance + tauSquared))];
            var mean = sites.Zip(r, (site, weight) => site.Value * weight).Sum() / r.Sum();
            var spread = sites.Zip(r, (site, weight) => weight * Math.Pow(site.Value - mean, 2)).Sum() / (k - 1);
            var error = Math.Sqrt(Math.Max(1, spread) / r.Sum());
            Close(q, found.Q!.Value);
            Close(tauSquared, found.TauSquared);
            Close(mean, found.Mean.Value);
            Close(spread, found.HartungKnapp!.Value);
            Close(mean - (StudentT.Quantile(0.975, k - 1) * error), found.Mean.Low);
            Close(mean + (StudentT.Quantile(0.975, k - 1) * error), found.Mean.High);
            Close(Math.Max(0, (q - (k - 1)) / q), found.ISquared!.Value.Value);
            Assert.Equal(k < 3, found.Prediction is null);
            if (found.Prediction is { } prediction)
                Close(mean + (StudentT.Quantile(0.975, k - 2) * Math.Sqrt(tauSquared + (error * error))), prediction.High);

            void Close(double expected, double actual) => Assert.Equal(expected, actual, 1e-7 * Math.Max(1, Math.Abs(expected)));
        });
    }

    [Fact]
    public void Of_sites_in_another_order_is_the_same_to_the_bit() => s_sites.Sample(sites => Assert.Equal(RandomEffects.Of(sites), RandomEffects.Of([.. sites.Reverse()])));

    [Fact]
    public void Interval_is_never_narrower_than_the_sites_own_errors_allow() => s_sites.Sample(sites =>
        Assert.True(RandomEffects.Of(sites).StandardError >= 0.999999 / Math.Sqrt(sites.Sum(site => 1 / site.Variance))));

    [Fact]
    public void Of_sites_that_agree_by_chance_the_interval_is_as_wide_as_their_errors()
    {
        var found = RandomEffects.Of([new(0.01, 0.04), new(0.0101, 0.04)]);
        Assert.InRange(found.HartungKnapp!.Value, 0, 1e-6);
        Assert.Equal(0, found.TauSquared);
        Assert.Equal(0.01005 - (12.706 * Math.Sqrt(0.02)), found.Mean.Low, 0.0001); // t with one degree of freedom
        Assert.Equal(0, found.ISquared!.Value.Value);
    }

    [Fact]
    public void Of_one_site_is_its_own_interval_and_says_nothing_of_others()
    {
        var found = RandomEffects.Of([new(0.3, 0.01)]);
        Assert.Equal(0.3, found.Mean.Value);
        Assert.Equal(0.3 - 0.195996, found.Mean.Low, 0.000001);
        Assert.Equal(0.3 + 0.195996, found.Mean.High, 0.000001);
        Assert.Null(found.Q);
        Assert.Null(found.QChance);
        Assert.Null(found.ISquared);
        Assert.Null(found.Prediction);
        Assert.Contains("one site", found.Basis, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_site_that_weighs_most_is_still_defined()
    {
        var found = RandomEffects.Of([new(0, 1e-30), new(0.1, 1), new(0.2, 1)]);
        Assert.True(double.IsFinite(found.Mean.Low) && double.IsFinite(found.ISquared!.Value.High) && found.TauSquared >= 0);
    }

    [Fact]
    public void Areas_as_logits_come_back_as_areas_within_0_and_1()
    {
        var area = RandomEffects.Of([new(Math.Log(4), 0.1), new(Math.Log(9), 0.2)]).Mean.FromLogit();
        Assert.InRange(area.Value, 0.8, 0.9);
        Assert.InRange(area.Low, 0, area.Value);
        Assert.InRange(area.High, area.Value, 1);
    }

    [Fact]
    public void Of_none_or_of_what_is_certain_is_an_error()
    {
        foreach (var sites in (SiteEstimate[][])[[], [new(0.1, 0)], [new(0.1, -1)], [new(double.NaN, 1)], [new(0.1, double.PositiveInfinity)], [new(0.1, double.NaN)]])
            Assert.Throws<ArgumentException>(() => RandomEffects.Of(sites));
    }
}
