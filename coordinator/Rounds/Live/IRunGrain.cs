using FederatedClinicalMl.Studies;
using Orleans.Concurrency;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// One run, one command at a time. Its key is the run's id. Values are wrapped in <see cref="Immutable{T}"/>: they are records that nobody
/// changes, and within one process Orleans hands them over as they are.
/// </summary>
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Takes the run up where the journal left it; does nothing more where it is at work.</summary>
    Task Wake();

    /// <summary>Decides, journals and causes the effects.</summary>
    Task<Immutable<Decision>> Handle(Immutable<RunCommand> command);

    /// <summary>What to offer a site that connected; null where it has nothing to do now.</summary>
    Task<Immutable<StepInvitation?>> OfferFor(Immutable<SiteId> site);

    /// <summary>What became of a release that a site holds; null while that is open.</summary>
    Task<Immutable<Settlement?>> SettlementFor(Immutable<HeldBySite> held);

    /// <summary>What a site's upload must be; or why there must be none.</summary>
    Task<Immutable<UploadPermit>> PermitFor(Immutable<UploadQuestion> question);

    /// <summary>The run's state; null where there is no such run.</summary>
    Task<Immutable<RunState?>> Look();
}

/// <summary>A release that waits in a site's outbox.</summary>
public sealed record HeldBySite(SiteId Site, StepId Step, Sha256Digest Release);

/// <summary>Asks what an upload must be.</summary>
public sealed record UploadQuestion(SiteId Site, StepId Step);
