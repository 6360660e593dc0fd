using System.Globalization;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData.Quality;

public sealed class QualityReportTests
{
    private static readonly QualityReport s_report = Ward.Sound().Number("pseudonym-17", 30, "8867-4", 7123.25, "/min").Check().Report;

    [Fact]
    public void Json_holds_counts_and_verdicts()
    {
        var json = JsonNode.Parse(QualityReportJson.Write(s_report, StudyQuality.Default))!;

        var rule = json["rules"]!.AsArray().Single(rule => rule!["rule"]!.GetValue<string>() == "range-heart-rate")!;
        Assert.Equal((181, 1, "passed"), (rule["checked"]!.GetValue<int>(), rule["failed"]!.GetValue<int>(), rule["verdict"]!.GetValue<string>()));
        Assert.True(json["passed"]!.GetValue<bool>());
        Assert.Equal(61, json["patients"]!.GetValue<int>());
    }

    [Fact]
    public void Neither_form_holds_a_patients_value_or_pseudonym()
    {
        var both = QualityReportJson.Write(s_report, StudyQuality.Default) + QualityPage.Write("ehr", s_report, StudyQuality.Default);

        Assert.DoesNotContain("7123", both, StringComparison.Ordinal);
        Assert.DoesNotContain("pseudonym-17", both, StringComparison.Ordinal);
    }

    [Fact]
    public void Page_is_well_formed_and_needs_nothing_from_elsewhere()
    {
        var page = QualityPage.Write("<ehr>", s_report, StudyQuality.Default, "a & b");

        var html = XDocument.Parse(page.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal).Replace("<meta charset=\"utf-8\">", "", StringComparison.Ordinal)
            .Replace("'unsafe-inline'\">", "'unsafe-inline'\"/>", StringComparison.Ordinal));
        Assert.True(html.Descendants("svg").Count() >= 3);
        Assert.Contains("&lt;ehr&gt; for the study a &amp; b", page, StringComparison.Ordinal);
        foreach (var word in (string[])["<script", "src=", "href=", "url(", "@import"])
            Assert.DoesNotContain(word, page, StringComparison.Ordinal);
    }

    [Fact]
    public void Documentation_lists_every_rule_as_it_is()
    {
        var page = File.ReadAllText(SharedData.Fixture("../../docs/reference/quality.md"));

        Assert.Equal(BuiltInRules.All.Select(Row), page.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal) && BuiltInRules.All.Any(rule => line.StartsWith($"| `{rule.Id}` |", StringComparison.Ordinal))));
        Assert.Contains(Row(BuiltInRules.FeaturePlausible("NAME", "RANGE")), page, StringComparison.Ordinal);
        Assert.Contains(Row(BuiltInRules.FeatureUnit("NAME", "UNIT")), page, StringComparison.Ordinal);
        Assert.Contains(Row(BuiltInRules.FeatureLevel("NAME")), page, StringComparison.Ordinal);
        Assert.Contains(Row(BuiltInRules.FeatureCoverage("NAME", isRequired: true)), page, StringComparison.Ordinal);
        Assert.Contains(Row(BuiltInRules.FeatureCoverage("NAME", isRequired: false)), page, StringComparison.Ordinal);
    }

    private static string Row(QualityRuleInfo rule) => string.Create(CultureInfo.InvariantCulture,
        $"| `{rule.Id}` | {rule.Dimension.Word()} | {rule.Severity.Word()} | {rule.Sentence} | {rule.Of.Word()} | {rule.MaximumShare * 100:0.##} % | {(rule.IsReviewed ? "yes" : "no")} |");
}
