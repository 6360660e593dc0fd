using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What somebody wants of a model's line.</summary>
public abstract record StageCommand;

/// <summary>Gives an entry of the registry a version.</summary>
/// <param name="Model">The entry.</param>
/// <param name="Proposal">What the system proposes.</param>
/// <param name="Version">What the person confirms.</param>
public sealed record ConfirmVersion(Sha256Digest Model, VersionProposal Proposal, ModelVersion Version) : StageCommand;

/// <summary>Asks for a version's promotion to its next stage.</summary>
/// <param name="Version">The version.</param>
/// <param name="To">The stage.</param>
/// <param name="Gates">What its gates came to.</param>
public sealed record AskPromotion(ModelVersion Version, ModelStage To, GateReport Gates) : StageCommand;

/// <summary>Agrees to the promotion that waits.</summary>
/// <param name="Clinical">Whether their role is a clinician's.</param>
/// <param name="Version">The version that they mean.</param>
/// <param name="To">The stage that they mean.</param>
/// <param name="Reason">Why.</param>
/// <param name="Production">What the gate against the version in production comes to now: unlike the others it may change while a promotion waits. Null: none is in production.</param>
public sealed record ApprovePromotion(bool Clinical, ModelVersion Version, ModelStage To, string Reason, GateResult? Production) : StageCommand;

/// <summary>Ends the promotion that waits.</summary>
/// <param name="Version">The version that they mean.</param>
/// <param name="Reason">Why.</param>
public sealed record RefusePromotion(ModelVersion Version, string Reason) : StageCommand;

/// <summary>Takes the version in production back, to the one before it or to none.</summary>
/// <param name="Version">The version that they mean.</param>
/// <param name="Reason">Why.</param>
public sealed record RollBack(ModelVersion Version, string Reason) : StageCommand;

/// <summary>Lets a version in staging in beside the one in production, further or less far; or ends that.</summary>
/// <param name="Version">The version that they mean.</param>
/// <param name="Rollout">How far; null: no more.</param>
/// <param name="Reason">Why.</param>
public sealed record SetRollout(ModelVersion Version, Rollout? Rollout, string Reason) : StageCommand;

/// <summary>A site's scoring has taken a version out of use by itself.</summary>
/// <param name="Site">The site.</param>
/// <param name="Withdrawal">What, why and when.</param>
public sealed record WithdrawnAtSite(SiteId Site, Withdrawal Withdrawal) : StageCommand;

/// <summary>Names the last day on which a version is to be used.</summary>
/// <param name="Version">The version.</param>
/// <param name="LastDay">The day.</param>
/// <param name="Reason">Why.</param>
public sealed record DeprecateVersion(ModelVersion Version, DateOnly LastDay, string Reason) : StageCommand;

/// <summary>The last day of a version that a rollback could lead to is over: none leads there from here on.</summary>
/// <param name="Version">The version.</param>
public sealed record LastDayPassed(ModelVersion Version) : StageCommand;

/// <summary>Takes a version that is not in production out of use for good.</summary>
/// <param name="Version">The version.</param>
/// <param name="Reason">Why.</param>
public sealed record RetireVersion(ModelVersion Version, string Reason) : StageCommand;
