using System.Text.Json.Nodes;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>A study of one site and one round whose first step needs the initial parameters and no data.</summary>
internal static class BenchmarkStudy
{
    private const int Parameters = 100_000;

    public static Study For(string site)
    {
        var check = StudyChecker.CheckYaml($$"""
            protocol: 1
            name: one-round
            title: One round of one site
            purpose: Keep a run waiting
            ethics: No data
            data: {dataset: none}
            model: {kind: benchmark, parameters: {{Parameters}}}
            training: {optimizer: sgd, learning-rate: 0.1, batch-size: 1, local-steps: 1, seed: 1}
            federation: {strategy: fedavg, rounds: 1, sites: [{{site}}], quorum: 1, aggregation: plain, encoding: float32}
            evaluation: {every: 0}
            """);
        return check.Study ?? throw new InvalidOperationException(string.Join('\n', check.Faults));
    }
}

/// <summary>A worker's verdicts on studies.</summary>
internal static class Verdicts
{
    /// <summary>A signed approval.</summary>
    public static StudyVerdict Approve(StudyDigest study, string site, SigningKey worker)
    {
        var message = CanonicalJson.Write(new JsonObject
        {
            ["reason"] = (int)SiteReason.Unspecified, ["site"] = site, ["state"] = (int)StudyVerdict.Types.State.Approved, ["study"] = study.ToString(),
        });
        return new StudyVerdict
        {
            StudyDigest = ByteString.CopyFrom(study.Value.Span), State = StudyVerdict.Types.State.Approved,
            Signature = ByteString.CopyFrom(worker.Sign(SignatureContext.Verdict, message)),
        };
    }
}
