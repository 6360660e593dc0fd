using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning;

public sealed class ProfileReportTests
{
    private const int Minimum = 5;

    private static readonly Study s_study = StudyText.Of("""
        {name: age, unit: a, range: [0, 120], missing: mean}
        {name: lab, unit: mmol/L, range: [0, 50], missing: mean}
        {name: stage, type: category, levels: [1, 2, 3], missing: no-level}
        """);

    // Small sites too, few categories, values missing and implausible.
    private static readonly Gen<(double[] Values, float[] Labels)> s_site =
        from rows in Gen.Int[0, 60]
        from ages in Gen.Frequency((9, Gen.Int[20, 90].Select(age => (double)age)), (1, Gen.Const(double.NaN))).Array[rows]
        from labs in Gen.Frequency((6, Gen.Double[0, 50]), (3, Gen.Const(double.NaN)), (1, Gen.Const(900.0))).Array[rows]
        from stages in Gen.Frequency((9, Gen.OneOf(1.0, 1.0, 1.0, 2.0, 3.0)), (1, Gen.OneOf(double.NaN, 7.0))).Array[rows]
        from labels in Gen.OneOf(0f, 0f, 0f, 1f).Array[rows]
        select (Enumerable.Range(0, rows).SelectMany(i => new[] { ages[i], labs[i], stages[i] }).ToArray(), labels);

    [Fact]
    public void Profile_of_several_sites_is_that_of_all_rows_in_one_place_where_nothing_is_withheld() => s_site.Array[1, 5].Sample(sites =>
    {
        var profile = StudyProfile.Merge(sites.Select((site, i) => (SiteId.Parse($"site-{i}"), ProfileReport.Of(s_study, site.Values, site.Labels, [], minimum: 1))).Reverse());
        var pooled = ProfileReport.Of(s_study, sites.SelectMany(site => site.Values).ToArray(), sites.SelectMany(site => site.Labels).ToArray(), [], minimum: 1);

        for (var j = 0; j < 2; j++)
        {
            var (number, without) = profile.Number(j);
            Assert.Empty(without);
            Assert.Equal(pooled.Numbers[j]!.Moments, number!.Moments);
            Assert.Equal(pooled.Numbers[j]!.Histogram!.ToJson().ToJsonString(), number.Histogram!.ToJson().ToJsonString());
        }

        Assert.Equal(pooled.Categories[2]!.Cells, profile.Category(2).Cells);
        Assert.Equal(pooled.Outcome!.Cells, profile.Outcome!.Cells);
    }, iter: 100);

    [Theory]
    [InlineData(3000)]
    [InlineData(4096)]
    public void Profile_of_the_widest_study_at_a_large_site_fits_a_release_and_is_read_again(int width)
    {
        var study = StudyText.Of(string.Join('\n', Enumerable.Range(0, width).Select(j => $"{{name: {LongestName(j)}, unit: mmol/L, range: [0, 640], missing: mean}}")));
        var rows = Enumerable.Range(0, 66).Select(i => (i * 10) - 5.0).ToArray(); // one in each cell of the grid and on either side of it
        var values = rows.SelectMany(row => Enumerable.Repeat(row, width)).ToArray();
        var report = ProfileReport.Of(study, values, new float[rows.Length], [], minimum: 1).Write(study);

        // A site of a hundred million rows has seven more digits in each count, and 20 in the sums.
        var most = report.Length + ((long)width * ((66 * 7) + 40));

        Assert.InRange(most, 1, ReleaseManifest.MaximumJsonLength);
        Assert.Equal(report, ProfileReport.Read(study, report).Write(study));
    }

    // A column's name has at most 128 characters.
    private static string LongestName(int number) => $"f{number:D4}".PadRight(128, 'x');

    [Fact]
    public void Profile_lets_no_small_count_out_nor_one_that_follows_by_subtraction() => s_site.Sample(site =>
    {
        var report = ProfileReport.Of(s_study, site.Values, site.Labels, [], Minimum);

        Assert.True(report.Fits(Minimum));
        for (var j = 0; j < 2; j++)
        {
            // What is missing is the rows less the values that are there: both leave, or neither.
            var missing = site.Labels.Length - Enumerable.Range(0, site.Labels.Length).Count(i => !float.IsNaN(InputEncoder.Plausible(s_study.Data.Features[j], site.Values[(i * 3) + j])));
            var isSmall = missing is > 0 and < Minimum || (site.Labels.Length - missing) is > 0 and < Minimum;
            Assert.Equal(isSmall, report.Numbers[j]!.Moments is null);
            Assert.Equal(report.Numbers[j]!.Moments is null, report.Numbers[j]!.Histogram is null);
        }

        foreach (var counts in new[] { report.Categories[2]!, report.Outcome! })
        {
            var withheld = counts.Cells.Count(cell => cell is null);
            Assert.True(withheld != 1 || counts.Rows is null, "One withheld cell is the rows less all others.");
            if (withheld > 0 && counts.Rows is { } rows)
                Assert.True(rows - counts.Cells.Sum(cell => cell ?? 0) >= Minimum);
        }
    }, iter: 500);

    [Fact]
    public void Flow_lets_out_no_step_that_tells_how_few_were_left_out()
    {
        var report = ProfileReport.Of(Clinical, [.. Enumerable.Repeat(50.0, 40)], new float[40], [(100, 110), (98, 108), (98, 108), (90, 100), (87, 97), (60, 70), (43, 43), (40, 40)], Minimum);

        // From the end: 43 would tell that 3 were left out, 90 that 3 were, 100 that 2 were.
        Assert.Equal([null, 98, 98, null, 87, 60, null, 40], report.Flow.Select(step => step.Patients));
        Assert.Equal(40, report.Flow[^1].Rows);
    }

    [Fact]
    public void Profile_is_read_as_it_was_written_and_anything_else_is_refused() => s_site.Sample(site =>
    {
        var json = ProfileReport.Of(s_study, site.Values, site.Labels, [], Minimum).Write(s_study);

        Assert.Equal(json, ProfileReport.Read(s_study, json).Write(s_study));
        var merged = StudyProfile.Merge([(SiteId.Parse("a"), ProfileReport.Read(s_study, json))]).Write(s_study);
        Assert.Equal(merged, StudyProfile.Read(s_study, merged).Write(s_study));
        Assert.Throws<FormatException>(() => ProfileReport.Read(s_study, merged));
    }, iter: 50);

    private static Study Clinical
    {
        get
        {
            var check = StudyChecker.CheckYaml("""
                protocol: 1
                name: clinical
                title: A study over events
                purpose: Show a flow.
                ethics: Made-up data
                data:
                  dataset: ehr
                  cohort:
                    index: {event: encounter}
                    include: [{name: adults, kind: age, range: [18, 120]}]
                    outcome: {name: ill, of: [condition], within: 30d}
                  features: [{use: age-at-index@1}]
                model: {kind: logistic-regression}
                federation: {rounds: 1, quorum: 1, aggregation: plain}
                """);
            return check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
        }
    }
}
