using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>What one site's release for one step must be. Every bound is known before a byte is taken.</summary>
/// <param name="Step">The step.</param>
/// <param name="Site">The site, from its certificate.</param>
/// <param name="Study">The run's study.</param>
/// <param name="Parameters">SHA-256 of the step's parameters; null for preparation.</param>
/// <param name="Constants">SHA-256 of the constants; null for preparation.</param>
/// <param name="Format">Format of an update; null for steps that collect JSON.</param>
/// <param name="Dimension">Number of values of an update; 0 for JSON.</param>
/// <param name="MaximumWeight">Cap of an update's weight; 0 for JSON.</param>
public sealed record UploadRule(
    StepId Step,
    SiteId Site,
    StudyDigest Study,
    Sha256Digest? Parameters,
    Sha256Digest? Constants,
    UpdateFormat? Format,
    int Dimension,
    int MaximumWeight)
{
    /// <summary>Longest payload of a step that collects JSON, in bytes.</summary>
    public const int MaximumJson = 4 << 20;

    /// <summary>Longest head of a release, in bytes.</summary>
    public const int MaximumHead = 64 << 10;

    /// <summary>Longest release that can be right, in bytes.</summary>
    public long MaximumLength => MaximumHead + (Format?.PayloadLength(Dimension) ?? MaximumJson);
}
