using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>What one site's release for one step must be. Every bound is known before a byte is taken.</summary>
/// <param name="Study">The run's study.</param>
/// <param name="Step">The step.</param>
/// <param name="Site">The site, from its certificate.</param>
/// <param name="WorkerKey">The key of the site's worker.</param>
/// <param name="Renewals">How it came of those before it, one of which may have signed the newest head of a ledger that was seen.</param>
/// <param name="Parameters">SHA-256 of the step's parameters; null for preparation.</param>
/// <param name="Constants">SHA-256 of the constants; null for preparation.</param>
/// <param name="Dimension">Number of values of the model.</param>
/// <param name="Attempt">Of a masked round: its attempt, as it was when the step was opened.</param>
/// <param name="Against">Of a comparison: the model with which the parameters' is compared.</param>
/// <param name="Monitoring">Of monitoring: of which version something was asked.</param>
public sealed record UploadRule(
    Study Study, StepId Step, SiteId Site, VerifyingKey WorkerKey, KeyRenewals Renewals, Sha256Digest? Parameters, Sha256Digest? Constants, int Dimension, RoundAttempt? Attempt = null,
    ComparedModel? Against = null, MonitoringOrder? Monitoring = null)
{
    /// <summary>Format of an update whose values can be looked at; null for a masked one, and for steps that collect JSON or messages.</summary>
    public UpdateFormat? Format { get; } = Step.Kind == StepKind.Training && Attempt is null ? UpdateFormats.For(Study.Federation.Encoding) : null;

    /// <summary>Bytes of the update, with which the payload begins; 0 where there is none.</summary>
    public long VectorLength { get; } = Attempt?.VectorLengthOf(Site) ?? (Step.Kind == StepKind.Training ? UpdateFormats.For(Study.Federation.Encoding).PayloadLength(Dimension) : 0);

    /// <summary>Longest release that can be right, in bytes.</summary>
    public long MaximumLength => ReleaseHead.PrefixLength + ReleaseHead.MaximumJsonLength + VectorLength + LongestRest;

    // What follows the update, or stands alone: JSON or a message.
    private int LongestRest => Format is not null ? 0
        : Attempt?.LongestMessage ?? ReleaseManifest.MaximumJsonLength;

    // Whatever is computed from patients under differential privacy was charged to the site's ledger.
    private bool IsCharged => Study.Privacy is not null && Step.Kind.ReadsData();

    private string Encoding => Format?.Name ?? Attempt?.Encoding ?? ReleaseManifest.JsonEncoding;

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
            _ when IsCharged != (manifest.Ledger is not null) || manifest.Ledger?.IsBy(WorkerKey) == false => RoundFault.LedgerHeadWrong,
            _ when manifest.Encoding != Encoding => RoundFault.EncodingWrong,
            _ when manifest.Dimension != (Step.Kind == StepKind.Training ? Dimension : 0) => RoundFault.DimensionWrong,
            _ when Step.Kind == StepKind.Training && manifest.Weight > maximumWeight => RoundFault.WeightWrong, // from 1: the manifest's own check
            _ when manifest.PayloadLength > VectorLength + LongestRest => RoundFault.LengthWrong,
            _ => null,
        };
    }

    /// <summary>Why a message of secure aggregation is not the site's, or none that the attempt takes; null where it is.</summary>
    /// <param name="attempt">The attempt.</param>
    /// <param name="bytes">The message.</param>
    /// <param name="vector">SHA-256 of the update before it; of no bytes where there is none.</param>
    /// <returns>For the coordinator's own log: the public sentence is that of <see cref="RoundFault.MessageRefused"/>.</returns>
    public string? RefusalOf(RoundAttempt attempt, ReadOnlySpan<byte> bytes, Sha256Digest vector)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        if (AggregationMessage.Read(bytes) is not { } message)
            return "The bytes are no message of secure aggregation.";
        var sender = message switch { SignedMessage signed => signed.Sender, ShareBatch { Shares: [var first, ..] } => first.Sender, _ => -1 };
        return sender != attempt.Terms.Members.IndexOf(Site) ? $"'{Site}' sent a message in another member's name." : attempt.RefusalOf(message, vector)?.Sentence;
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
                    return SiteMetricsReport.Read(json) is var own && own.Fits(Study) && own.Fits(manifest.MinimumCell);
                case StepKind.Comparison:
                    return ComparisonReport.Read(json) is var compared && compared.Against == Against && compared.Fits(Study) && compared.Fits(manifest.MinimumCell);
                case StepKind.Monitoring:
                    return MonitoringReport.Read(Study, json) is var told && told.Of == Monitoring && told.Fits(manifest.MinimumCell);
                default:
                    return EvaluationReport.Read(json).Fits(Study, manifest.MinimumCell);
            }
        }
        catch (FormatException)
        {
            return false; // the sentence of the fault says what kind it must be; the site's own log knows what it sent
        }
    }
}
