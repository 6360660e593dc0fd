using System.Text;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Releases;

public sealed class EvaluationReportTests
{
    private const string Features = """
        {name: age, unit: a, range: [0, 120], missing: mean, constants: {mean: 50, sd: 10}}
        {name: sex, type: category, levels: [0, 1], missing: no-level}
        """;

    private static readonly Study s_plain = StudyText.Of(Features);
    private static readonly Study s_study = StudyText.Of(Features, evaluation: "{subgroups: [{feature: sex, names: [women, men]}, {feature: age, bands: [45, 65]}]}");

    private static readonly Gen<(double Logit, bool Label, double Age, double Sex)[]> s_rows = Gen.Select(
        Gen.Int[-30, 30].Select(value => value / 8.0), Gen.Bool, Gen.Frequency((9, Gen.Double[0, 120]), (1, Gen.Const(double.NaN))), Gen.Frequency((9, Gen.Int[0, 1].Select(value => (double)value)), (1, Gen.Const(7.0)))).Array[0, 200];

    [Fact]
    public void Report_of_a_study_without_subgroups_has_the_bytes_that_it_always_had()
    {
        var report = EvaluationReport.Of(s_plain, [-1, 1], [0, 1], [40, 0, 50, 1], 1);
        var whole = ScoreHistogram.Of([-1.0, 1.0], [false, true]).Suppress(1);

        Assert.Equal($$"""{"histogram":{{Encoding.UTF8.GetString(CanonicalJson.Write(whole!.ToJson()))}}}""", Encoding.UTF8.GetString(report.Write()));
        Assert.Equal("""{"histogram":null}""", Encoding.UTF8.GetString(EvaluationReport.Of(s_plain, [-1], [0], [40, 0], 5).Write()));
    }

    [Theory]
    [InlineData(44.99, 0, 0, 0)]
    [InlineData(45, 1, 1, 1)]
    [InlineData(64.99, 0, 1, 0)]
    [InlineData(65, 1, 2, 1)]
    [InlineData(double.NaN, 7, 3, 2)] // missing, and no level
    [InlineData(121, double.NaN, 3, 2)] // implausible
    public void Row_is_in_the_subgroup_of_its_raw_value(double age, double sex, int band, int level)
    {
        Assert.Equal([band], SubgroupIndex.Of(s_study, s_study.Evaluation.Subgroups[1], [age, sex]));
        Assert.Equal([level], SubgroupIndex.Of(s_study, s_study.Evaluation.Subgroups[0], [age, sex]));
    }

    [Fact]
    public void Reports_of_sites_fit_add_up_in_any_order_and_read_back() => Gen.Select(s_rows, s_rows, s_rows, Gen.Int[1, 8]).Sample((a, b, c, minimum) =>
    {
        EvaluationReport[] sites = [Of(s_study, a), Of(s_study, b), Of(s_study, c)];
        Assert.All(sites, site => Assert.True(EvaluationReport.Read(site.Write()).Fits(s_study, minimum)));
        Assert.All(sites.Zip(new[] { a, b, c }), site => Assert.Equal(Of(s_plain, site.Second).Write(), (site.First with { Subgroups = null }).Write()));

        var merged = EvaluationReport.Merge(sites);
        Assert.Equal(merged.Write(), EvaluationReport.Merge(sites.Reverse()).Write());
        Assert.Equal(merged.Write(), EvaluationReport.Read(merged.Write()).Write());
        Assert.Equal(3, merged.Subgroups!.Sites);
        for (var partition = 0; partition < 2; partition++)
        {
            for (var group = 0; group < s_study.Evaluation.Subgroups[partition].Groups.Length; group++)
            {
                var told = sites.Select(site => site.Subgroups!.Partitions[partition][group]).Where(one => one.Sum is not null).ToArray();
                var sum = merged.Subgroups.Partitions[partition][group];
                Assert.Equal((told.Length, told.Sum(one => one.Sum!.Positives), told.Sum(one => one.Sum!.SquaredError)), (sum.Sites, sum.Sum?.Positives ?? 0, sum.Sum?.SquaredError ?? 0));
            }
        }

        EvaluationReport Of(Study study, (double Logit, bool Label, double Age, double Sex)[] rows) =>
            EvaluationReport.Of(study, [.. rows.Select(row => row.Logit)], [.. rows.Select(row => row.Label ? 1f : 0)], [.. rows.SelectMany(row => new[] { row.Age, row.Sex })], minimum);
    });

    [Fact]
    public void Release_of_other_subgroups_than_the_study_s_does_not_fit()
    {
        double[] values = [.. Enumerable.Range(0, 40).SelectMany(i => new[] { i < 20 ? 40.0 : 70.0, i % 2 })];
        var report = EvaluationReport.Of(s_study, [.. Enumerable.Range(0, 40).Select(i => i / 2 % 5 - 2.0)], [.. Enumerable.Range(0, 40).Select(i => i / 4 % 2 == 0 ? 1f : 0)], values, 3);
        Assert.All(report.Subgroups!.Partitions, groups => Assert.Contains(groups, group => group.Sum is not null));
        Assert.True(report.Fits(s_study, 3));

        Assert.False(report.Fits(s_plain, 3));
        Assert.False(report.Fits(s_study, 11)); // smaller than what its manifest says
        Assert.False((report with { Subgroups = null }).Fits(s_study, 3));
        Assert.False((report with { Histogram = null }).Fits(s_study, 3));
        Assert.False((report with { Subgroups = report.Subgroups with { Sites = 2 } }).Fits(s_study, 3));
        Assert.False((report with { Subgroups = report.Subgroups with { Partitions = [report.Subgroups.Partitions[0]] } }).Fits(s_study, 3));
        Assert.False((report with { Subgroups = report.Subgroups with { Partitions = [report.Subgroups.Partitions[1], report.Subgroups.Partitions[0]] } }).Fits(s_study, 3));
        Assert.False(EvaluationReport.Merge([report, report]).Fits(s_study, 3));
    }

    [Theory]
    [InlineData("""{"partitions":[],"sites":0}""")]
    [InlineData("""{"partitions":[[]],"sites":1}""")]
    [InlineData("""{"partitions":[[{"sites":1}]],"sites":1}""")]
    [InlineData("""{"partitions":[null],"sites":1}""")]
    [InlineData("""{"partitions":[[null]]}""")]
    [InlineData("""{"partitions":[[null]],"sites":1,"rows":3}""")]
    [InlineData("null")]
    public void Read_what_is_no_count_of_subgroups_is_refused(string subgroups) =>
        Assert.Throws<FormatException>(() => EvaluationReport.Read(Encoding.UTF8.GetBytes($$"""{"histogram":null,"subgroups":{{subgroups}}}""")));
}
