using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Studies;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData.Quality;

/// <summary>Numbers far from the rest of their measure go to the steward, and what is decided about them holds.</summary>
public sealed class SpreadReviewTests
{
    private const string Iqr = "outliers-iqr";
    private const string Z = "outliers-z";

    [Fact]
    public void Numbers_outside_are_put_before_the_steward_farthest_first_by_both_rules()
    {
        // -70, 50 to 149, 240, 290, 999: Q1 74.75, Q3 126.25, so the far fences are -79.75 and 280.75; median 100.5, MAD 26, so a modified z of 3.5 is 134.9 off.
        var run = Measure(240, 290, 999, -70).Check();

        Assert.Equal([999.0, 290.0], Flagged(run, Iqr));
        Assert.Equal([999.0, 290.0, -70.0, 240.0], Flagged(run, Z));
        Assert.Equal([1.0 / 52, 1.0 / 26], [run.Report.Spreads.Single().OutsideIqr, run.Report.Spreads.Single().OutsideZ]);
        Assert.Equal((1, 0), Counts(run, Iqr));
    }

    [Fact]
    public void Values_that_are_kept_are_not_shown_or_counted_again_and_others_come_up()
    {
        var ward = Measure([.. Enumerable.Range(0, 9).Select(i => 400.0 + i)]);
        var source = ward.Open();
        Assert.Equal((1, 1), Counts(ward.Check(), Iqr)); // 9 of 109 are more than one in twenty

        var decisions = Decide(source, findings: 4, rule => rule == Iqr ? "keep" : "");
        var run = ward.Check(decisions: decisions);

        Assert.Equal([404.0, 403.0, 402.0, 401.0, 400.0], Flagged(run, Iqr));
        Assert.Equal(9, Flagged(run, Z).Length);
        Assert.Equal((1, 0), Counts(run, Iqr));
        Assert.Equal(4, run.Report.Results.Single(result => result.Rule.Id == Iqr).Kept);
    }

    [Fact]
    public void Values_that_are_excluded_or_corrected_are_gone_for_both_rules()
    {
        var ward = Measure(400, 500);
        var source = ward.Open();
        var first = true;

        var decisions = Decide(source, findings: 10, rule => rule != Iqr ? "" : first ? First() : "correct 100");
        var run = ward.Check(decisions: decisions);

        Assert.Empty(run.Findings);
        Assert.Equal(101, run.Report.Spreads.Single().Numbers);

        string First()
        {
            first = false;
            return "exclude";
        }
    }

    [Fact]
    public void Flagged_values_are_bounded_the_farthest_shown_and_the_rest_counted()
    {
        var run = Run(Measure([.. Enumerable.Range(0, 30).Select(i => 400.0 + i)]).Open(), findings: 5);

        Assert.Equal([429.0, 428.0, 427.0, 426.0, 425.0], Flagged(run, Iqr));
        Assert.Equal([(Iqr, 25), (Z, 25)], run.More);
    }

    [Fact]
    public void Rest_of_every_rule_is_counted_and_the_first_are_shown()
    {
        var ward = Ward.Sound();
        for (var i = 0; i < 50; i++)
            ward.Number("p1", 30 + i, "8867-4", i % 10, "/min");

        var run = Run(ward.Open(), findings: 10);

        Assert.Contains(("range-heart-rate", 40L), run.More);
        Assert.Equal([0.0, 1.0, 2.0], run.Findings.Where(finding => finding.Rule == "range-heart-rate").Take(3).Select(finding => finding.Event.Number));
    }

    [Fact]
    public void What_waits_is_counted_by_rule_whether_any_of_it_is_shown_or_not()
    {
        var ward = Measure([.. Enumerable.Range(0, 9).Select(i => 400.0 + i)]);
        var kept = Decide(ward.Open(), findings: 4, rule => rule == Iqr ? "keep" : "");

        Assert.Equal([new QualityQueue(Iqr, 9, 1), new QualityQueue(Z, 9, 1)], Run(ward.Open(), findings: 0).Queue);
        Assert.Equal([new QualityQueue(Iqr, 5, 1), new QualityQueue(Z, 9, 1)], ward.Check(decisions: kept).Queue);
    }

    [Fact]
    public void Nothing_is_looked_for_where_nobody_asks()
    {
        var run = Run(Measure(999).Open(), findings: null);

        Assert.Empty(run.Findings);
        Assert.Empty(run.Queue);
        Assert.Equal(1.0 / 101, run.Report.Spreads.Single().OutsideIqr);
    }

    [Fact]
    public void Few_numbers_or_numbers_half_of_which_are_one_say_nothing()
    {
        var few = new Ward().Born("p", 1960, "male");
        for (var i = 0; i < 98; i++)
            few.Number("p", i, "2345-7", 80 + i, "mg/dL");
        var same = new Ward().Born("p", 1960, "male");
        for (var i = 0; i < 120; i++)
            same.Number("p", i, "2345-7", 80, "mg/dL");

        Assert.Empty(few.Number("p", 200, "2345-7", 9999, "mg/dL").Check().Findings);
        Assert.Empty(same.Number("p", 200, "2345-7", 9999, "mg/dL").Check().Findings);
    }

    // 100 numbers that lie close, and others.
    private static Ward Measure(params double[] others)
    {
        var ward = new Ward().Born("p", 1960, "male");
        for (var i = 0; i < 100; i++)
            ward.Number("p", i, "2345-7", 50 + i, "mg/dL");
        foreach (var (i, number) in others.Index())
            ward.Number("p", 200 + i, "2345-7", number, "mg/dL");
        return ward;
    }

    private static EventDecisions Decide(ClinicalSource source, int findings, Func<string, string> decide)
    {
        var lines = ReviewQueue.Write(Run(source, findings).Findings, source).TrimEnd('\n').Split('\n');
        var table = string.Join('\n', lines.Select((line, i) => i == 0 ? line : line + decide(line.Split(',')[0])));
        var log = new DecisionLog(new SimulatedDisk(1), "ehr.jsonl", Ward.Key);
        return log.Of(log.Append("grace", Ward.ImportedAt, source.Snapshot, ReviewQueue.Read(table, source)).Mark, source.Snapshot.Imports);
    }

    private static QualityRun Run(ClinicalSource source, int? findings) =>
        QualityCheck.Of(source, new QualityScope(null, SiteQuality.None), _ => false, findings, TestContext.Current.CancellationToken);

    private static double[] Flagged(QualityRun run, string rule) => [.. run.Findings.Where(finding => finding.Rule == rule).Select(finding => finding.Event.Number)];

    private static (long, long) Counts(QualityRun run, string rule) => run.Report.Results.Where(result => result.Rule.Id == rule).Select(result => (result.Checked, result.Failed)).Single();
}
