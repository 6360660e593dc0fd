using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Benchmarks;

/// <summary>A study over <see cref="MadeExport.Code"/>'s codes, a code for each feature; every aggregate is among them.</summary>
internal static class MadeStudy
{
    private static readonly string[] s_aggregates = ["last", "first", "mean", "min", "max", "sd", "slope"];

    /// <summary>Makes one.</summary>
    /// <param name="features">How many features.</param>
    public static Study Of(int features)
    {
        var check = StudyChecker.CheckYaml($"""
            protocol: 1
            name: measured
            title: A study for measuring
            purpose: Show what features cost.
            ethics: Made-up data
            data:
              dataset: ehr
              cohort:
                index: {"{event: encounter}"}
                outcome: {"{name: outcome, of: [condition], codes: {snomed: [\"1\"]}, within: 365d, follow-up: assumed}"}
              features:
            {string.Join('\n', Enumerable.Range(0, features).Select(Feature))}
              split: {"{test: 0.3, seed: 1}"}
            model: {"{kind: logistic-regression}"}
            federation: {"{rounds: 1, sites: [north], quorum: 1, aggregation: plain}"}
            """);
        return check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
    }

    private static string Feature(int feature)
    {
        var of = $"of: [observation], codes: {{loinc: [\"{MadeExport.Code(feature)}\"]}}, window: {{from: {(feature % 2 == 0 ? 30 : 365)}d}}";
        var value = (feature % 10) switch
        {
            7 => $"{{kind: count, {of}, range: [0, 1000]}}",
            8 => $"{{kind: ever, {of}}}",
            9 => $"{{kind: time-since, {of}, range: [0, 1000]}}",
            var aggregate => $"{{kind: number, {of}, unit: g/L, plausible: [0, 10], aggregate: {s_aggregates[aggregate]}{(aggregate > 4 ? ", range: [-1000, 1000]" : "")}}}",
        };
        return $"    - definition: {{feature: 1, name: f{feature}, version: 1, title: t, meaning: m, owner: o, value: {value}, missing: mean}}";
    }
}
