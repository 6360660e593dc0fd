using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>A study of four sites under differential privacy.</summary>
internal static class PrivateStudyText
{
    public static Study Of(int rounds, string aggregation = "plain", int quorum = 3, int every = 2, string placement = "site")
    {
        var check = StudyChecker.CheckYaml($$$"""
            protocol: 1
            name: private
            title: Noise for each patient
            purpose: A test of this software
            ethics: Made-up data; no approval needed
            data:
              dataset: small
              patient: id
              features:
                - {name: age, range: [0, 120], constants: {mean: 60, sd: 10}}
              label: {name: ill}
              split: {column: part}
            model: {kind: mlp, hidden: [3]}
            training: {learning-rate: 0.5, local-steps: {{{(placement == "site" ? 2 : 1)}}}}
            federation: {rounds: {{{rounds}}}, sites: [east, north, south, west], quorum: {{{quorum}}}, attempts: 2, weighting: equal, aggregation: {{{aggregation}}}}
            evaluation: {every: {{{every}}}}
            privacy: {dp: {noise-multiplier: 6, clipping-norm: 1, sampling-rate: 0.25, patients: 40, placement: {{{placement}}}, evaluation: {noise-multiplier: 8, bins: 8} } }
            """);
        return SimulatedKeys.Name(check.Study ?? throw new InvalidDataException(string.Join('\n', check.Faults)), []);
    }
}
