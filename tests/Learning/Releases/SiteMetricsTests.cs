using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Releases;

public sealed class SiteMetricsTests
{
    private static readonly Gen<(double Logit, bool Label)[]> s_rows =
        Gen.Select(Gen.OneOf(Gen.Double[-9, 9], Gen.Int[-3, 3].Select(value => value / 2.0)), Gen.Bool).Array[0, 80];

    [Fact]
    public void Of_a_site_tells_what_its_histogram_tells_or_too_few_where_a_class_is_below_the_minimum()
    {
        Gen.Select(s_rows, Gen.Int[1, 20]).Sample((rows, minimum) =>
        {
            var suppressed = Histogram(rows).Suppress(minimum);
            var report = SiteMetricsReport.Of(suppressed, minimum);
            if (rows.Count(row => row.Label) < minimum || rows.Count(row => !row.Label) < minimum)
            {
                Assert.Equal(Withholding.TooFew, report.Withheld);
                Assert.Null(report.Metrics);
            }
            else
            {
                Assert.Null(report.Withheld);
                Assert.Equal(ClassifierMetrics.Of(suppressed).ToJson().ToJsonString(), report.Metrics!.ToJson().ToJsonString());
            }

            Assert.True(report.Fits(minimum));
            Assert.Equal(report.Write(), SiteMetricsReport.Read(report.Write()).Write());

            var exact = SiteMetricsReport.Of(suppressed, minimum, CorrelatedAreas.Of([[.. rows.Select(row => row.Logit)]], [.. rows.Select(row => row.Label)]));
            Assert.Equal(exact.Write(), SiteMetricsReport.Read(exact.Write()).Write()); // whatever the bins, the area is one that they leave open
            Assert.Equal(report.Metrics is null || rows.Count(row => row.Label) < 2 || rows.Count(row => !row.Label) < 2, exact.ExactArea is null);
        });
    }

    [Fact]
    public void Write_what_is_withheld_says_why_in_one_word()
    {
        Assert.Equal("""{"metrics":null,"withheld":"policy"}""", Encoding.UTF8.GetString(SiteMetricsReport.WithheldByPolicy.Write()));
        Assert.Equal("""{"metrics":null,"withheld":"too-few"}""", Encoding.UTF8.GetString(SiteMetricsReport.Of(null, 1).Write()));
    }

