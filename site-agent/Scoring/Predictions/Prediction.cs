using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>One prediction, as it is logged and counted. An answer and what a shadow came to for the same row have the same id.</summary>
/// <param name="Id">The id: the day (UTC) and 16 hexadecimal digits.</param>
/// <param name="Made">When.</param>
/// <param name="Line">The line.</param>
/// <param name="Version">The version.</param>
/// <param name="Model">The model's digest.</param>
/// <param name="Mode">production, canary, ab, blue-green, fallback, shadow or batch.</param>
/// <param name="Patient">Pseudonym.</param>
/// <param name="At">As of when.</param>
/// <param name="Score">What the model came to.</param>
/// <param name="Reason">Why there is none, in one word.</param>
/// <param name="Elapsed">How long it took.</param>
/// <param name="Missing">Values that were missing.</param>
/// <param name="Implausible">Values that were implausible.</param>
internal sealed record Prediction(
    string Id, DateTimeOffset Made, string Line, ModelVersion Version, Sha256Digest Model, string Mode, string Patient, DateTimeOffset At, ModelScore Score, string? Reason, TimeSpan Elapsed,
    int Missing, int Implausible)
{
    /// <summary>What the model was given, and the features that it was given for; null once it was counted.</summary>
    public (LoadedModel Model, float[] Values)? Inputs { get; init; }

    /// <summary>Fingerprint of what the model was given, of a prediction that was read from the log.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The patient's subgroup of each of the study's partitions, of a prediction that was read from the log; null: it was written before they were.</summary>
    public ImmutableArray<int>? Groups { get; init; }
}
