using System.Text;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Releases;

/// <summary>What sites say of two models on the same rows, and what it comes to.</summary>
public sealed class SiteComparisonTests
{
    private static readonly ComparedModel s_production = new(new StudyDigest(Sha256Digest.Of("study"u8)), Sha256Digest.Of("parameters"u8), Sha256Digest.Of("constants"u8));

    // Rows of a site: whether they have the outcome, and two scores.
    private static Gen<(bool Label, double Ours, double Theirs)[]> Rows =>
        Gen.Select(Gen.Bool, Gen.Double[-3, 3], Gen.Double[-3, 3]).Array[6, 60].Where(rows => rows.Count(row => row.Item1) is > 1 and var positives && rows.Length - positives > 1);

    [Fact]
    public void Comparison_of_one_site_is_DeLong_on_its_rows() => Rows.Sample(rows =>
    {
        var areas = Areas(rows);
        var direct = areas.Covariance(0, 0) + areas.Covariance(1, 1) - (2 * areas.Covariance(0, 1));

        var effects = SiteComparison.Merge([(SiteId.Parse("north"), Report(rows))]).NotWorse(0.1).Effects!;

        if (direct <= 1e-6)
            return; // both rank alike: what counts then, CorrelatedAreasTests hold
        Assert.Equal(areas.Areas[0] - areas.Areas[1], effects.Mean.Value, 12);
        Assert.Equal(Math.Sqrt(direct), effects.StandardError, 12);
    });

    [Fact]
    public void Model_against_itself_differs_by_exactly_nothing_and_passes_every_margin_that_so_many_rows_can_vouch_for() => Rows.Sample(rows =>
    {
        var same = rows.Select(row => (row.Label, row.Ours, row.Ours)).ToArray();
        var least = Math.Min(rows.Count(row => row.Label), rows.Count(row => !row.Label));
        var comparison = SiteComparison.Merge([(SiteId.Parse("north"), Report(same))]);
        var vouched = 1.96 / (least + 2); // 0 ± 1.96/(N + 2): two equal models on few rows are no certainty

        Assert.Equal(0, comparison.NotWorse(0.5).Difference);
        Assert.True(vouched + 0.001 >= 1 || comparison.NotWorse(vouched + 0.001).IsPassed);
        Assert.False(comparison.NotWorse(vouched - 0.001).IsPassed);
    });

    [Fact]
    public void Sites_that_tell_nothing_do_not_count_and_where_none_tells_nothing_passes()
    {
        var north = Report([(true, 2, 1), (true, 1, 2), (false, 0, 1.5), (false, -1, 0)]);
        var withheld = SiteComparison.Merge([(SiteId.Parse("south"), CorrelatedAreasReport.WithheldByPolicy), (SiteId.Parse("east"), CorrelatedAreasReport.Of([[1], [1]], [true], 5, 5))]);

        Assert.Empty(withheld.Differences);
        Assert.False(withheld.NotWorse(0.9).IsPassed);
        Assert.Equal(1, SiteComparison.Merge([.. withheld.Sites, (SiteId.Parse("north"), north)]).NotWorse(0.9).Effects!.Sites);
    }

    [Fact]
    public void Read_what_was_written_is_the_same() => Rows.Sample(rows =>
    {
        var report = new ComparisonReport(s_production, Report(rows));
        var comparison = SiteComparison.Merge([(SiteId.Parse("south"), report.Report), (SiteId.Parse("north"), CorrelatedAreasReport.WithheldByPolicy)]);

        Assert.Equal(report.Write(), ComparisonReport.Read(report.Write()).Write());
        Assert.Equal(s_production, ComparisonReport.Read(report.Write()).Against);
        Assert.Equal(comparison.Write(), SiteComparison.Read(comparison.Write()).Write());
        Assert.Equal("north", comparison.Sites[0].Site.Value);
    });

    [Theory]
    [InlineData("[0.8]", "[0.01]")] // of one model
    [InlineData("[0.8,0.7,0.6]", "[0.01,0,0.01,0,0,0.01]")] // of three
    [InlineData("[0.8,0.7]", "[0.9,0,0.01]")] // a variance that no such area has
    [InlineData("[0.8,0.7]", "[0.01,0.02,0.01]")] // a covariance beyond both variances
    [InlineData("[0.8,0.7]", "[1e-310,0,1e-310]")] // so sure as no whole number of rows is: it would have all the weight, or stop the sum
    [InlineData("[1.8,0.7]", "[0.01,0,0.01]")]
    public void Areas_that_no_scores_of_two_models_can_have_are_refused(string areas, string covariances)
    {
        var against = Encoding.UTF8.GetString(CanonicalJson.Write(s_production.ToJson()));
        string Payload(string a, string c) => $$"""{"against":{{against}},"areas":{"areas":{{a}},"covariances":{{c}},"negatives":20,"positives":20},"withheld":null}""";

        Assert.NotNull(ComparisonReport.Read(Encoding.UTF8.GetBytes(Payload("[0.8,0.7]", "[0.002,0.001,0.002]"))).Report.Areas);
        Assert.Throws<FormatException>(() => ComparisonReport.Read(Encoding.UTF8.GetBytes(Payload(areas, covariances))));
    }

    [Fact]
    public void Difference_that_only_rounding_leaves_counts_as_none()
    {
        const string Forged = """{"areas":{"areas":[0.8,0.8],"covariances":[0.002,0.001999999999999999,0.002],"negatives":20,"positives":20},"withheld":null}""";

        var difference = CorrelatedAreasReport.Read(Encoding.UTF8.GetBytes(Forged)).Areas!.Difference(0, 1);

        Assert.Equal(1.0 / (22 * 22), difference.Variance, 12);
    }

    [Fact]
    public void Order_is_read_as_it_was_written_and_nothing_longer_than_a_step_is_given()
    {
        var order = new ComparisonOrder(s_production.Study, """{"age":{"mean":60}}"""u8.ToArray());

        Assert.Equal(order.Constants.ToArray(), ComparisonOrder.Read(order.Write()).Constants.ToArray());
        Assert.Equal(order.Study, ComparisonOrder.Read(order.Write()).Study);
        Assert.Throws<FormatException>(() => ComparisonOrder.Read("""{"constants":{}}"""u8));
        Assert.Throws<FormatException>(() => ComparisonOrder.Read(new ComparisonOrder(s_production.Study, CanonicalJson.Write(new string('x', ComparisonOrder.MaximumLength))).Write()));
    }

    private static CorrelatedAreas Areas((bool Label, double Ours, double Theirs)[] rows) => Report(rows).Areas!;

    private static CorrelatedAreasReport Report((bool Label, double Ours, double Theirs)[] rows) =>
        CorrelatedAreasReport.Of([[.. rows.Select(row => row.Ours)], [.. rows.Select(row => row.Theirs)]], [.. rows.Select(row => row.Label)], 1, 1);
}