    [Fact]
    public void Fits_a_manifest_that_says_what_the_policy_let_out()
    {
        Assert.True(SiteMetricsReport.WithheldByPolicy.Fits(0));
        Assert.False(SiteMetricsReport.WithheldByPolicy.Fits(1));
        Assert.False(SiteMetricsReport.Of(null, 1).Fits(0));
        Assert.True(Told.Fits(2));
        Assert.False(Told.Fits(3)); // of two positives
        Assert.False(Told.Fits(0));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"metrics":null,"withheld":null}""")]
    [InlineData("""{"metrics":null,"withheld":"few"}""")]
    [InlineData("""{"metrics":null,"withheld":"Policy"}""")]
    [InlineData("""{"metrics":null,"withheld":"policy","why":"x"}""")]
    [InlineData("""{"metrics":{},"withheld":null}""")]
    public void Read_another_payload_is_refused(string json) => Assert.Throws<FormatException>(() => SiteMetricsReport.Read(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData("negatives", "-1")]
    [InlineData("negatives", "2.5")]
    [InlineData("positives", "0")] // of one class there is no area
    [InlineData("positives", "1e300")]
    [InlineData("auroc", "1.01")]
    [InlineData("auroc", "null")]
    [InlineData("aurocBound", "-0.1")]
    [InlineData("auprc", "\"0.5\"")]
    [InlineData("accuracy", "2")]
    [InlineData("brier", "null")]
    [InlineData("calibrationIntercept", "1")] // and no slope
    [InlineData("rows", "1")]
    public void Read_metrics_that_no_scores_can_have_is_refused(string field, string value)
    {
        var json = JsonNode.Parse(Told.Write())!;
        json["metrics"]![field] = JsonNode.Parse(value);
        Assert.Throws<FormatException>(() => SiteMetricsReport.Read(CanonicalJson.Write(json)));
    }

    [Theory]
    [InlineData("areas", "[0.9]")] // the bins say 0.75
    [InlineData("areas", "[0.75,0.75]")] // of two models
    [InlineData("negatives", "3")]
    [InlineData("covariances", "[-0.1]")]
    public void Read_an_area_of_other_rows_is_refused(string field, string value)
    {
        var json = JsonNode.Parse(Exact.Write())!;
        Assert.Equal(0.75, SiteMetricsReport.Read(CanonicalJson.Write(json)).Area!.Value.Value);

        json["areas"]![field] = JsonNode.Parse(value);
        if (value == "[0.75,0.75]")
            json["areas"]!["covariances"] = JsonNode.Parse("[0.1,0,0.1]");
        Assert.Throws<FormatException>(() => SiteMetricsReport.Read(CanonicalJson.Write(json)));
    }

    [Fact]
    public void Area_of_what_is_withheld_or_of_a_number_is_refused()
    {
        foreach (var report in new[] { SiteMetricsReport.WithheldByPolicy, SiteMetricsReport.OfNumber(RegressionSums.Of(0, 40, [1, 2, 3, 4, 5], [2, 2, 2, 2, 2]).Suppress(5)) })
        {
            var json = report.ToJson();
            json["areas"] = Exact.ToJson()["areas"]!.DeepClone();
            Assert.Throws<FormatException>(() => SiteMetricsReport.Read(CanonicalJson.Write(json)));
        }
    }

    [Fact]
    public void Mean_over_sites_is_of_those_that_tell_their_own_area()
    {
        Assert.Null(SiteMetrics.Merge([(SiteId.Parse("north"), Told)]).AreaLogit);

        var effects = SiteMetrics.Merge([(SiteId.Parse("north"), Told), (SiteId.Parse("south"), Exact), (SiteId.Parse("west"), Exact)]).AreaLogit!;

        Assert.Equal(2, effects.Sites);
        Assert.Equal(0.75, effects.Mean.FromLogit().Value, 12);
    }

    [Fact]
    public void Merge_keeps_each_site_s_words_in_the_order_of_their_names_and_reads_back()
    {
        var (north, south, west) = (SiteId.Parse("north"), SiteId.Parse("south"), SiteId.Parse("west"));
        var merged = SiteMetrics.Merge([(west, Told), (north, SiteMetricsReport.WithheldByPolicy), (south, SiteMetricsReport.Of(null, 5))]);

        var read = SiteMetrics.Read(merged.Write());

        Assert.Equal([north, south, west], read.Sites.Select(item => item.Site));
        Assert.Equal([Withholding.Policy, Withholding.TooFew, null], read.Sites.Select(item => item.Report.Withheld));
        Assert.Equal(0.75, read.Sites[2].Report.Metrics!.Auroc);
        Assert.Equal(merged.Write(), read.Write());
        Assert.Equal(merged.Write(), SiteMetrics.Merge(merged.Sites.Reverse()).Write());
    }

    [Theory]
    [InlineData("south", "north")]
    [InlineData("north", "north")]
    [InlineData("North", "south")]
    public void Read_sites_out_of_order_twice_or_without_a_name_is_refused(string first, string second)
    {
        var item = """{"metrics":null,"site":"SITE","withheld":"policy"}""";
        var json = $$"""{"sites":[{{item.Replace("SITE", first, StringComparison.Ordinal)}},{{item.Replace("SITE", second, StringComparison.Ordinal)}}]}""";
        Assert.Throws<FormatException>(() => SiteMetrics.Read(Encoding.UTF8.GetBytes(json)));
    }

    // Two of each class, of whose four pairs one is in the wrong order. Whatever calibration this has, both of its figures are left out.
    private static SiteMetricsReport Told { get; } = Uncalibrated(SiteMetricsReport.Of(Histogram([(-2, false), (1, false), (0.5, true), (2, true)]), 2));

    // The same, and its area besides.
    private static SiteMetricsReport Exact
    {
        get
        {
            var json = Told.ToJson();
            json["areas"] = CorrelatedAreas.Of([[-2, 1, 0.5, 2]], [false, false, true, true])!.ToJson();
            return SiteMetricsReport.Read(CanonicalJson.Write(json));
        }
    }

    private static SiteMetricsReport Uncalibrated(SiteMetricsReport report)
    {
        var json = report.ToJson();
        (json["metrics"]!["calibrationIntercept"], json["metrics"]!["calibrationSlope"]) = (null, null);
        return SiteMetricsReport.Read(CanonicalJson.Write(json));
    }

    private static ScoreHistogram Histogram((double Logit, bool Label)[] rows) =>
        ScoreHistogram.Of(rows.Select(row => row.Logit).ToArray(), rows.Select(row => row.Label).ToArray());
}
