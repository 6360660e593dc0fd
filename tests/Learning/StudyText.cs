using System.Globalization;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning;

/// <summary>Studies for tests, made the only way there is: from text, by the checker.</summary>
internal static class StudyText
{
    internal static Study Of(
        string features, string model = "{kind: logistic-regression}", string encoding = "{fixed: {bits: 32, range: 8}}", long seed = 42,
        string split = "{test: 0.3, seed: 1}", string? patient = null, int rounds = 2, string name = "test", string evaluation = "{every: 1}", string label = "{name: outcome, above: 0}", bool startsByItself = false)
    {
        var check = StudyChecker.CheckYaml($$"""
            protocol: 1
            name: {{name}}
            title: A study for tests
            purpose: Show that the learning room does what it says.
            ethics: Made-up data
            data:
              dataset: test
              features:
            {{string.Join('\n', features.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => "    - " + line))}}
              label: {{label}}
              split: {{split}}
            {{(patient is null ? "" : $"  patient: {patient}")}}
            {{(startsByItself ? "retraining: {auto-start: true}" : "")}}
            model: {{model}}
            training: {optimizer: sgd, learning-rate: 0.1, batch-size: 16, local-epochs: 1, seed: {{seed.ToString(CultureInfo.InvariantCulture)}}}
            federation:
              strategy: fedavg
              rounds: {{rounds.ToString(CultureInfo.InvariantCulture)}}
              sites: [north, south]
              quorum: 2
              aggregation: plain
              weighting: rows
              encoding: {{encoding}}
            evaluation: {{evaluation}}
            """);
        return check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
    }

    internal static Study Benchmark(int parameters)
    {
        var check = StudyChecker.CheckYaml($$"""
            protocol: 1
            name: bench
            title: A benchmark
            purpose: Measure the machinery.
            ethics: No data
            data: {dataset: none}
            model: {kind: benchmark, parameters: {{parameters}}}
            training: {optimizer: sgd, learning-rate: 0.1, batch-size: 1, local-steps: 1, seed: 1}
            federation: {strategy: fedavg, rounds: 1, sites: [north], quorum: 1, aggregation: plain, encoding: float32}
            evaluation: {every: 0}
            """);
        return check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
    }
}
