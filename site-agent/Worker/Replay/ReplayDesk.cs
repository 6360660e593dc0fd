using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Has this worker compute its part of a run again, for a steward who wants to state that what left was what the study says: rows and root of randomness stay here, and of each release no more is
/// told than equal, unequal or unchecked. Nothing is charged, for nothing else leaves. docs/decisions/0028-replay-in-parts.md
/// </summary>
/// <param name="core">For log, roots, policy and exclusions.</param>
/// <param name="identity">Signs what is stated.</param>
/// <param name="computer">Computes; of its own, so that a replay never disturbs a round.</param>
/// <param name="scratch">A folder for the files that are given; what is left in it is removed.</param>
public sealed class ReplayDesk(WorkerCore core, WorkerIdentity identity, IStepComputer computer, IDisk scratch) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1); // the computer keeps a buffer, and the folder holds one replay's files

    /// <summary>Begins.</summary>
    /// <param name="run">The run, whoever asks having read it off a list: 16 hexadecimal digits.</param>
    /// <exception cref="StewardException">This site released nothing in it, its study is not there any more, or another replay is under way.</exception>
    public SiteReplay Begin(string run)
    {
        core.RequireSoundLog(); // what it cannot vouch for it does not state
        if (!RunId.TryParse(run, out var id))
            throw new StewardException($"'{run}' is not a run: 16 hexadecimal digits are needed, as 'site-worker ledger plan' and the researcher's record have them.");
        if (core.State.Releases.Values.FirstOrDefault(release => release.Step.Run == id && release.Step.Kind.ReadsData()) is not { } first)
            throw new StewardException($"This site has released nothing that was computed from its rows in the run {id}.");
        if (first.Step.Kind == StepKind.Comparison)
            throw new StewardException($"The run {id} compared two models and made none: there is nothing that a model would have to be explained by, and its release is in the log as it left.");
        if (first.Step.Kind == StepKind.Monitoring)
            throw new StewardException($"The run {id} asked what a model did here and made none: its release is in the log as it left, and each part of it is repeated by later ones.");
        var study = core.StudyOf(first.Study)
            ?? throw new StewardException($"The file of the study {first.Study} no longer has its digest. It is written again when the gateway next connects: restart it.");
        if (!_one.Wait(0))
            throw new StewardException("Another replay is under way; this one can begin when it has ended.");
        return new SiteReplay(core, identity, computer, scratch, study, id, () => _one.Release());
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();
}
