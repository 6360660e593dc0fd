using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>
/// Where a test of the simulator plants a fault, to see that chaos finds it: around the production cores, never in them. This one plants none.
/// </summary>
internal class Mutant
{
    /// <summary>None.</summary>
    public static readonly Mutant None = new();

    /// <summary>Whether a gateway is told that its release is there before the journal says so.</summary>
    public virtual bool AcknowledgesBeforeJournal => false;

    /// <summary>Whether a release is settled at the worker as soon as it is delivered.</summary>
    public virtual bool SettlesOnDelivery => false;

    /// <summary>The disk that a process sees.</summary>
    public virtual IDisk Disk(string process, string name, IDisk disk) => disk;

    /// <summary>The journal that a life of the coordinator sees.</summary>
    public virtual IRunJournal Journal(IRunJournal journal) => journal;

    /// <summary>What an upload must be.</summary>
    public virtual UploadPermit Permit(RunProcess process, SiteId site, StepId step) => process.PermitFor(site, step);

    /// <summary>What is journaled of a staged release.</summary>
    public virtual StagedRelease Staged(RunProcess process, StagedRelease release) => release;
}
