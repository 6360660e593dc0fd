using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Monitoring;

public sealed class DayReportTests
{
    [Fact]
    public void Sum_of_days_is_the_report_of_all_their_rows() => Gen.Select(Reports.Row.Array[0, 40], Reports.Row.Array[0, 40]).Sample((first, second) =>
    {
        var sum = Reports.Of(Reports.Monday, first, shadows: 3);
        sum.Add(Reports.Of(Reports.Monday.AddDays(1), second, shadows: 4));

        Assert.Equal(Reports.Of(Reports.Monday, [.. first, .. second], shadows: 7).Write(), sum.Write());
    });

    [Fact]
    public void Read_what_was_written_is_the_same() => Reports.Row.Array[0, 40].Sample(rows =>
    {
        var written = Reports.Of(Reports.Monday, rows, shadows: 2).Write();

        Assert.Equal(written, DayReport.Read(written, Reports.Version.Model, Reports.Study, Reports.Basis).Write());
    });

    [Fact]
    public void Row_without_a_score_and_row_of_a_shadow_are_counted_and_no_more()
    {
        var report = Reports.Of(Reports.Monday, [(float.NaN, 50, 1, null, 100), (0.5f, 900, float.NaN, null, 100)], shadows: 1);

        Assert.Equal((1, 1, 1, 0), (report.Answered, report.Shadow, report.UnscoredMissing, report.UnscoredOther));
        Assert.Equal(((0, 1), (1, 0)), (report.Absent(0), report.Absent(1)));
    }

    [Theory]
    [InlineData("\"answered\":2", "\"answered\":3")] // does not add up
    [InlineData("\"day\":\"2027-03-01\"", "\"day\":\"2027-3-1\"")]
    [InlineData("\"format\":3", "\"format\":1")]
    [InlineData("\"format\":3", "\"format\":2")] // which has no sketch
    [InlineData("\"sketch\":{\"count\":2", "\"sketch\":{\"count\":3")] // of other rows
    [InlineData("\"line\":\"heart\"", "\"line\":\"../x\"")]
    [InlineData("\"name\":\"age\"", "\"name\":\"weight\"")]
    [InlineData("\"shadow\":0", "\"shadow\":-1")]
    [InlineData("\"shadow\":0", "\"shadow\":0,\"zeal\":0")]
    [InlineData("\"bands\":[[[", "\"bands\":[[[1,")]
    [InlineData("\"shared\":[\"0000100000000000\"]", "\"shared\":[\"00001\"]")]
    [InlineData("\"shared\":[\"0000100000000000\"]", "\"shared\":[\"0000200000000000\"]")]
    [InlineData("\"subgroups\":{", "\"subgroups\":null,\"more\":{")]
    public void Changed_report_is_refused(string was, string changed)
    {
        var written = Encoding.UTF8.GetString(Reports.Of(Reports.Monday, [(0.1f, 50, 1, true, 100), (0.9f, 60, 2, null, 200)]).Write());
        Assert.Contains(was, written, StringComparison.Ordinal);

        Assert.Throws<FormatException>(() => DayReport.Read(Encoding.UTF8.GetBytes(written.Replace(was, changed, StringComparison.Ordinal)), Reports.Version.Model, Reports.Study, Reports.Basis));
    }

    [Fact]
    public void Report_of_before_subgroups_were_counted_is_read_and_its_window_is_told_without_them()
    {
        var rows = Enumerable.Range(0, 200).Select(i => (Logit: (i % 9) - 4f, Age: 20f + (i % 60), Stage: 1f + (i % 3), Outcome: (bool?)(i % 2 == 0), Time: 100)).ToList();
        var json = (JsonObject)CanonicalJson.Read(Reports.Of(Reports.Monday, rows).Write())!;
        (_, _, _) = (json.Remove("subgroups"), json.Remove("bands"), json.Remove("sketch"));
        json["format"] = 2;
        var older = DayReport.Read(CanonicalJson.Write(json), Reports.Version.Model, Reports.Study, Reports.Basis);
        var sum = Reports.Of(Reports.Monday.AddDays(1), rows);
        Assert.NotNull(Reports.Window(sum, 5).Outcomes!.Subgroups);

        sum.Add(older);

        Assert.Equal(400, sum.Answered);
        var told = Reports.Window(sum, 5);
        Assert.Equal(400, told.Outcomes!.Scores!.Bins.Sum(bin => bin.Count));
        Assert.Null(told.Outcomes.Subgroups);
        Assert.DoesNotContain("subgroups", told.ToJson(Reports.Study).ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(sum.Write(), DayReport.Read(sum.Write(), Reports.Version.Model, Reports.Study, Reports.Basis).Write());
    }

    [Fact]
    public void Outcome_of_a_row_whose_subgroup_is_not_known_any_more_leaves_no_subgroups_of_the_day()
    {
        var report = Reports.Of(Reports.Monday, [(0.1f, 50, 1, true, 100), (0.9f, 60, 2, null, 200)]);
        Assert.NotNull(report.Subgroups);

        report.CountOutcome(0.9f, positive: false, groups: null);

        Assert.Null(report.Subgroups);
        Assert.Equal(2, report.Outcomes.Bins.Sum(bin => bin.Count));
    }

    [Fact]
    public void Sketch_is_that_of_the_answered_rows() => Reports.Row.Array[0, 40].Sample(rows =>
        Assert.Equal(
            FourierSketch.Of(Reports.Basis, [.. rows.Where(row => !float.IsNaN(row.Logit)).Select(row => Reports.Scaled(row.Age))]).ToJson().ToJsonString(),
            Reports.Of(Reports.Monday, rows, shadows: 2).Sketch!.ToJson().ToJsonString()));

    [Fact]
    public void Report_of_the_format_before_is_read_without_a_sketch_and_has_none_with_whatever_is_added()
    {
        var (before, after) = (Before(), Reports.Of(Reports.Monday.AddDays(1), [(0.3f, 55, 2, null, 100)]));
        before.CountAnswer(0.5f, null, TimeSpan.FromMicroseconds(50), [70, 1], [Reports.Scaled(70)]);
        after.Add(before);

        Assert.Equal((3, null), (before.Answered, before.Sketch));
        Assert.Equal((4, null), (after.Answered, after.Sketch));
        Assert.Equal(after.Write(), DayReport.Read(after.Write(), Reports.Version.Model, Reports.Study, Reports.Basis).Write());

        static DayReport Before()
        {
            var written = JsonNode.Parse(Reports.Of(Reports.Monday, [(0.1f, 50, 1, true, 100), (0.9f, 60, 2, null, 200)]).Write())!.AsObject();
            written["format"] = 2;
            (_, _, _) = (written.Remove("subgroups"), written.Remove("bands"), written.Remove("sketch"));
            return DayReport.Read(CanonicalJson.Write(written), Reports.Version.Model, Reports.Study, Reports.Basis);
        }
    }

    [Fact]
    public void Sketch_where_the_study_has_no_numbers_is_refused() =>
        Assert.Throws<FormatException>(() => DayReport.Read(Reports.Of(Reports.Monday, []).Write(), Reports.Version.Model, Reports.Study));

    [Fact]
    public void Report_of_another_model_is_refused() =>
        Assert.Throws<FormatException>(() => DayReport.Read(Reports.Of(Reports.Monday, []).Write(), Sha256Digest.Of("other"u8), Reports.Study, Reports.Basis));
}
