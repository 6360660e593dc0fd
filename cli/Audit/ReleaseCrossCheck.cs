using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Audit;

/// <summary>How a site's list compares with the coordinator's journal.</summary>
/// <param name="Site">The site.</param>
/// <param name="Listed">Releases in its list, of runs that are over; null where it gave none.</param>
/// <param name="Journaled">Releases of it that the coordinator's journal has taken.</param>
/// <param name="NotTaken">Listed ones that the journal does not have, and of which the worker has not heard that they count: they came late, were refused, or never arrived.</param>
/// <param name="Differences">What one side has and the other lacks, each a sentence.</param>
internal sealed record SiteCrossCheck(SiteId Site, int? Listed, int Journaled, int NotTaken, ImmutableArray<string> Differences);

/// <summary>Holds the workers' signed lists of what they released against what the coordinator's journal has taken. A site without a list is compared with nothing, and said to be.</summary>
/// <param name="lists">The lists.</param>
internal sealed class ReleaseCrossCheck(IReadOnlyDictionary<SiteId, ReleaseList> lists)
{
    private readonly Dictionary<(SiteId Site, StepId Step), Sha256Digest> _journaled = [];
    private readonly HashSet<RunId> _over = [];
    private readonly HashSet<RunId> _open = [];

    /// <summary>Takes in a run that is over: its events.</summary>
    public void Hear(RunId run, IEnumerable<RunEvent> events)
    {
        _over.Add(run);
        foreach (var accepted in events.OfType<ReleaseAccepted>())
            _journaled[(accepted.Site, accepted.Step)] = accepted.Release;
    }

    /// <summary>Takes in a run that is not over: nothing of it is compared.</summary>
    public void IsOpen(RunId run) => _open.Add(run);

    /// <summary>A comparison for each site that either side names.</summary>
    public IEnumerable<SiteCrossCheck> Compare() => _journaled.Keys.Select(key => key.Site).Union(lists.Keys).Order().Select(Compare);

    private SiteCrossCheck Compare(SiteId site)
    {
        var journaled = _journaled.Where(item => item.Key.Site == site).OrderBy(item => item.Key.Step.ToString(), StringComparer.Ordinal).ToList();
        if (lists.GetValueOrDefault(site) is not { } list)
            return new SiteCrossCheck(site, null, journaled.Count, 0, []);
        var listed = list.Releases.Where(release => !_open.Contains(release.Step.Run)).ToDictionary(release => release.Step);
        var (differences, notTaken) = (ImmutableArray.CreateBuilder<string>(), 0);
        foreach (var (key, release) in journaled)
        {
            if (!listed.TryGetValue(key.Step, out var known))
                differences.Add($"{site}: the coordinator has taken the release {release.Short} for {key.Step}; the worker's list, up to entry {list.Entries}, has none. It was removed from the worker's log, or the list is older than the release.");
            else if (known.Release != release)
                differences.Add($"{site}: for {key.Step} the coordinator has taken the release {release.Short}; the worker's list has {known.Release.Short}.");
        }

        foreach (var release in listed.Values.Where(release => !_journaled.ContainsKey((site, release.Step))))
        {
            if (!release.Taken)
                notTaken++;
            else if (_over.Contains(release.Step.Run))
                differences.Add($"{site}: the worker has heard that its release {release.Release.Short} for {release.Step} counts; the coordinator's journal does not have it. It was removed there.");
            else
                differences.Add($"{site}: the worker has heard that its release {release.Release.Short} for {release.Step} counts; the coordinator has no such run.");
        }

        return new SiteCrossCheck(site, listed.Count, journaled.Count, notTaken, differences.ToImmutable());
    }
}
