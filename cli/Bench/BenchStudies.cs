using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Bench;

/// <summary>The study protocols that are measured, and the policy that lets a site take part.</summary>
internal static class BenchStudies
{
    /// <summary>The site's default policy, and leave to be measured.</summary>
    public static string Policy { get; } = PolicyReader.Default.Replace("models: [logistic-regression, linear-regression, mlp]", "models: [logistic-regression, linear-regression, mlp, benchmark]", StringComparison.Ordinal);

    /// <summary>Names of sites.</summary>
    public static IReadOnlyList<string> Sites(int count) => [.. Enumerable.Range(1, count).Select(number => $"site-{number:00}")];

    /// <summary>The worker adds a constant to each parameter and reads no data; float32 down, fixed point up.</summary>
    public static string Rounds(BenchCase measured) => $$"""
        protocol: 1
        name: bench-rounds
        title: Rounds without learning
        purpose: To measure what a round costs when nothing is computed
        ethics: no data is read
        model: {kind: benchmark, parameters: {{measured.Parameters}}}
        federation: {rounds: {{measured.Rounds}}, quorum: {{measured.Sites}}, sites: [{{string.Join(", ", Sites(measured.Sites))}}], aggregation: {{measured.Aggregation.Word()}}, weighting: equal, encoding: {fixed: {bits: {{measured.Bits}}, range: 8} } }
        evaluation: {every: 0}

        """;

    /// <summary>Training on <see cref="BenchData"/>, every round evaluated.</summary>
    /// <param name="model">The protocol's <c>model</c>, in YAML.</param>
    /// <param name="sites">How many sites.</param>
    /// <param name="rounds">How many rounds.</param>
    public static string Training(string model, int sites, int rounds) => $$"""
        protocol: 1
        name: bench-training
        title: Training on generated rows
        purpose: To measure a whole study from nothing to a registered model
        ethics: the rows are generated
        data:
          dataset: {{BenchData.Dataset}}
          features:
        {{string.Join('\n', BenchData.Columns.Select(column => $"    - {{name: {column}, range: [-10, 10]}}"))}}
          label: {name: {{BenchData.Label}}}
          split: {test: 0.2, seed: 1}
        model: {{model}}
        training: {optimizer: sgd, learning-rate: 0.1, batch-size: 32, local-epochs: 1, seed: 1}
        federation: {rounds: {{rounds}}, quorum: {{sites}}, sites: [{{string.Join(", ", Sites(sites))}}], aggregation: plain, encoding: {fixed: {bits: 32, range: 8} } }
        evaluation: {every: 1}

        """;

    /// <summary>The checked study; these texts have no faults.</summary>
    public static Study Checked(string yaml)
    {
        var check = StudyChecker.CheckYaml(yaml);
        return check.Study ?? throw new CliException(ExitCode.InvalidInput, $"The study that is to be measured is not valid: {check.Faults[0]}");
    }
}
