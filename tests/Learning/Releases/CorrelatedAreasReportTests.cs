using System.Text;
using CsCheck;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Tests.Learning.Releases;

public sealed class CorrelatedAreasReportTests
{
    [Fact]
    public void Of_fewer_rows_of_a_class_than_the_policy_demands_says_so_and_no_more() =>
        Gen.Select(Gen.Select(Gen.Double[-3, 3], Gen.Bool).Array[0, 40], Gen.Int[1, 15], Gen.Int[1, 15]).Sample((rows, minimumNegatives, minimumPositives) =>
        {
            var labels = rows.Select(row => row.Item2).ToArray();
            var report = CorrelatedAreasReport.Of([[.. rows.Select(row => row.Item1)]], labels, minimumNegatives, minimumPositives);

            var enough = labels.Count(label => label) >= Math.Max(2, minimumPositives) && labels.Count(label => !label) >= Math.Max(2, minimumNegatives);
            Assert.Equal(enough, report.Areas is not null);
            Assert.Equal(enough ? null : Withholding.TooFew, report.Withheld);
            Assert.True(report.Fits(minimumNegatives, minimumPositives));
            Assert.Equal(report.Write(), CorrelatedAreasReport.Read(report.Write()).Write());
        });

    [Fact]
    public void Fits_only_a_minimum_that_it_has_the_rows_for()
    {
        var report = CorrelatedAreasReport.Of([[1, 2, 3, 4, 5]], [true, false, true, false, false], 1, 1);
        Assert.True(report.Fits(3, 2));
        Assert.False(report.Fits(4, 2));
        Assert.False(report.Fits(3, 3));
        Assert.False(report.Fits(0, 0));
        Assert.True(CorrelatedAreasReport.WithheldByPolicy.Fits(0, 0));
        Assert.False(CorrelatedAreasReport.WithheldByPolicy.Fits(1, 1));
    }

    [Fact]
    public void Write_what_is_withheld_says_why_in_one_word()
    {
        Assert.Equal("""{"areas":null,"withheld":"policy"}""", Encoding.UTF8.GetString(CorrelatedAreasReport.WithheldByPolicy.Write()));
        Assert.Equal("""{"areas":null,"withheld":"too-few"}""", Encoding.UTF8.GetString(CorrelatedAreasReport.Of([[]], [], 1, 1).Write()));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"areas":null,"withheld":null}""")]
    [InlineData("""{"areas":null,"withheld":"few"}""")]
    [InlineData("""{"areas":null,"withheld":"policy","why":"x"}""")]
    [InlineData("""{"areas":{},"withheld":null}""")]
    [InlineData("""{"areas":{"areas":[0.5],"covariances":[0.01],"negatives":5,"positives":5},"withheld":"policy"}""")]
    public void Read_another_payload_is_refused(string json) => Assert.Throws<FormatException>(() => CorrelatedAreasReport.Read(Encoding.UTF8.GetBytes(json)));
}
