using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// What a run does to the world. Every call follows the journal, may be repeated after a restart, and must not block: it is made while
/// the run's command is handled.
/// </summary>
public interface IRunEffects
{
    /// <summary>Tells a site of a step; where the site is not connected, nothing: it asks again when it connects (<see cref="RunProcess.OfferFor"/>).</summary>
    void Offer(SiteId site, StepInvitation invitation);

    /// <summary>Tells a site that its part in a step is over.</summary>
    void Settle(SiteId site, StepId step, Settlement settlement);

    /// <summary>Sends <see cref="DeadlineReached"/> at <paramref name="at"/>, instead of what was armed for this run before.</summary>
    void ArmDeadline(StepId step, DateTimeOffset at);

    /// <summary>Executes the item after those that were started before, one at a time for this run, off the run's turn; see <see cref="RunWork"/>.</summary>
    void Start(RunWork work);

    /// <summary>An event is in the journal: for those who watch the run, and for the audit log.</summary>
    void Happened(RunId run, JournaledEvent journaled);
}

/// <summary>What a site is asked.</summary>
/// <param name="Step">The step.</param>
/// <param name="Study">The study.</param>
/// <param name="Parameters">SHA-256 of the parameters to work from; null for preparation.</param>
/// <param name="ParametersLength">Their bytes; 0 for preparation.</param>
/// <param name="Constants">Canonical JSON of the preprocessing constants; empty for preparation.</param>
/// <param name="Deadline">When the step closes at the latest.</param>
/// <param name="Inputs">Of a masked round: what this site is given for the step (docs/reference/secure-aggregation.md); empty otherwise.</param>
/// <param name="Ledger">Under differential privacy: the newest head of the site's ledger that was seen (<see cref="Learning.LedgerReceipt"/>); empty where none was.</param>
/// <param name="File">Of an encrypted round: what every site is given for the step besides (docs/reference/homomorphic.md); null otherwise.</param>
public sealed record StepInvitation(
    StepId Step, StudyDigest Study, Sha256Digest? Parameters, long ParametersLength, ReadOnlyMemory<byte> Constants, DateTimeOffset Deadline,
    ReadOnlyMemory<byte> Inputs = default, ReadOnlyMemory<byte> Ledger = default, StepFile? File = null);

/// <summary>How a site's part in a step ended. Numbers are those of the wire.</summary>
public enum SettlementOutcome
{
    /// <summary>Its release counts in the step's result.</summary>
    Committed = 1,

    /// <summary>Its release was refused.</summary>
    Refused = 2,

    /// <summary>It arrived, or would arrive, after the step was closed.</summary>
    Late = 3,

    /// <summary>The attempt or the run ended without a result.</summary>
    Abandoned = 4,
}

/// <summary>How a site's part in a step ended, and why where it was refused.</summary>
public readonly record struct Settlement(SettlementOutcome Outcome, RoundFault? Fault = null);

/// <summary>
/// Work of a run that may take long (merging, registering). The live host executes items one after another on a queue of the
/// run, off the grain's turn, and hands the outcome back to <see cref="RunProcess.Handle"/>; the simulator does it inline.
/// </summary>
public abstract class RunWork
{
    private protected RunWork()
    {
    }

    /// <summary>What it does, for logs and traces.</summary>
    public abstract string Name { get; }

    /// <summary>Does it. Idempotent.</summary>
    /// <returns>A command for the run; null where there is nothing to say.</returns>
    /// <exception cref="IOException">The disk failed: execute it again later.</exception>
    public abstract RunCommand? Execute();
}
