using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>What one site's release for one step must be. Every bound is known before a byte is taken.</summary>
/// <param name="Study">The run's study.</param>
/// <param name="Step">The step.</param>
/// <param name="Site">The site, from its certificate.</param>
/// <param name="WorkerKey">The key that the site's worker enrolled with.</param>
/// <param name="Parameters">SHA-256 of the step's parameters; null for preparation.</param>
/// <param name="Constants">SHA-256 of the constants; null for preparation.</param>
/// <param name="Dimension">Number of values of the model.</param>
public sealed record UploadRule(
    Study Study, StepId Step, SiteId Site, VerifyingKey WorkerKey, Sha256Digest? Parameters, Sha256Digest? Constants, int Dimension)
{
    /// <summary>Format of an update; null for steps that collect JSON.</summary>
    public UpdateFormat? Format { get; } = Step.Kind == StepKind.Training ? UpdateFormats.For(Study.Federation.Encoding) : null;

    /// <summary>Longest release that can be right, in bytes.</summary>
    public long MaximumLength =>
        ReleaseHead.PrefixLength + ReleaseHead.MaximumJsonLength + (Format?.PayloadLength(Dimension) ?? ReleaseManifest.MaximumJsonLength);

    /// <summary>What is wrong with a head; null where nothing is.</summary>
    public RoundFault? FaultOf(ReleaseHead head)
    {
        ArgumentNullException.ThrowIfNull(head);
        var manifest = head.Manifest;
        var maximumWeight = Study.Federation.Weighting == Weighting.Equal ? 1 : Study.Federation.MaximumWeight;
        return manifest switch
        {
            _ when manifest.Site != Site => RoundFault.SiteWrong,
            _ when !head.IsSignedBy(WorkerKey) => RoundFault.SignatureWrong,
            _ when manifest.Step != Step => RoundFault.StepWrong,
            _ when manifest.Study != Study.Digest => RoundFault.StudyWrong,
            _ when manifest.Parameters != Parameters => RoundFault.ParametersWrong,
            _ when manifest.Constants != Constants => RoundFault.ConstantsWrong,
            _ when manifest.Encoding != (Format?.Name ?? "json") => RoundFault.EncodingWrong,
            _ when manifest.Dimension != (Format is null ? 0 : Dimension) => RoundFault.DimensionWrong,
            _ when Format is not null && manifest.Weight > maximumWeight => RoundFault.WeightWrong, // from 1: the manifest's own check
            _ => null,
        };
    }

    /// <summary>Whether a payload of JSON is what the step collects and its manifest says.</summary>
    public bool Accepts(ReleaseManifest manifest, ReadOnlySpan<byte> json)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        try
        {
            switch (Step.Kind)
            {
                case StepKind.Preparation:
                    PreparationReport.Read(Study, json);
                    return true;
                case StepKind.Profile:
                    return ProfileReport.Read(Study, json).Fits(manifest.MinimumCell);
                case StepKind.SiteMetrics:
                    return SiteMetricsReport.Read(json).Fits(manifest.MinimumCell);
                default:
                    return EvaluationReport.Read(json).Histogram is not { IsPartition: false }; // one site counts each row once
            }
        }
        catch (FormatException)
        {
            return false; // the sentence of the fault says what kind it must be; the site's own log knows what it sent
        }
    }
}
