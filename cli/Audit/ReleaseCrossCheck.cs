using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Audit;

/// <summary>How a site's list compares with the coordinator's journal and its signed round records.</summary>
/// <param name="Site">The site.</param>
/// <param name="Listed">Releases in its list, of runs that are over; null where it gave none.</param>
/// <param name="Journaled">Releases of it that the coordinator's journal has taken.</param>
/// <param name="Counted">Releases of it that signed round records count.</param>
/// <param name="NotTaken">Listed ones that the journal does not have, and of which the worker has not heard that they count: they came late, were refused, or never arrived.</param>
/// <param name="Differences">What one side has and the other lacks, each a sentence.</param>
internal sealed record SiteCrossCheck(SiteId Site, int? Listed, int Journaled, int Counted, int NotTaken, ImmutableArray<string> Differences);

/// <summary>
/// Holds the workers' signed lists of what they released against what the coordinator's journal has taken and what its signed round records count, and these two against each other: whoever edits the
/// journal cannot sign a record. A site without a list is held against nothing of its own, and said to be.
/// </summary>
/// <param name="lists">The lists.</param>
/// <param name="coordinator">The key that round records are signed with.</param>
internal sealed class ReleaseCrossCheck(IReadOnlyDictionary<SiteId, ReleaseList> lists, VerifyingKey coordinator)
{
    private const int SignatureLength = 64;

    private readonly Dictionary<(SiteId Site, StepId Step), Sha256Digest> _journaled = [];
    private readonly Dictionary<(SiteId Site, StepId Step), Sha256Digest> _counted = [];
    private readonly Dictionary<(RunId Run, RoundNumber Round), Sha256Digest> _records = [];
    private readonly HashSet<(RunId Run, RoundNumber Round)> _committed = [];
    private readonly HashSet<(RunId Run, RoundNumber Round)> _recorded = []; // by the journal, whatever an entry's copy says
    private readonly HashSet<RunId> _over = [];
    private readonly HashSet<RunId> _open = [];
    private readonly List<string> _faults = [];

    /// <summary>What is wrong with the coordinator's records, whatever the sites' lists say, each a sentence.</summary>
    public IEnumerable<string> Faults => _faults.Concat(_committed.Where(round => !_recorded.Contains(round))
        .Select(round => $"Round {round.Round} of run {round.Run} has no signed record; its events say that it was committed. The record was removed from the journal."));

    /// <summary>Takes in a run that is over: its events, with the round records among them.</summary>
    public void Hear(RunId run, IEnumerable<RunEvent> events)
    {
        _over.Add(run);
        foreach (var happened in events)
        {
            switch (happened)
            {
                case ReleaseAccepted accepted:
                    _journaled[(accepted.Site, accepted.Step)] = accepted.Release;
                    break;
                case StepCommitted committed:
                    _committed.Add((run, committed.Step.Round));
                    break;
                case RoundRecorded recorded:
                    if (Hear($"The record of round {recorded.Round} in the journal of run {run}", System.Text.Encoding.UTF8.GetBytes(recorded.Record), recorded.Signature))
                        _recorded.Add((run, recorded.Round));
                    break;
            }
        }
    }

    /// <summary>Takes in a signed round record, wherever it was kept; after all runs.</summary>
    /// <param name="what">Which it is, as a sentence begins.</param>
    /// <param name="canonical">The record, canonical JSON.</param>
    /// <param name="signature">Its signature, in base64.</param>
    /// <returns>Whether the coordinator has signed it.</returns>
    public bool Hear(string what, byte[] canonical, string signature)
    {
        var signed = new byte[SignatureLength];
        if (!Convert.TryFromBase64String(signature, signed, out var length) || length != signed.Length || !coordinator.Verify(SignatureContext.RoundRecord, canonical, signed))
        {
            _faults.Add($"{what} is not signed by the coordinator's key {coordinator.Fingerprint}: the record or its signature was changed.");
            return false;
        }

        var record = RecordedRound.Read(canonical);
        if (_open.Contains(record.Run))
            return true;
        var digest = Sha256Digest.Of(canonical);
        if (_records.TryGetValue((record.Run, record.Round), out var other) && other != digest)
            _faults.Add($"{what} is another than that before it: the coordinator has signed two records of round {record.Round} of run {record.Run}.");
        if (!_records.TryAdd((record.Run, record.Round), digest))
            return true;
        foreach (var (step, part) in record.Committed.SelectMany(step => step.Participants, (step, part) => (step, part)))
            _counted[(part.Site, step.Id)] = part.Release;
        return true;
    }

