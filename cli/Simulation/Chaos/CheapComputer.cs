using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>
/// Computes steps in microseconds: numbers that depend on the site, the round and the parameters, and on nothing else; under differential privacy also on the randomness of the charge, which it asks
/// for as the real one does. Rows and training play no part in what chaos is about.
/// </summary>
/// <param name="site">The site.</param>
/// <param name="before">Called before each computation; may throw what a computation throws, or kill the process.</param>
internal sealed class CheapComputer(SiteId site, Action<StepRequest> before) : IStepComputer
{
    private const int Rows = 16;

    /// <inheritdoc/>
    public StepComputation Compute(StepRequest request, CancellationToken cancel)
    {
        before(request);
        var random = DeterministicRandom.Of("chaos", site.Value, request.Step.Kind.ToString(), request.Step.Round.ToString(), Noise(request));
        return request.Step.Kind switch
        {
            StepKind.Preparation => Prepare(request.Study, random),
            StepKind.KeyAgreement => new StepComputation(default, ReleaseManifest.MessageEncoding, 0, 0, 0, null, "simulated", 0),
            StepKind.Training => Train(request, random),
            StepKind.SiteMetrics => Json((Evaluate(request, random) is var report && report.Number is { } told ? SiteMetricsReport.OfNumber(told.Errors) : SiteMetricsReport.Of(report.Histogram, request.Policy.MinimumCell)).Write()),
            _ => Json(Evaluate(request, random).Write()),
        };
    }

    private string Noise(StepRequest request)
    {
        if (request.Randomness is not { } charge || request.Step.Kind == StepKind.KeyAgreement)
            return "";
        using var randomness = charge(Sha256Digest.Of(Encoding.UTF8.GetBytes(site.Value)));
        using var stream = randomness.Stream("fcml-chaos-v1");
        return stream.NextUInt64().ToString(CultureInfo.InvariantCulture);
    }

    private static StepComputation Prepare(Study study, DeterministicRandom random)
    {
        var features = study.Data.Features;
        var values = new double[Rows * features.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var feature = features[i % features.Length];
            values[i] = feature.Levels.IsEmpty ? feature.Minimum + ((feature.Maximum - feature.Minimum) * Unit(random)) : feature.Levels[i % feature.Levels.Length];
        }

        return Json(PreparationReport.Compute(study, values).Write());
    }

    private StepComputation Train(StepRequest request, DeterministicRandom random)
    {
        var format = UpdateFormats.For(request.Study.Federation.Encoding);
        var parameters = request.Parameters!.ReadAll(ModelPlan.For(request.Study).Layout.Dimension);
        var change = new float[parameters.Length];
        for (var i = 0; i < change.Length; i++)
            change[i] = (float)(Unit(random) - 0.5) - (parameters[i] / 8);
        if (request.Study.SumsGradients)
            return new StepComputation(MemoryMarshal.AsBytes<long>(Array.ConvertAll(change, value => (long)(value * (1 << 20)))).ToArray(), "codes", change.Length, 1, 0, null, "simulated", 0);
        var payload = new byte[format.PayloadLength(change.Length)];
        var saturated = format.Encode(change, payload);
        return new StepComputation(
            payload, format.Name, change.Length, UpdateFormats.WeightOf(request.Study, 20 + (site.Value[^1] % 7)), saturated, null, "simulated", 0);
    }

    private static EvaluationReport Evaluate(StepRequest request, DeterministicRandom random)
    {
        var parameters = request.Parameters!.ReadAll(ModelPlan.For(request.Study).Layout.Dimension);
        var outputs = Enumerable.Range(0, Rows).Select(i => parameters[i % parameters.Length] + Unit(random) - 0.5).ToArray();
        var declared = request.Study.Evaluation.Subgroups;
        (int[] GroupOf, int Groups)[] partitions = [.. declared.Select(partition => (Enumerable.Range(0, Rows).Select(i => i % partition.Groups.Length).ToArray(), partition.Groups.Length))];
        if (request.Study.Data.Label.Number is { } number)
        {
            double[] outcomes = [.. number.PredictionsOf(outputs).Select((prediction, i) => Math.Clamp(prediction + ((i % 5) - 2), number.Minimum, number.Maximum))];
            var (errors, of) = ErrorSuppression.Suppress((number.Minimum, number.Maximum), outcomes, number.PredictionsOf(outputs), partitions, 1);
            return EvaluationReport.OfNumber(new ErrorEvaluation(errors, declared.IsEmpty ? null : SubgroupSums.OfSite(of)));
        }

        bool[] labels = [.. outputs.Select((logit, i) => logit > 0 ^ i % 5 == 0)];
        if (declared.IsEmpty)
            return new EvaluationReport(ScoreHistogram.Of(outputs, labels));
        var (all, groups) = SubgroupSuppression.Suppress(outputs, labels, partitions, 1);
        return new EvaluationReport(all, SubgroupSums.OfSite(groups));
    }

    private static StepComputation Json(byte[] payload) => new(payload, ReleaseManifest.JsonEncoding, 0, 0, 0, null, "simulated", 1);

    private static double Unit(DeterministicRandom random) => (random.NextUInt64() >> 11) * (1.0 / (1UL << 53));
}
