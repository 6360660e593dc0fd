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
        changes:
          - {rule: range-heart-rate, severity: medium, reason: neonates}
          - {rule: missing-sex, maximum-share: 0.2, reason: taken at discharge}
        """;

    private static readonly string[] s_builtIn = ["range-heart-rate", "missing-sex"];

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
        var (quality, digest, faults) = QualityRules.ReadSite(Site, s_builtIn);

        Assert.Empty(faults);
        Assert.Equal(("answers", new HasValue()), (Assert.Single(quality.Rules).Name, quality.Rules[0].Test));
        Assert.Equal([new QualityChange("range-heart-rate", QualitySeverity.Medium, null, "neonates"), new QualityChange("missing-sex", null, 0.2, "taken at discharge")], quality.Changes);
        Assert.Equal(digest, QualityRules.ReadSite("# the same\n" + Site, s_builtIn).Digest);
        var fault = Assert.Single(QualityRules.ReadSite(Site.Replace("maximum-share: 0.5", "maximum: 0.5", StringComparison.Ordinal), s_builtIn).Faults);
        Assert.Equal((3, 94), (fault.Line, fault.Column));
    }

    [Theory]
    [InlineData("rule: range-heart-rate", "rule: range-hart-rate", "changes[0].rule", "There is no rule 'range-hart-rate' that comes with the software. Did you mean 'range-heart-rate'?")]
    [InlineData("rule: range-heart-rate", "rule: answers", "changes[0].rule", "changed where it stands, under 'rules'")]
    [InlineData("rule: range-heart-rate", "rule: missing-sex", "changes[1].rule", "The rule 'missing-sex' is changed twice; write one change with all of it.")]
    [InlineData(", severity: medium, reason", ", reason", "changes[0]", "This changes nothing")]
    [InlineData(", reason: neonates", "", "changes[0].reason", "The key 'reason' is missing.")]
    [InlineData("maximum-share: 0.2", "maximum-share: 20", "changes[1].maximum-share", "A number from 0 to 1 is expected")]
    [InlineData("maximum-share: 0.2", "range: [0, 1]", "changes[1].range", "There is no key 'range' here.")]
    public void Change_ofARule_withAFault_isRefusedWithThePlace_andNothingHolds(string text, string faulty, string path, string message)
    {
        var (quality, _, faults) = QualityRules.ReadSite(Site.Replace(text, faulty, StringComparison.Ordinal), s_builtIn);

        Assert.Contains(faults, fault => fault.Path == path && fault.Message.Contains(message, StringComparison.Ordinal));
        Assert.Equal(SiteQuality.None, quality);
    }

    private static Study Checked(string text)
    {
        var check = StudyChecker.CheckYaml(text);
        Assert.Empty(check.Faults);
        return check.Study!;
    }
}
