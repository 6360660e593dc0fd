using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.ClinicalData;

/// <summary>Studies over events for tests, made the only way there is: from text, by the checker.</summary>
internal static class ClinicalStudyText
{
    public const string Cohort = """
        index: {event: encounter}
        outcome: {name: outcome, of: [condition], codes: {snomed: ["1"]}, within: 365d, follow-up: assumed}
        """;

    /// <param name="values">Values of features, one a line: <c>name: {kind: ...}</c>.</param>
    /// <param name="cohort">Lines of the cohort.</param>
    /// <param name="split">The split.</param>
    /// <param name="model">The model.</param>
    public static Study Of(string values, string cohort = Cohort, string split = "{test: 0.3, seed: 1}", string model = "{kind: logistic-regression}")
    {
        var features = values.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line =>
            $"    - definition: {{feature: 1, name: {line[..line.IndexOf(':', StringComparison.Ordinal)]}, version: 1, title: t, meaning: m, owner: o, value: {line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..]}, missing: {(line.Contains("kind: coded", StringComparison.Ordinal) ? "no-level" : "mean")}}}");
        var check = StudyChecker.CheckYaml($"""
            protocol: 1
            name: test
            title: A study over events for tests
            purpose: Show what the clinical data room does.
            ethics: Made-up data
            data:
              dataset: ehr
              cohort:
            {string.Join('\n', cohort.Split('\n').Select(line => "    " + line))}
              features:
            {string.Join('\n', features)}
              split: {split}
            model: {model}
            federation: {"{rounds: 1, sites: [north], quorum: 1, aggregation: plain}"}
            """);
        return check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
    }

    public static IEnumerable<Feature> Features(string values) => Of(values).Data.Features;
}
