using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Features;

public sealed class BuiltInLibraryTests
{
    public static TheoryData<string> References => [.. FeatureLibrary.BuiltIn.Features.Select(feature => feature.Definition.Reference)];

    [Theory]
    [MemberData(nameof(References))]
    public void Definition_standsInAFileOfItsNameAndVersion(string reference)
    {
        var feature = FeatureLibrary.BuiltIn.Find(reference)!;

        Assert.Equal($"features/{feature.Definition.Name}.{feature.Definition.Version}.yaml", feature.File);
        Assert.Equal("FederatedClinicalMl", feature.Definition.Owner);
        Assert.EndsWith(".", feature.Definition.Meaning, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(References))]
    public void Definition_codes_haveTheirCheckDigits(string reference)
    {
        foreach (var (system, code) in Codes(FeatureLibrary.BuiltIn.Find(reference)!.Definition.Value))
        {
            Assert.True(
                system switch
                {
                    // Answers (LA...) have no check digit.
                    "loinc" => code.StartsWith("LA", StringComparison.Ordinal) || CheckDigits.IsLoinc(code),
                    "snomed" => CheckDigits.IsSnomed(code),
                    "rxnorm" or "omop" => code.All(char.IsAsciiDigit),
                    "cpt" => code.Length == 5,
                    _ => system is "icd-9" or "icd-10" or "icd-10-cm" or "act-code",
                },
                $"{reference}: {system} {code}");
        }
    }

    [Fact]
    public void Definitions_areComputableInOneStudy()
    {
        var study = $$"""
            protocol: 1
            name: everything
            title: Everything
            purpose: Uses each built-in feature.
            ethics: none needed
            data:
              dataset: ehr
              cohort:
                index: {event: age, years: 50}
                outcome: {name: died, of: [death], within: 365d}
              features:
                - use: {{string.Join("\n    - use: ", FeatureLibrary.BuiltIn.Features.Select(feature => feature.Definition.Reference))}}
            model: {kind: logistic-regression}
            federation: {rounds: 1, quorum: 1}
            """;

        var check = StudyChecker.CheckYaml(study);

        Assert.Empty(check.Faults);
        Assert.Contains("heart-rate-8h-6", check.Study!.Data.Features.Select(feature => feature.Name));
    }

    private static IEnumerable<StudyCode> Codes(FeatureValue value) => value switch
    {
        NumberValue number => number.Events.Codes,
        CountValue count => count.Events.Codes,
        EverValue ever => ever.Events.Codes,
        TimeSinceValue since => since.Events.Codes,
        CodedValue coded => coded.Events.Codes.Concat(coded.Levels.SelectMany(level => level.Codes)),
        _ => [],
    };
}
