using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Ledger;
using FederatedClinicalMl.Tests.Worker.Policies;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Computing;

/// <summary>Studies under differential privacy over the rows of <see cref="Patients"/>, and sites that have approved one.</summary>
internal static class PrivateStudies
{
    public const string Dp = "noise-multiplier: 4, clipping-norm: 1, sampling-rate: 0.25, patients: 20, evaluation: {noise-multiplier: 8, bins: 8}";

    /// <summary>Layers and rows of a patient so many that the rounding of its norms is not bounded.</summary>
    public static Study Unsound { get; } = Of(Dp + ", rows-per-patient: 256", model: $"{{kind: mlp, hidden: [{string.Join(", ", Enumerable.Repeat(1, 16))}]}}");

    /// <summary>Three rounds, evaluated after the second and the last.</summary>
    public static Study Study { get; } = Of(Dp);

    public static Study Of(string dp, int rounds = 3, int every = 2, string model = "{kind: logistic-regression}", string patient = "patient: id", string federation = "sites: [north, south], quorum: 2, aggregation: plain", int steps = 2)
    {
        var evaluates = dp.Contains("evaluation:", StringComparison.Ordinal);
        var check = StudyChecker.CheckYaml($$$"""
            protocol: 1
            name: private
            title: Noise for each patient
            purpose: A test of this software
            ethics: Made-up data; no approval needed
            data:
              dataset: test
              {{{patient}}}
              features:
                - {name: age, range: [0, 120], missing: mean, constants: {mean: 60, sd: 10}}
              label: {name: outcome}
              split: {column: part}
            model: {{{model}}}
            training: {learning-rate: 0.1, local-steps: {{{steps}}}}
            federation: {rounds: {{{rounds}}}, {{{federation}}}, weighting: equal}
            evaluation: {every: {{{(evaluates ? every : 0)}}}}
            privacy: {dp: {{{{dp}}}}}
            """);
        return check.Study ?? throw new InvalidDataException(string.Join('\n', check.Faults));
    }

    /// <summary>Gives a site ceilings that a run of <see cref="Study"/> fits under, and its data set, and approves a study.</summary>
    public static Site Private(this Site site, Study? study = null)
    {
        site.Policy = PolicyText.With("privacy", Ceilings());
        site.Datasets = "datasets: {test: {path: rows.csv, format: csv}}";
        site.Approve(study ?? Study);
        return site;
    }

    public static string Ceilings(double total = 6, double study = 6) =>
        $"{{total: {{epsilon: {total}, delta: 1e-6}}, study: {{epsilon: {study}, delta: 1e-6}}, year: {{epsilon: 6, delta: 1e-6}}}}";

    /// <summary>An order of an honest coordinator.</summary>
    public static StepOrder Order(Site site, Kind kind, int round = 1, int attempt = 1, Study? study = null, string run = Site.Run, params float[] parameters)
    {
        var of = study ?? Study;
        var order = Site.Order(kind, round, attempt, run, of);
        if (kind is Kind.Preparation or Kind.Profile)
            return order;
        order.ParametersDigest = site.PutParameters(parameters.Length > 0 ? parameters : [.. Enumerable.Range(0, ModelPlan.For(of).Layout.Dimension).Select(i => i % 2 == 0 ? 0.5f : -0.25f)]);
        order.Constants = ByteString.CopyFrom(PreprocessingConstants.Freeze(of, null).Canonical.Span);
        return order;
    }

    /// <summary>What a release holds beside its head.</summary>
    public static byte[] Payload(this Site site, ReleaseTicket ticket)
    {
        var file = site.FileOf(ticket);
        return file[ReleaseHead.LengthOf(file)..];
    }

    /// <summary>Steps that the log has charged, as often as it has.</summary>
    public static IEnumerable<string> ChargedSteps(this Site site) =>
        site.Entries.Where(entry => (string)entry["kind"]! == LedgerEntries.Charged).Select(entry => (string)entry["body"]!["step"]!);
}
