using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Studies.Protocol;

namespace FederatedClinicalMl.Tests.Studies.Features;

public sealed class StudyQualityTests
{
    private const string Study = """
        protocol: 1
        name: quality
        title: Quality
        purpose: To test the checker
        ethics: none needed
        data:
          dataset: ehr
          cohort:
            index: {event: encounter}
            outcome: {name: ill, of: [condition], within: 30d}
          features:
            - {use: sex@1}
          quality:
            keeps-out: [medium, critical]
            rules:
              - {test: range, name: sodium, dimension: accuracy, severity: medium, of: [observation], codes: {loinc: [2951-2]}, range: [100, 200], unit: mmol/L, maximum-share: 0.01}
              - {test: recorded, name: visits, dimension: completeness, severity: critical, of: [encounter]}
              - {test: units, name: glucose-unit, dimension: validity, severity: low, of: [observation], codes: {loinc: [2345-7]}, units: [mmol/L, mg/dL]}
        model: {kind: logistic-regression}
        federation: {rounds: 1, quorum: 1}
        """;

    private const string Site = """
        quality: 1
        rules:
          - {test: value, name: answers, dimension: completeness, severity: high, of: [observation], maximum-share: 0.5}
        """;

    [Fact]
    public void Study_withRulesOfQuality_isBuiltWithThem()
    {
        var quality = Checked(Study).Data.Quality;

        Assert.Equal([QualitySeverity.Critical, QualitySeverity.Medium], quality.KeepsOut);
        Assert.Equal((new InRange(100, 200, "mmol/L"), 0.01, QualityDimension.Accuracy), (quality.Rules[0].Test, quality.Rules[0].MaximumShare, quality.Rules[0].Dimension));
        Assert.Equal((new IsRecorded(), 0.0), (quality.Rules[1].Test, quality.Rules[1].MaximumShare));
        Assert.Equal(["mg/dL", "mmol/L"], Assert.IsType<HasUnit>(quality.Rules[2].Test).Units);
        Assert.Equal([new StudyCode("loinc", "2345-7")], quality.Rules[2].Events.Codes);
    }

    [Fact]
    public void Study_withoutQuality_saysNothingOfItInItsCanonicalForm()
    {
        var study = Checked(Study[..Study.IndexOf("  quality:", StringComparison.Ordinal)] + Study[Study.IndexOf("model:", StringComparison.Ordinal)..]);

        Assert.Equal(StudyQuality.Default, study.Data.Quality);
        Assert.DoesNotContain("keeps-out", System.Text.Encoding.UTF8.GetString(study.Canonical.Span), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: visits", "name: sodium", "data.quality.rules[1].name", "two rules 'sodium'")]
    [InlineData("severity: low", "severity: hihg", "data.quality.rules[2].severity", "Did you mean 'high'?")]
    [InlineData("units: [mmol/L, mg/dL]", "range: [0, 1]", "data.quality.rules[2].range", "It belongs to 'test: range'")]
    [InlineData("of: [encounter]}", "of: [encounter, death]}", "data.quality.rules[1].of", "Death stands alone")]
    public void Study_withAFaultInItsQuality_isRefusedWithThePlace(string text, string faulty, string path, string message)
    {
        var check = StudyChecker.CheckYaml(Study.Replace(text, faulty, StringComparison.Ordinal));

        Assert.Contains(check.Faults, fault => fault.Path == path && fault.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Study_ofATable_hasNoUseForQuality()
    {
        var check = StudyChecker.CheckYaml(StudyTexts.Smallest.Replace("  label:", "  quality: {}\n  label:", StringComparison.Ordinal));

        Assert.Contains("checked over events", Assert.Single(check.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Site_file_isReadStrictlyByTheSameShape()
    {
        var (rules, digest, faults) = QualityRules.ReadSite(Site);

        Assert.Empty(faults);
        Assert.Equal(("answers", new HasValue()), (Assert.Single(rules).Name, rules[0].Test));
        Assert.Equal(digest, QualityRules.ReadSite("# the same\n" + Site).Digest);
        var fault = Assert.Single(QualityRules.ReadSite(Site.Replace("maximum-share", "maximum", StringComparison.Ordinal)).Faults);
        Assert.Equal((3, 94), (fault.Line, fault.Column));
    }

    private static Study Checked(string text)
    {
        var check = StudyChecker.CheckYaml(text);
        Assert.Empty(check.Faults);
        return check.Study!;
    }
}
