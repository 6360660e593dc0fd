using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>What a run needs of its surroundings.</summary>
/// <param name="Journal">Where its events go.</param>
/// <param name="Staging">Where its uploads go.</param>
/// <param name="Results">Where its results go.</param>
/// <param name="Key">Signs its round records.</param>
/// <param name="Time">The clock.</param>
public sealed record RunServices(IRunJournal Journal, StagingArea Staging, ResultStore Results, SigningKey Key, TimeProvider Time);

/// <summary>
/// A run at work: journal before effect, over <see cref="RoundMachine"/>. Used by one caller at a time (a grain's turn, the simulator's
/// thread). After an exception its memory may be behind the journal: make a new one, which replays.
/// </summary>
public sealed class RunProcess
{
    /// <summary>Takes up a run where the journal left it; effects follow with <see cref="Recover"/>.</summary>
    public RunProcess(RunId run, Study study, RunServices services, IRunEffects effects) => throw new NotImplementedException();

    /// <summary>The run's state; null until it is created.</summary>
    public RunState? State => throw new NotImplementedException();

    /// <summary>Number of the last journaled event.</summary>
    public long Sequence => throw new NotImplementedException();

    /// <summary>
    /// After a start: releases that are staged but not journaled are journaled, sums are folded again, and offers, deadlines, settlements and work that
    /// a crash may have cut off are issued again.
    /// </summary>
    public void Recover() => throw new NotImplementedException();

    /// <summary>Decides, journals, applies, then causes the effects.</summary>
    public Decision Handle(RunCommand command) => throw new NotImplementedException();

    /// <summary>What to offer a site that (re)connected, or asked; null where it has nothing to do now.</summary>
    public StepInvitation? OfferFor(SiteId site) => throw new NotImplementedException();

    /// <summary>What became of a release that a site still holds; null while that is open (the step collects or is being merged).</summary>
    public Settlement? SettlementFor(SiteId site, StepId step, Sha256Digest release) => throw new NotImplementedException();

    /// <summary>What a site's upload for a step must be; or why there must be none.</summary>
    public (UploadRule? Rule, RoundFault? Fault) RuleFor(SiteId site, StepId step) => throw new NotImplementedException();
}
