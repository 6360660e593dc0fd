using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>The runs, as the rest of the coordinator calls them.</summary>
public sealed partial class Runs(IGrainFactory grains, IRunJournal journal, NoiseRoots roots, TimeProvider time, ILogger<Runs> log)
{
    /// <summary>Takes up every run that is not over. Called once, before clients are let in.</summary>
    public async Task WakeAllAsync()
    {
        var open = journal.List(openOnly: true);
        roots.KeepOnly(open);
        foreach (var run in open)
            await Grain(run).Wake();
        LogWoken(open.Count);
    }

    /// <summary>Sends a command, made with the present time.</summary>
    public async Task<Decision> SendAsync(RunId run, Func<DateTimeOffset, RunCommand> command) =>
        (await Grain(run).Handle(new Immutable<RunCommand>(command(time.GetUtcNow())))).Value;

    /// <summary>The state of a run; null where there is none.</summary>
    public async Task<RunState?> LookAsync(RunId run) => (await Grain(run).Look()).Value;

    /// <summary>What all open runs offer a site now.</summary>
    public async Task<IReadOnlyList<StepInvitation>> OffersForAsync(SiteId site)
    {
        var offers = new List<StepInvitation>();
        foreach (var run in journal.List(openOnly: true))
        {
            if ((await Grain(run).OfferFor(new Immutable<SiteId>(site))).Value is { } offer)
                offers.Add(offer);
        }

        return offers;
    }

    /// <summary>What became of a release that a site holds; null while that is open.</summary>
    public async Task<Settlement?> SettlementForAsync(SiteId site, StepId step, Sha256Digest release) =>
        (await Grain(step.Run).SettlementFor(new Immutable<HeldBySite>(new HeldBySite(site, step, release)))).Value;

    /// <summary>What a site's upload must be; or why there must be none.</summary>
    public async Task<UploadPermit> PermitForAsync(SiteId site, StepId step) =>
        (await Grain(step.Run).PermitFor(new Immutable<UploadQuestion>(new UploadQuestion(site, step)))).Value;

    /// <summary>Whether an open run that the site takes part in works from these parameters now.</summary>
    public async Task<bool> NeedsAsync(SiteId site, Sha256Digest parameters)
    {
        foreach (var run in journal.List(openOnly: true))
        {
            if (await LookAsync(run) is { } state && (state.Parameters == parameters || state.File == parameters) && state.Present.Contains(site))
                return true;
        }

        return false;
    }

    /// <summary>Takes a site out of every open run, or of those of one study.</summary>
    public async Task RemoveAsync(SiteId site, GoneReason reason, StudyDigest? study = null)
    {
        foreach (var run in journal.List(openOnly: true))
        {
            if (await LookAsync(run) is { } state && state.Plan.Sites.Contains(site) && (study is null || state.Plan.Study == study))
                await SendAsync(run, now => new RemoveSite(now, site, reason));
        }
    }

    private IRunGrain Grain(RunId run) => grains.GetGrain<IRunGrain>(run.Value);

    [LoggerMessage(1330, LogLevel.Information, "{Count} open runs were taken up")]
    private partial void LogWoken(int count);
}
