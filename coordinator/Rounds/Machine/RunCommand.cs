using System.Text.Json.Serialization;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>What is asked of a run. A closed hierarchy; every command may arrive twice, late, or out of order.</summary>
/// <param name="Now">The coordinator's time.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(CreateRun), nameof(CreateRun))]
[JsonDerivedType(typeof(StartRun), nameof(StartRun))]
[JsonDerivedType(typeof(ReleaseStaged), nameof(ReleaseStaged))]
[JsonDerivedType(typeof(ReleaseRejected), nameof(ReleaseRejected))]
[JsonDerivedType(typeof(DeclineStep), nameof(DeclineStep))]
[JsonDerivedType(typeof(RemoveSite), nameof(RemoveSite))]
[JsonDerivedType(typeof(DeadlineReached), nameof(DeadlineReached))]
[JsonDerivedType(typeof(StepMerged), nameof(StepMerged))]
[JsonDerivedType(typeof(MergeFailed), nameof(MergeFailed))]
[JsonDerivedType(typeof(PauseRun), nameof(PauseRun))]
[JsonDerivedType(typeof(ResumeRun), nameof(ResumeRun))]
[JsonDerivedType(typeof(CancelRun), nameof(CancelRun))]
[JsonDerivedType(typeof(ModelRegistered), nameof(ModelRegistered))]
public abstract record RunCommand(DateTimeOffset Now);

/// <summary>Creates the run.</summary>
public sealed record CreateRun(DateTimeOffset Now, RunPlan Plan) : RunCommand(Now);

/// <summary>Opens the first step.</summary>
public sealed record StartRun(DateTimeOffset Now) : RunCommand(Now);

/// <summary>A site's release is whole, verified and durable in staging.</summary>
/// <param name="Now">The coordinator's time.</param>
/// <param name="Step">The step that it answers.</param>
/// <param name="Site">The site.</param>
/// <param name="Release">SHA-256 of its signed manifest.</param>
/// <param name="Weight">How much it counts.</param>
/// <param name="Origin">What its manifest says of its making.</param>
public sealed record ReleaseStaged(DateTimeOffset Now, StepId Step, SiteId Site, Sha256Digest Release, int Weight, ReleaseOrigin Origin) : RunCommand(Now);

/// <summary>A site's release was refused for good.</summary>
public sealed record ReleaseRejected(DateTimeOffset Now, StepId Step, SiteId Site, RoundFault Fault) : RunCommand(Now);

/// <summary>A site says no to a step.</summary>
public sealed record DeclineStep(DateTimeOffset Now, StepId Step, SiteId Site, SiteReason Reason) : RunCommand(Now);

/// <summary>A site was revoked, or its steward withdrew the approval: it takes no further part in the run.</summary>
public sealed record RemoveSite(DateTimeOffset Now, SiteId Site, GoneReason Reason) : RunCommand(Now);

/// <summary>The timer of a step went off.</summary>
public sealed record DeadlineReached(DateTimeOffset Now, StepId Step) : RunCommand(Now);

/// <summary>A closed step was merged, and its result is durable.</summary>
/// <param name="Now">The coordinator's time.</param>
/// <param name="Step">The step.</param>
/// <param name="Result">SHA-256 of the result: parameters, constants or metrics.</param>
/// <param name="Length">Bytes of the result.</param>
/// <param name="HeldBack">Of an evaluation: whether the parameters that it is of are not gone on with.</param>
/// <param name="Sum">Of new parameters: SHA-256 of the sum that they were made of, durable too; null otherwise.</param>
public sealed record StepMerged(
    DateTimeOffset Now, StepId Step, Sha256Digest Result, long Length,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool HeldBack = false,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Sha256Digest? Sum = null) : RunCommand(Now);

/// <summary>A closed step cannot be merged, e.g. because the result is not finite.</summary>
/// <param name="Now">The coordinator's time.</param>
/// <param name="Step">The step.</param>
/// <param name="Fault">Why.</param>
/// <param name="Detail">Which site it lies with, where that is known.</param>
public sealed record MergeFailed(DateTimeOffset Now, StepId Step, RoundFault Fault, string? Detail = null) : RunCommand(Now);

/// <summary>No new step opens, and the open step's deadline stops counting, until resumed.</summary>
public sealed record PauseRun(DateTimeOffset Now) : RunCommand(Now);

/// <summary>Goes on after a pause.</summary>
public sealed record ResumeRun(DateTimeOffset Now) : RunCommand(Now);

/// <summary>Ends the run without a model.</summary>
public sealed record CancelRun(DateTimeOffset Now) : RunCommand(Now);

/// <summary>The finished run's model is in the registry.</summary>
/// <param name="Now">The coordinator's time.</param>
/// <param name="Model">SHA-256 of the entry's manifest.</param>
public sealed record ModelRegistered(DateTimeOffset Now, Sha256Digest Model) : RunCommand(Now);

/// <summary>What a release was made from and with: the lineage that its manifest attests.</summary>
/// <param name="Data">The site's keyed fingerprint of the data; null where no data was read.</param>
/// <param name="Software">Version of the worker.</param>
/// <param name="Capability">CPU capability and thread count.</param>
/// <param name="MinimumCell">The least count that the site's policy let out, as in the manifest.</param>
public sealed record ReleaseOrigin(Sha256Digest? Data, string Software, string Capability, int MinimumCell);

/// <summary>Why a site takes no further part.</summary>
public enum GoneReason
{
    /// <summary>An admin revoked it.</summary>
    Revoked = 1,

    /// <summary>Its steward withdrew the approval of the study.</summary>
    ApprovalWithdrawn = 2,
}
