using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Protocol;

/// <summary>What a study is told that would not say whom its model serves worse.</summary>
public sealed class SubgroupAdviceTests
{
    [Theory]
    [InlineData("{name: age, unit: a, range: [18, 110]}", "- {feature: age, bands: [45, 65]}")]
    [InlineData("{name: patient_age, range: [0, 50]}", "- {feature: patient_age, bands: [45]}")]
    [InlineData("{name: age, unit: a, range: [0, 18]}", "- {feature: age, bands: [9]}")]
    [InlineData("{name: age, unit: mo, range: [0, 60]}", "- {feature: age, bands: [30]}")]
    [InlineData("{name: Sex, range: [1, 2]}", "- {feature: Sex, bands: [1.5]}")]
    [InlineData("{name: gender code, type: category, levels: [1, 2, 9]}", "- {feature: 'gender code'}")]
    [InlineData("{name: sex, range: [0, 1]}, {name: age, range: [0, 120]}", "- {feature: sex, bands: [0.5]}", "- {feature: age, bands: [45, 65]}")]
    public void Feature_that_is_a_sex_or_an_age_is_advised_by_lines_that_the_study_takes(string features, params string[] lines)
    {
        var advice = Advice(features)!;

        Assert.Equal(lines, advice.Lines.AsEnumerable());
        var sound = StudyChecker.CheckYaml(Text(features) + "\nevaluation:\n  subgroups:\n" + string.Concat(lines.Select(line => $"    {line}\n")));
        Assert.Empty(sound.Faults);
        Assert.Null(SubgroupAdvice.For(sound.Study!));
    }

    [Fact]
    public void Definition_says_what_is_a_sex_and_which_number_is_which()
    {
        var study = StudyChecker.CheckYaml("""
            protocol: 1
            name: events
            title: A study over events
            purpose: To test the checker
            ethics: none needed
            data:
              dataset: ehr
              cohort:
                index: {event: age, years: 50}
                outcome: {name: died, of: [death], within: 365d}
              features: [{use: sex@1}, {use: age-at-index@1}, {use: bmi-last@1}]
            model: {kind: logistic-regression}
            federation: {rounds: 1, quorum: 1}
            """).Study!;

        Assert.Equal(["- {feature: sex, bands: [0.5], names: [women, men]}", "- {feature: age-at-index, bands: [45, 65]}"], SubgroupAdvice.For(study)!.Lines.AsEnumerable());
    }

    [Fact]
    public void Partition_that_is_there_is_not_advised_and_one_that_lacks_is()
    {
        const string Features = "{name: sex, range: [0, 1]}, {name: age, range: [0, 120]}";

        var advice = Advice(Features, "{subgroups: [{feature: sex, bands: [0.5]}]}")!;

        Assert.Equal(["- {feature: age, bands: [45, 65]}"], advice.Lines.AsEnumerable());
        Assert.StartsWith("It declares no subgroups by age: ", advice.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Study_that_knows_neither_is_told_so_and_one_that_cannot_have_subgroups_is_told_nothing()
    {
        var advice = Advice("{name: dosage, range: [0, 9]}, {name: pressure, range: [0, 300]}")!;

        Assert.Empty(advice.Lines);
        Assert.Contains("none of its features is a sex or an age", advice.Sentence, StringComparison.Ordinal);
        Assert.Null(Advice("{name: dosage, range: [0, 9]}", "{subgroups: [{feature: dosage, bands: [5]}]}"));
        Assert.Null(Advice("{name: age, range: [0, 120]}", "{every: 0}"));
        Assert.Null(SubgroupAdvice.For(StudyChecker.CheckYaml(Repository.Read("docs/how-to/examples/heart-disease-dp.yaml")).Study!));
    }

    [Theory]
    [InlineData("heart-disease")]
    [InlineData("greatest-heart-rate")]
    [InlineData("synthetic-hospitals")]
    [InlineData("synthea-cardiovascular")]
    [InlineData("synthea-blood-pressure")]
    [InlineData("gibleed-haemorrhage")]
    public void Examples_tell_whom_their_models_serve_worse(string name) =>
        Assert.Null(SubgroupAdvice.For(StudyChecker.CheckYaml(Repository.Read($"docs/how-to/examples/{name}.yaml")).Study!));

    private static SubgroupAdvice? Advice(string features, string? evaluation = null)
    {
        var check = StudyChecker.CheckYaml(Text(features) + (evaluation is null ? "" : $"\nevaluation: {evaluation}"));
        return SubgroupAdvice.For(check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults)));
    }

    // Each a map of the list.
    private static string Text(string features) => StudyTexts.Smallest.Replace("features:\n    - {name: age, range: [0, 120]}", $"features: [{features}]", StringComparison.Ordinal);
}
