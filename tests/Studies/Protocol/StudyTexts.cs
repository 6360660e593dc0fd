namespace FederatedClinicalMl.Tests.Studies.Protocol;

/// <summary>Protocols for tests, in YAML.</summary>
internal static class StudyTexts
{
    /// <summary>As little as a study can say: everything else is default.</summary>
    public const string Smallest = """
        protocol: 1
        name: smallest
        title: A small study
        purpose: To test the checker
        ethics: none needed
        data:
          dataset: rows
          features:
            - {name: age, range: [0, 120]}
          label: {name: outcome}
        model: {kind: logistic-regression}
        federation: {rounds: 1, quorum: 1}
        """;

    /// <summary>A study that predicts a number.</summary>
    public const string Number = """
        protocol: 1
        name: number
        title: A study of a number
        purpose: To test the checker
        ethics: none needed
        data:
          dataset: rows
          features:
            - {name: age, range: [0, 120], scale: none}
          label: {name: stay, range: [0, 60], unit: d, constants: {mean: 6, sd: 7}}
        model: {kind: linear-regression}
        federation: {rounds: 1, quorum: 1}
        evaluation: {error-gates: {greatest-error: 3}}
        """;

    /// <summary>As much as a study can say: every key of the mlp, column split, float32 branch.</summary>
    public const string Fullest = """
        protocol: 1
        name: fullest
        title: A study that leaves nothing to default
        purpose: |
          To test the checker,
          in two lines
        ethics: REC 26/0001
        data:
          dataset: rows
          patient: person
          features:
            - {name: age, type: number, unit: a, range: [0, 120], missing: mean, scale: standardise, constants: {mean: 54.5, sd: 9.25}}
            - {name: pressure, type: number, unit: "mm[Hg]", range: [30, 300], missing: {value: 120}, scale: none}
            - {name: pain, type: category, levels: [1, 2, 3, 4], missing: no-level}
            - {name: group, type: category, levels: [0, 1.5], missing: {value: 1.5}}
          label: {name: outcome, above: 0.5}
          split: {column: part, train: "0", test: "1"}
        model: {kind: mlp, hidden: [64, 32], activation: tanh, dropout: 0.25}
        training: {optimizer: adam, learning-rate: 0.001, batch-size: 64, local-steps: 10, seed: 7}
        federation:
          strategy: fedavg
          rounds: 20
          sites: [south, north, west]
          keys: {south: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, north: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, west: cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc}
          required: [north]
          quorum: 2
          deadline: 90m
          attempts: 2
          weighting: equal
          maximum-weight: 5000
          encoding: float32
          aggregation: plain
        evaluation: {every: 5, per-site: true,
          subgroups: [{feature: age, bands: [18, 40.5, 65]}, {feature: group, names: [none, one and a half]}, {feature: pain}],
          operating-points: [{name: review, threshold: 0.1, indicator: warning, meaning: A nurse looks at the record}, {name: call, threshold: 0.5, indicator: critical}],
          gates: {subgroup-gap: {auroc: 0.1, equal-opportunity: 0.15, in-the-large: 0.05}}}
        intended-use:
          users: Nurses of the emergency department
          contra-indications: [Not for children, "Not after transplantation: none was among the rows"]
        retraining: {auto-start: true}
        """;

    /// <summary>As much as a study can say of differential privacy.</summary>
    public const string Private = """
        protocol: 1
        name: private
        title: Noise for each patient
        purpose: To test the checker
        ethics: none needed
        data:
          dataset: rows
          patient: person
          features:
            - {name: age, range: [0, 120], missing: mean, constants: {mean: 54.5, sd: 9.25}}
            - {name: pain, type: category, levels: [1, 2], missing: no-level}
          label: {name: outcome}
        model: {kind: mlp, hidden: [8], activation: tanh}
        evaluation: {every: 6}
        federation: {rounds: 20, quorum: 2, weighting: equal, aggregation: secure}
        training: {optimizer: sgd, learning-rate: 0.5, local-steps: 5}
        privacy:
          dp:
            placement: site
            noise-multiplier: 1.25
            clipping-norm: 0.5
            sampling-rate: 0.0625
            patients: 800
            rows-per-patient: 4
            adaptive: {quantile: 0.6, rate: 0.3, deviation: 10, minimum: 0.125, maximum: 3}
            evaluation: {noise-multiplier: 8, bins: 32}
        """;

    public const string Benchmark = """
        protocol: 1
        name: bench
        title: Rounds without learning
        purpose: To measure the machinery
        ethics: no data is read
        model: {kind: benchmark, parameters: 250000}
        federation: {rounds: 20, quorum: 4, encoding: {fixed: {bits: 16, range: 1}}}
        evaluation: {every: 0}
        """;
}
