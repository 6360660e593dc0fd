using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning;

/// <summary>Studies for tests that predict a number: days in hospital, by age.</summary>
internal static class NumberText
{
    internal static Study Of(string evaluation = "{every: 1}", int rounds = 2, string unit = "d") => StudyText.Of(
        "{name: age, unit: a, range: [0, 120], constants: {mean: 50, sd: 20}}", "{kind: linear-regression}", rounds: rounds, name: "stay", evaluation: evaluation,
        label: $"{{name: days, range: [0, 60], unit: \"{unit}\", constants: {{mean: 10, sd: 5}}}}");
}
