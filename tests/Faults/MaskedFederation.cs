using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>Four hospitals that sum under masks, so that of a sum all of whose sites are in it one may be lost; and studies of one round for them.</summary>
public sealed class MaskedFederation() : TestFederation(Masked, ["cleveland", "hungarian", "switzerland", "va"], Privacy)
{
    /// <summary>Six steps: keys, shares, masked updates, survivors, unmasking, evaluation.</summary>
    internal const string Masked = "name: masked\n" + Rows + """
          split: {test: 0.3, seed: 1}
        model: {kind: logistic-regression}
        training: {learning-rate: 0.1, batch-size: 16, seed: 1}
        federation: {rounds: 1, quorum: 4, sites: [cleveland, hungarian, switzerland, va]}
        evaluation: {every: 1}
        """;

    /// <summary>Its training and nothing else, and a deadline that a test can wait for: what a site's silence after the masked sum ends.</summary>
    internal static readonly string MaskedWithDeadline = Masked.Replace("name: masked", "name: masked-with-deadline", StringComparison.Ordinal)
        .Replace("quorum: 4", "quorum: 4, deadline: 15s", StringComparison.Ordinal).Replace("every: 1", "every: 0", StringComparison.Ordinal);

    /// <summary>The same training, and nothing else, in the four steps of an encrypted round: keys, the round's key, ciphertexts, decryption.</summary>
    internal static string Encrypted(string aggregation) => Masked.Replace("name: masked", $"name: {aggregation}", StringComparison.Ordinal)
        .Replace("quorum: 4", $"quorum: 4, maximum-weight: 8000, aggregation: {aggregation}", StringComparison.Ordinal).Replace("every: 1", "every: 0", StringComparison.Ordinal);

    /// <summary>With a deadline that a test can wait for.</summary>
    internal static string EncryptedWithDeadline(string aggregation, int attempts) => Encrypted(aggregation).Replace($"name: {aggregation}", $"name: {aggregation}-with-deadline", StringComparison.Ordinal)
        .Replace("quorum: 4", $"quorum: 4, deadline: 15s, attempts: {attempts}", StringComparison.Ordinal);

    /// <summary>The same steps, of which training and evaluation are charged.</summary>
    internal const string Private = "name: private\n" + Rows + """
        model: {kind: logistic-regression}
        training: {learning-rate: 0.5, local-steps: 2}
        federation: {rounds: 1, quorum: 4, weighting: equal, sites: [cleveland, hungarian, switzerland, va]}
        evaluation: {every: 1}
        privacy: {dp: {noise-multiplier: 8, clipping-norm: 1, sampling-rate: 0.1, patients: 100, evaluation: {noise-multiplier: 8}}}
        """;

    /// <summary>Of the sites' policies: above whatever is spent here.</summary>
    internal static readonly PrivacyCeiling Ceiling = new(Rational.Of(100), Rational.Of(1, 1_000_000));

    private const string Privacy = "{total: {epsilon: 100, delta: 1e-6}, study: {epsilon: 100, delta: 1e-6}, year: {epsilon: 100, delta: 1e-6}}";

    private const string Rows = """
        protocol: 1
        title: One round over generated rows, under masks
        purpose: Show that the machinery keeps its promises
        ethics: Generated rows, nobody's
        data:
          dataset: heart-disease
          features:
            - {name: age, unit: a, range: [18, 110], missing: mean, constants: {mean: 54, sd: 9}}
            - {name: oldpeak, unit: mm, range: [-5, 10], missing: mean, constants: {mean: 0.9, sd: 1.1}}
          label: {name: num, above: 0}

        """;
}
