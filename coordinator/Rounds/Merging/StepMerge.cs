using System.Buffers;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>One participant's release in a merge.</summary>
public readonly record struct MergeInput(SiteId Site, Sha256Digest Release, int Weight);

/// <summary>
/// Makes a closed step's result from the staged releases of its participants, each once, and makes it durable.
/// <para>
/// Updates are folded block by block, all sites within a block: the block's sums stay in the cache, and memory is a block per site
/// whatever the model's size. Sums are integers on a fixed grid, so neither blocks nor order decide anything, and merging again after a
/// crash gives the same bytes.
/// </para>
/// </summary>
public sealed class StepMerge
{
    private readonly Study _study;
    private readonly StagingArea _staging;
    private readonly ResultStore _results;
    private readonly MaskedMerge _masked;
    private readonly EncryptedMerge _encrypted;

    /// <summary>The merge of one study's steps.</summary>
    public StepMerge(Study study, StagingArea staging, ResultStore results, NoiseRoots roots)
    {
        ArgumentNullException.ThrowIfNull(study);
        (_study, _staging, _results) = (study, staging, results);
        (_masked, _encrypted) = (new MaskedMerge(study, results, roots), new EncryptedMerge(study, results, roots));
        if (ServerStrategies.For(study).StateVectors > 0)
            throw new ArgumentException("The study's strategy carries state from round to round, which is not kept yet.", nameof(study));
    }

    /// <summary>Merges a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="participants">Its participants, each once, at least one.</param>
    /// <param name="parameters">The parameters from which the sites started (training).</param>
    /// <param name="masked">Of a masked or encrypted round: its attempt.</param>
    /// <returns>The durable result; or why there is none.</returns>
    /// <exception cref="IOException">The disk failed: merge again later.</exception>
    public MergeOutcome Merge(StepId step, IReadOnlyCollection<MergeInput> participants, Sha256Digest parameters, MaskedStep? masked = null)
    {
        ArgumentNullException.ThrowIfNull(participants);
        if (participants.Count == 0 || participants.DistinctBy(input => input.Site).Count() != participants.Count)
            throw new ArgumentException("A step is merged from at least one participant, and from each once.", nameof(participants));
        var payloads = new List<(MergeInput Input, StagedPayload Payload)>(participants.Count);
        try
        {
            foreach (var input in participants)
            {
                if (_staging.Open(step, input.Site, input.Release) is not { } payload)
                    return new MergeOutcome(default, 0, RoundFault.StagingLost);
                payloads.Add((input, payload));
            }

            if (masked is not null)
                return _study.Federation.IsEncrypted ? _encrypted.Merge(step, payloads, parameters, masked) : _masked.Merge(step, payloads, parameters, masked);
            return step.Kind switch
            {
                StepKind.Training => Train(step, payloads, parameters),
                StepKind.Preparation => Prepare(payloads),
                StepKind.Profile => Store(StudyProfile.Merge(payloads.Select(item => (item.Input.Site, ProfileReport.Read(_study, JsonOf(item.Payload))))).Write(_study)),
                StepKind.SiteMetrics => Store(SiteMetrics.Merge(payloads.Select(item => (item.Input.Site, SiteMetricsReport.Read(JsonOf(item.Payload))))).Write()),
                StepKind.Comparison => Store(SiteComparison.Merge(payloads.Select(item => (item.Input.Site, ComparisonReport.Read(JsonOf(item.Payload)).Report))).Write()),
                StepKind.Monitoring => Store(SiteMonitoring.Merge(payloads.Select(item => (item.Input.Site, MonitoringReport.Read(_study, JsonOf(item.Payload))))).Write(_study)),
                _ => Store(EvaluationReport.Merge(payloads.Select(item => EvaluationReport.Read(JsonOf(item.Payload)))).Write()),
            };
        }
        finally
        {
            foreach (var (_, payload) in payloads)
                payload.Dispose();
        }
    }

    private MergeOutcome Prepare(List<(MergeInput Input, StagedPayload Payload)> payloads)
    {
        var merged = PreparationReport.Merge([.. payloads.Select(item => PreparationReport.Read(_study, JsonOf(item.Payload)))]);
        try
        {
            return Store(PreprocessingConstants.Freeze(_study, merged).Canonical.Span);
        }
        catch (InvalidDataException)
        {
            return new MergeOutcome(default, 0, RoundFault.ConstantsUndefined);
        }
    }

    private MergeOutcome Train(StepId step, List<(MergeInput Input, StagedPayload Payload)> payloads, Sha256Digest parameters)
    {
        var format = UpdateFormats.For(_study.Federation.Encoding);
        var totalWeight = payloads.Sum(item => (long)item.Input.Weight);
        var block = ArrayPool<byte>.Shared.Rent(ServerStep.BlockValues * format.BytesPerValue);
        try
        {
            return new ParameterUpdate(_study, _results).Make(step, parameters, totalWeight, (start, sum) =>
            {
                var exact = new ExactVectorSum(format, sum.Length, totalWeight);
                var part = block.AsSpan(0, sum.Length * format.BytesPerValue);
                foreach (var (input, payload) in payloads)
                {
                    payload.Read(start * format.BytesPerValue, part);
                    exact.Contribute(input.Weight).Fold(part);
                }

                exact.Sum.CopyTo(sum);
                return null;
            });
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    private MergeOutcome Store(ReadOnlySpan<byte> json) => new(_results.Write(json), json.Length, null);

    private static byte[] JsonOf(StagedPayload payload)
    {
        var json = new byte[payload.Length]; // at most ReleaseManifest.MaximumJsonLength: the head was read strictly
        payload.Read(0, json);
        return json;
    }
}

/// <summary>What a merge came to.</summary>
/// <param name="Result">SHA-256 of the durable result.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Fault">Why there is none; null where there is one.</param>
/// <param name="Detail">Which site that lies with, where it is known.</param>
/// <param name="Sum">Where the result is new parameters: SHA-256 of the durable sum that they were made of; null otherwise.</param>
public readonly record struct MergeOutcome(Sha256Digest Result, long Length, RoundFault? Fault, string? Detail = null, Sha256Digest? Sum = null);
