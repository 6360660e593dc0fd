using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Features;

public sealed class ClinicalStudyTests
{
    private const string Text = """
        protocol: 1
        name: readmission
        title: Readmission
        purpose: Readmission within 30 days of a stay.
        ethics: none needed
        data:
          dataset: ehr
          cohort:
            index: {event: encounter, codes: {act-code: [IMP]}, at: end, occurrence: each, gap: 30d}
            prediction-after: 24h
            include:
              - {name: adults, kind: age, range: [18, 120]}
              - {name: known for a year, kind: history, at-least: 365d}
            exclude:
              - {name: died, kind: events, of: [death]}
            outcome: {name: readmitted, of: [encounter], codes: {act-code: [IMP]}, within: 30d}
          features:
            - {use: age-at-index@1, constants: {mean: 60, sd: 15}}
            - {use: sex@1, scale: none}
            - use: hba1c-last@2
              missing: {value: 6}
            - definition:
                feature: 1
                name: heart-rate
                version: 1
                title: Heart rate
                meaning: Mean heart rate of each of the last three times eight hours.
                owner: tests
                value: {kind: number, of: [observation], codes: {loinc: ["8867-4"]}, unit: /min, plausible: [20, 300], aggregate: mean, grid: {step: 8h, steps: 3}}
                missing: mean
                indicator: true
            - definition:
                feature: 1
                name: smoking
                version: 1
                title: Smoking
                meaning: Smoking status.
                owner: tests
                value:
                  kind: coded
                  of: [observation]
                  codes: {loinc: [72166-2]}
                  levels: [{level: 0, codes: {snomed: ["266919005"]}}, {level: 1, codes: {snomed: ["449868002", "77176002"]}}]
                missing: no-level
        model: {kind: logistic-regression}
        federation: {rounds: 3, quorum: 1}
        """;

    private static readonly string OfNumber = Text
        .Replace(
            "outcome: {name: readmitted, of: [encounter], codes: {act-code: [IMP]}, within: 30d}",
            "outcome: {name: glucose, of: [observation], codes: {loinc: [\"2345-7\"]}, within: 30d, number: {aggregate: mean, unit: mg/dL, range: [20, 600], molar-mass: 180.16, constants: {mean: 120, sd: 40}}}",
            StringComparison.Ordinal)
        .Replace("aggregate: mean, grid", "aggregate: min, grid", StringComparison.Ordinal)
        .Replace("kind: logistic-regression", "kind: linear-regression", StringComparison.Ordinal);

    private const string Hba1c = """
        feature: 1
        name: hba1c-last
        version: 2
        title: HbA1c
        meaning: Last HbA1c of the year before.
        owner: tests
        value: {kind: number, of: [observation], codes: {loinc: [17856-6, 4548-4]}, window: {from: 365d}, unit: "%", plausible: [3, 20], conversion: hba1c-ngsp-ifcc}
        missing: mean
        """;

    private static readonly FeatureLibrary s_library = Library(("hba1c.yaml", Hba1c));

    [Fact]
    public void Study_overEvents_isBuiltWithItsDefinitionsInside()
    {
        var study = Checked(Text);

        var index = Assert.IsType<EventIndex>(study.Data.Cohort!.Index);
        Assert.True(index.AtEnd);
        Assert.Equal((Occurrence.Each, TimeSpan.FromDays(30)), (index.Occurrence, index.Gap));
        Assert.Equal(TimeSpan.FromDays(1), study.Data.Cohort.PredictionAfter);
        Assert.Equal(["age-at-index", "sex", "hba1c-last", "heart-rate-1", "heart-rate-2", "heart-rate-3", "smoking"], study.Data.Features.Select(feature => feature.Name));
        Assert.Equal([1, 1, 1, 2, 2, 2, 2], study.Data.Features.Select(feature => feature.Width));
        Assert.Equal("readmitted", study.Data.Label.Name);
        Assert.Equal(("hba1c-last@2", MissingRule.Value, 6), (study.Data.Features[2].Source!.Value.Definition, study.Data.Features[2].Missing, study.Data.Features[2].MissingValue));
        var hba1c = Assert.IsType<NumberValue>(study.Data.Features[2].Source!.Value.Value);
        Assert.Equal([new StudyCode("loinc", "17856-6"), new StudyCode("loinc", "4548-4")], hba1c.Events.Codes);
        Assert.Equal((TimeSpan.FromDays(365), TimeSpan.Zero, "hba1c-ngsp-ifcc"), (hba1c.Window.From, hba1c.Window.To, hba1c.Conversion));
        var step = Assert.IsType<NumberValue>(study.Data.Features[4].Source!.Value.Value);
        Assert.Equal(new EventWindow(TimeSpan.FromHours(16), TimeSpan.FromHours(8)), step.Window);
    }

