using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>A person's word for a promotion.</summary>
/// <param name="Person">Who: <c>role name</c>, as the audit log has members.</param>
/// <param name="Clinical">Whether the role is a clinician's.</param>
/// <param name="Reason">Why, in their words.</param>
/// <param name="At">When.</param>
public sealed record ModelApproval(string Person, bool Clinical, string Reason, DateTimeOffset At);

/// <summary>A promotion that was asked for, whose gates passed, and that waits for people.</summary>
/// <param name="Version">Which version.</param>
/// <param name="To">To which stage.</param>
/// <param name="By">Who asked.</param>
/// <param name="At">When.</param>
/// <param name="Gates">What its gates came to.</param>
/// <param name="Approvals">Who has agreed, each once.</param>
public sealed record ModelPromotion(ModelVersion Version, ModelStage To, string By, DateTimeOffset At, GateReport Gates, ImmutableArray<ModelApproval> Approvals)
{
    /// <summary>How many different people have to agree.</summary>
    public const int People = 2;

    /// <summary>Whether enough people have agreed, one of them a clinician.</summary>
    public bool IsApproved => Approvals.Length >= People && Approvals.Any(approval => approval.Clinical);
}

/// <summary>A version in staging that sites may let in beside the one in production.</summary>
/// <param name="Version">Which version.</param>
/// <param name="Rollout">How far.</param>
/// <param name="By">Who has decided that.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">When.</param>
public sealed record ModelRollout(ModelVersion Version, Rollout Rollout, string By, string Reason, DateTimeOffset At);

/// <summary>A version that a site's scoring has taken out of use by itself.</summary>
/// <param name="Site">The site.</param>
/// <param name="Model">The registry's entry.</param>
/// <param name="Reason">Why.</param>
/// <param name="At">When, by the site's clock.</param>
public sealed record SiteWithdrawal(SiteId Site, Sha256Digest Model, WithdrawalReason Reason, DateTimeOffset At);

/// <summary>A version of a model.</summary>
/// <param name="Version">The version.</param>
/// <param name="Model">The registry's entry.</param>
/// <param name="Stage">How far it has come.</param>
/// <param name="ConfirmedBy">Who has confirmed the version.</param>
/// <param name="At">When.</param>
public sealed record VersionedModel(ModelVersion Version, Sha256Digest Model, ModelStage Stage, string ConfirmedBy, DateTimeOffset At)
{
    /// <summary>The last day on which it is to be used; null: none was named.</summary>
    public DateOnly? LastDay { get; init; }

    /// <summary>Whether somebody has retired it for good: no rollback leads back to it.</summary>
    public bool Ended { get; init; }
}

/// <summary>The versions of one model: of all runs whose studies bear its name. Immutable.</summary>
/// <param name="Name">The name.</param>
public sealed record ModelLine(string Name)
{
    /// <summary>All versions.</summary>
    public ImmutableSortedDictionary<ModelVersion, VersionedModel> Versions { get; init; } = ImmutableSortedDictionary<ModelVersion, VersionedModel>.Empty;

    /// <summary>The version that sites use; null: none.</summary>
    public ModelVersion? Production => Versions.Values.Where(version => version.Stage == ModelStage.Production).Select(version => (ModelVersion?)version.Version).SingleOrDefault();

    /// <summary>The versions that were in production before it, the latest last: where a rollback leads.</summary>
    public ImmutableArray<ModelVersion> Before { get; init; } = [];

    /// <summary>The promotion that waits for people; null: none does.</summary>
    public ModelPromotion? Promotion { get; init; }

    /// <summary>The version that is let in beside production; null: none is.</summary>
    public ModelRollout? Rollout { get; init; }

    /// <summary>What sites' scoring has taken out of use by itself, in the order in which it was heard of.</summary>
    public ImmutableList<SiteWithdrawal> Withdrawals { get; init; } = [];

    /// <summary>Number and time of the entry since which sites are to serve what they are to serve now; 0: there was never anything to serve.</summary>
    public (long Sequence, DateTimeOffset At) Ordered { get; init; }

    /// <summary>What sites are to serve.</summary>
    public ServedModels Serves => ServedModels.Of(
        Served(Production), Production is null ? null : Served(Fallback), Rollout is { } rollout ? new ServedCandidate(Served(rollout.Version)!, rollout.Rollout) : null);

    /// <summary>The greatest version; null: there is none.</summary>
    public ModelVersion? Greatest => Versions.IsEmpty ? null : Versions.Keys.Max();

    /// <summary>The version that sites keep ready behind production, and that a rollback would bring back unless its last day is over; null: sites would have none.</summary>
    public ModelVersion? Fallback => Returns.Select(version => (ModelVersion?)version).LastOrDefault();

    /// <summary>The version that a rollback brings back on a day: the latest whose last day is not over; null: none.</summary>
    public ModelVersion? FallbackOn(DateOnly today) => Returns.Where(version => !(Versions[version].LastDay < today)).Select(version => (ModelVersion?)version).LastOrDefault();

    /// <summary>The versions that a rollback could lead to and whose last day is over, as of a day.</summary>
    public IEnumerable<ModelVersion> PassedOn(DateOnly today) => Returns.Where(version => Versions[version].LastDay < today).Distinct();

    /// <summary>The versions that a rollback could lead to, the latest last.</summary>
    internal IEnumerable<ModelVersion> Returns => Before.Where(version => Versions[version] is { Ended: false, Stage: not ModelStage.Production });

    /// <summary>The version of a registry's entry; null: it has none.</summary>
    public VersionedModel? Of(Sha256Digest model) => Versions.Values.FirstOrDefault(version => version.Model == model);

    private ServedVersion? Served(ModelVersion? version) => version is { } known ? new ServedVersion(known, Versions[known].Model) : null;

    internal ModelLine With(VersionedModel version) => this with { Versions = Versions.SetItem(version.Version, version) };
}