    /// <summary>Takes in a run that is not over: nothing of it is compared.</summary>
    public void IsOpen(RunId run) => _open.Add(run);

    /// <summary>A comparison for each site that any side names.</summary>
    public IEnumerable<SiteCrossCheck> Compare() => _journaled.Keys.Concat(_counted.Keys).Select(key => key.Site).Union(lists.Keys).Order().Select(Compare);

    private SiteCrossCheck Compare(SiteId site)
    {
        var (journaled, counted) = (Of(_journaled, site), Of(_counted, site));
        var differences = ImmutableArray.CreateBuilder<string>();
        foreach (var (step, release) in counted)
        {
            if (!journaled.TryGetValue(step, out var taken))
                differences.Add($"{site}: the signed record of round {step.Round} counts the release {release.Short} for {step}; the coordinator's events have none. It was removed there.");
            else if (taken != release)
                differences.Add($"{site}: the signed record of round {step.Round} counts the release {release.Short} for {step}; the coordinator's events have {taken.Short}. They were changed.");
        }

        if (lists.GetValueOrDefault(site) is not { } list)
            return new SiteCrossCheck(site, null, journaled.Count, counted.Count, 0, differences.ToImmutable());
        var listed = list.Releases.Where(release => !_open.Contains(release.Step.Run)).ToDictionary(release => release.Step);
        foreach (var (step, release) in journaled)
        {
            if (!listed.TryGetValue(step, out var known))
                differences.Add($"{site}: the coordinator has taken the release {release.Short} for {step}; the worker's list, up to entry {list.Entries}, has none. It was removed from the worker's log, or the list is older than the release.");
            else if (known.Release != release)
                differences.Add($"{site}: for {step} the coordinator has taken the release {release.Short}; the worker's list has {known.Release.Short}.");
        }

        foreach (var (step, release) in counted.Where(item => !journaled.ContainsKey(item.Key)))
        {
            if (!listed.TryGetValue(step, out var known))
                differences.Add($"{site}: the signed record of round {step.Round} counts the release {release.Short} for {step}; the worker's list, up to entry {list.Entries}, has none. It was removed from the worker's log, or the list is older than the release.");
            else if (known.Release != release)
                differences.Add($"{site}: for {step} the signed record of round {step.Round} counts the release {release.Short}; the worker's list has {known.Release.Short}.");
        }

        foreach (var release in listed.Values.Where(release => release.Taken))
        {
            if (journaled.ContainsKey(release.Step) && counted.ContainsKey(release.Step))
                continue;
            differences.Add($"{site}: the worker has heard that its release {release.Release.Short} for {release.Step} counts; " + (
                !_over.Contains(release.Step.Run) ? "the coordinator has no such run."
                : !journaled.ContainsKey(release.Step) ? "the coordinator's journal does not have it. It was removed there."
                : "no signed round record of the coordinator counts it."));
        }

        var notTaken = listed.Values.Count(release => !release.Taken && !journaled.ContainsKey(release.Step));
        return new SiteCrossCheck(site, listed.Count, journaled.Count, counted.Count, notTaken, differences.ToImmutable());
    }

    private static SortedDictionary<StepId, Sha256Digest> Of(Dictionary<(SiteId Site, StepId Step), Sha256Digest> releases, SiteId site) =>
        new(releases.Where(item => item.Key.Site == site).ToDictionary(item => item.Key.Step, item => item.Value), Comparer<StepId>.Create((one, other) => string.CompareOrdinal(one.ToString(), other.ToString())));
}