    [Fact]
    public void Study_overEvents_isItsOwnCanonicalForm()
    {
        var study = Checked(Text);

        var again = StudyChecker.CheckCanonical(study.Canonical);

        Assert.Empty(again.Faults);
        Assert.Equal(study.Digest, again.Study!.Digest);
        Assert.Contains("hba1c-ngsp-ifcc", Encoding.UTF8.GetString(study.Canonical.Span), StringComparison.Ordinal);
        Assert.DoesNotContain("\"use\"", Encoding.UTF8.GetString(study.Canonical.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Study_whoseDefinitionChanged_hasAnotherDigest()
    {
        var changed = Library(("hba1c.yaml", Hba1c.Replace("365d", "366d", StringComparison.Ordinal)));

        Assert.NotEqual(Checked(Text).Digest, StudyChecker.CheckYaml(Text, changed).Study!.Digest);
    }

    [Fact]
    public void Study_ofANumberOverEvents_saysHowItIsMade()
    {
        var study = Checked(OfNumber);

        Assert.Equal(new Label("glucose", 0) { Number = new NumericOutcome("mg/dL", 20, 600, 120, 40) }, study.Data.Label);
        var value = Assert.IsType<NumberValue>(study.Data.Cohort!.Outcome.Number);
        Assert.Equal((Aggregate.Mean, "mg/dL", 20, 600, 180.16), (value.Aggregate, value.Unit, value.Minimum, value.Maximum, value.MolarMass));
        Assert.Equal(study.Digest, StudyChecker.CheckCanonical(study.Canonical).Study!.Digest);
        Assert.IsType<CountValue>(Checked(Text
            .Replace("within: 30d}", "within: 30d, number: {aggregate: count, unit: \"1\", range: [0, 50]}}", StringComparison.Ordinal)
            .Replace("kind: logistic-regression", "kind: linear-regression", StringComparison.Ordinal)).Data.Cohort!.Outcome.Number);
    }

    [Theory]
    [InlineData("of: [observation], codes: {loinc: [\"2345-7\"]}", "of: [condition]", "data.cohort.outcome.of", "Only observations have numbers")]
    [InlineData("aggregate: mean", "aggregate: count", "data.cohort.outcome.number.molar-mass", "nothing is converted")]
    [InlineData("aggregate: mean", "aggregate: slope", "data.cohort.outcome.number.aggregate", "One of the words last")]
    [InlineData("mean: 120", "mean: 12", "data.cohort.outcome.number.constants.mean", "outside the plausible range [20, 600]")]
    [InlineData("unit: mg/dL, ", "", "data.cohort.outcome.number.unit", "'unit' is missing")]
    [InlineData("kind: linear-regression", "kind: logistic-regression", "model.kind", "leave 'data.cohort.outcome.number' out")]
    public void Study_ofANumberOverEvents_withAFault_isRefusedWithThePlaceAndTheWayOut(string text, string faulty, string path, string message)
    {
        Assert.Contains(text, OfNumber, StringComparison.Ordinal);
        var check = StudyChecker.CheckYaml(OfNumber.Replace(text, faulty, StringComparison.Ordinal), s_library);

        Assert.Contains(check.Faults, fault => fault.Path == path && fault.Message.Contains(message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("use: hba1c-last@2", "use: hba1c-last@22", "data.features[2].use", "Did you mean 'hba1c-last@2'?")]
    [InlineData("use: hba1c-last@2", "use: hba1c-lost@1", "data.features[2].use", "Did you mean 'hba1c-last@2'?")]
    [InlineData("use: hba1c-last@2", "use: hba1c-last", "data.features[2].use", "name@version")]
    [InlineData("  outcome: {name: readmitted,", "  outcome: {name: sex,", "data.features[1].name", "already the outcome")]
    [InlineData("of: [death]}", "of: [death, condition]}", "data.cohort.exclude[0].of", "Death stands alone")]
    [InlineData("within: 30d}", "within: 30d, after: 31d}", "data.cohort.outcome.within", "ends before it begins")]
    [InlineData("missing: no-level", "missing: mean", "data.features[4].definition.missing", "Codes have no mean")]
    [InlineData("loinc: [\"8867-4\"]", "loink: [\"8867-4\"]", "data.features[3].definition.value.codes.loink", "Did you mean 'loinc'?")]
    [InlineData("grid: {step: 8h, steps: 3}", "window: {from: 8h, to: 1d}", "data.features[3].definition.value.window", "begins after it ends")]
    [InlineData("model: {kind", "  label: {name: x}\nmodel: {kind", "data.label", "its outcome")]
    [InlineData("aggregate: mean", "aggregate: slope", "data.features[3].definition.value.range", "another range")]
    [InlineData("model: {kind", "  split: {column: part}\nmodel: {kind", "data.split.column", "no columns")]
    [InlineData("    - {use: sex@1, scale: none}", "    - {name: sex, range: [0, 1]}", "data.features[1]", "computed from events")]
    public void Study_withAFault_isRefusedWithThePlaceAndTheWayOut(string text, string faulty, string path, string message)
    {
        var check = StudyChecker.CheckYaml(Text.Replace(text, faulty, StringComparison.Ordinal), s_library);

        Assert.Contains(check.Faults, fault => fault.Path == path && fault.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Study_ofATable_hasNoUseForDefinitions()
    {
        var check = StudyChecker.CheckYaml(Protocol.StudyTexts.Smallest.Replace("features:", "features:\n    - use: age-at-index@1", StringComparison.Ordinal));

        Assert.Contains(check.Faults, fault => fault.Message.Contains("needs a cohort", StringComparison.Ordinal));
    }

    [Fact]
    public void Library_withTwoDefinitionsOfOneVersion_saysSo()
    {
        var (_, faults) = s_library.With([("other.yaml", Hba1c.Replace("365d", "30d", StringComparison.Ordinal))]);

        Assert.Contains("hba1c-last@2 is defined otherwise in hba1c.yaml", Assert.Single(faults).ToString(), StringComparison.Ordinal);
    }

    private static Study Checked(string text)
    {
        var check = StudyChecker.CheckYaml(text, s_library);
        Assert.Empty(check.Faults);
        return check.Study!;
    }

    private static FeatureLibrary Library(params (string File, string Text)[] files)
    {
        var (library, faults) = FeatureLibrary.BuiltIn.With(files);
        Assert.Empty(faults);
        return library;
    }
}
