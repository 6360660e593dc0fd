using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>One study's rows in memory, raw, and encoded with the constants that were asked for last.</summary>
/// <param name="cohort">The rows.</param>
/// <param name="faults">The file's first faults.</param>
/// <param name="fingerprint">Keyed fingerprint of the rows.</param>
/// <param name="quality">Of events: whether their quality keeps the site out; null: a table.</param>
public sealed class SiteData(Cohort cohort, ImmutableArray<RowFault> faults, Sha256Digest fingerprint, PolicyFinding? quality = null)
{
    private (Sha256Digest Constants, TrainingSet Training, TrainingSet Test)? _encoded;

    /// <summary>The rows.</summary>
    public Cohort Cohort { get; } = cohort;

    /// <summary>The file's first faults.</summary>
    public ImmutableArray<RowFault> Faults { get; } = faults;

    /// <summary>Keyed fingerprint of the rows.</summary>
    public Sha256Digest Fingerprint { get; } = fingerprint;

    /// <summary>The policy's rules about data, held against these rows; that whoever opted out can be left out; and the gate of quality.</summary>
    public ImmutableArray<(PolicyFinding Finding, Reason Reason)> Check(SitePolicy policy, Study study, ModelPlan plan, ExclusionList exclusions) =>
    [
        PolicyCheck.Exclusions(study, exclusions),
        .. quality is null ? [] : ImmutableArray.Create((quality, Reason.DataQuality)),
        .. PolicyCheck.Data(policy, Cohort.Counts.Rows, Cohort.Counts.FaultyRows, Cohort.Counts.Training, plan.Layout.Dimension),
    ];

    /// <summary>Training rows, encoded.</summary>
    public TrainingSet TrainingSet(Study study, PreprocessingConstants constants) => Encoded(study, constants).Training;

    /// <summary>Test rows, encoded.</summary>
    public TrainingSet TestSet(Study study, PreprocessingConstants constants) => Encoded(study, constants).Test;

    private (Sha256Digest Constants, TrainingSet Training, TrainingSet Test) Encoded(Study study, PreprocessingConstants constants)
    {
        ArgumentNullException.ThrowIfNull(constants);
        if (_encoded is { } encoded && encoded.Constants == constants.Digest)
            return encoded;
        var encoder = new InputEncoder(study, constants);
        var fresh = (constants.Digest, Worker.TrainingSet.Of(Cohort.Training, encoder), Worker.TrainingSet.Of(Cohort.Test, encoder));
        _encoded = fresh;
        return fresh;
    }
}
