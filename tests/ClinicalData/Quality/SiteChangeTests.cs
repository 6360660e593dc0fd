using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;
using Xunit;

namespace FederatedClinicalMl.Tests.ClinicalData.Quality;

/// <summary>A site changes rules that come with the software: in its own report as it says, for a study only where it is the stricter.</summary>
public sealed class SiteChangeTests
{
    private const string Rule = "range-heart-rate"; // high, 1 %

    // 3 of 183 numbers fail: 1.6 %.
    private readonly Ward _ward = Ward.Sound().Number("p1", 30, "8867-4", 7, "/min").Number("p2", 30, "8867-4", 8, "/min").Number("p3", 30, "8867-4", 9, "/min");

    [Theory]
    [InlineData("maximum-share: 0.05", QualitySeverity.High, QualityVerdict.Passed)]
    [InlineData("severity: low", QualitySeverity.Low, QualityVerdict.Failed)]
    [InlineData("severity: medium, maximum-share: 0.02", QualitySeverity.Medium, QualityVerdict.Passed)]
    public void Rule_that_is_loosened_keeps_nobody_out_of_the_sites_own_report_and_still_out_of_a_study(string change, QualitySeverity severity, QualityVerdict verdict)
    {
        var report = Check(change);

        var result = report.Results.Single(result => result.Rule.Id == Rule);
        Assert.Equal((severity, verdict), (result.Rule.Severity, result.Verdict));
        Assert.Empty(report.Failing(null));
        Assert.Equal([Rule], report.Loosened.Select(loosened => loosened.Rule.Id));
        var gate = Assert.Single(report.Failing(StudyQuality.Default)).Rule;
        Assert.Equal((Rule, QualitySeverity.High, 0.01), (gate.Id, gate.Severity, gate.MaximumShare));
        Assert.Empty(report.Failing(new StudyQuality([QualitySeverity.Critical], [])));
    }

    [Fact]
    public void Rule_that_is_tightened_keeps_the_site_out_of_everything()
    {
        var ward = Ward.Sound().Number("p1", 30, "8867-4", 7, "/min"); // 1 of 181: 0.6 %
        Assert.Empty(ward.Check().Report.Failing(StudyQuality.Default));

        var report = ward.Check(siteRules: Site("maximum-share: 0")).Report;

        Assert.Equal([Rule], report.Failing(null).Select(result => result.Rule.Id));
        Assert.Equal([(Rule, 0.0)], report.Failing(StudyQuality.Default).Select(result => (result.Rule.Id, result.Rule.MaximumShare)));
        Assert.Empty(report.Loosened);
    }

    [Fact]
    public void Severity_that_is_raised_keeps_the_site_out_where_the_study_names_it_or_the_one_that_comes()
    {
        var report = Check("severity: critical");

        Assert.Equal([QualitySeverity.Critical], report.Failing(new StudyQuality([QualitySeverity.Critical], [])).Select(result => result.Rule.Severity));
        Assert.Equal([QualitySeverity.High], report.Failing(new StudyQuality([QualitySeverity.High], [])).Select(result => result.Rule.Severity));
    }

    [Fact]
    public void Every_built_in_rule_can_be_changed_and_keeps_its_place_in_the_report()
    {
        var changes = string.Join('\n', BuiltInRules.Ids.Select(rule => $"  - {{rule: {rule}, severity: medium, reason: all of them}}"));

        var report = _ward.Check(siteRules: $"quality: 1\nchanges:\n{changes}").Report;

        Assert.Equal(BuiltInRules.Ids, report.Results.Select(result => result.Rule.Id));
        Assert.All(report.Results, result => Assert.Equal((QualitySeverity.Medium, "all of them"), (result.Rule.Severity, result.Rule.Reason)));
        Assert.Equal(BuiltInRules.All, report.Results.Select(result => result.Rule.AsItComes));
    }

    [Fact]
    public void Both_forms_of_the_report_show_what_was_changed_from_what_and_why()
    {
        var report = Check("severity: medium, maximum-share: 0.05");

        var json = JsonNode.Parse(QualityReportJson.Write(report, null))!;
        var rule = json["rules"]!.AsArray().Single(rule => (string)rule!["rule"]! == Rule)!;
        Assert.Equal(("medium", 0.05), ((string)rule["severity"]!, (double)rule["maximum-share"]!));
        Assert.Equal(("high", 0.01, "neonates & infants"), ((string)rule["change"]!["severity"]!, (double)rule["change"]!["maximum-share"]!, (string)rule["change"]!["reason"]!));
        Assert.Equal([Rule], json["loosened"]!.AsArray().Select(node => (string)node!));
        Assert.True((bool)json["passed"]!);
        Assert.False((bool)JsonNode.Parse(QualityReportJson.Write(report, StudyQuality.Default))!["passed"]!);

        var page = QualityPage.Write("ehr", report, null);
        Assert.Contains("changed by this site</b>: comes as high with 1 % allowed. neonates &amp; infants", page, StringComparison.Ordinal);
        Assert.Contains("keep this site out of a study that says nothing of quality: range-heart-rate", page, StringComparison.Ordinal);
        var ofStudy = QualityPage.Write("ehr", report, StudyQuality.Default, "study");
        Assert.Contains("Kept out of rounds by: range-heart-rate", ofStudy, StringComparison.Ordinal);
        Assert.Contains("fails as it comes", ofStudy, StringComparison.Ordinal);
        Assert.DoesNotContain("fails as it comes", page, StringComparison.Ordinal);
    }

    private static string Site(string change) => $"quality: 1\nchanges:\n  - {{rule: {Rule}, {change}, reason: neonates & infants}}";

    private QualityReport Check(string change) => _ward.Check(siteRules: Site(change)).Report;
}
