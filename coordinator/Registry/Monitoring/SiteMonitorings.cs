using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What a site has told of a version, over all runs that asked.</summary>
/// <param name="Site">The site.</param>
/// <param name="Run">The newest run in which it answered.</param>
/// <param name="At">When that run ended.</param>
/// <param name="Newest">What it answered there.</param>
/// <param name="Windows">Each window that it ever told, as it told it last, in their order.</param>
/// <param name="Telling">The newest report that was not withheld; null: there was none, and so there are no windows.</param>
public sealed record KnownMonitoring(SiteId Site, RunId Run, DateTimeOffset At, MonitoringReport Newest, ImmutableArray<MonitoredWindow> Windows, MonitoringReport? Telling);

/// <summary>What sites have told of served versions, by their journaled runs. Each run is read once, and its result when its version is asked about: what is damaged hides its own version and no other.</summary>
public sealed class SiteMonitorings(IRunJournal journal, ResultStore results, ModelRegistry models)
{
    // Of one site: a report's payload, and its name.
    private const int LongestOfSite = ReleaseManifest.MaximumJsonLength + 256;

    private readonly Lock _turn = new(); // guards what is below
    private readonly HashSet<RunId> _read = []; // runs that are over, or ask something else
    private readonly Dictionary<MonitoringOrder, List<(RunId Run, RunMonitored Told, int Sites)>> _unread = []; // in the order of their runs
    private readonly Dictionary<StudyDigest, List<Sha256Digest>> _profiles = []; // of each study, in the order of their runs
    private readonly Dictionary<MonitoringOrder, SortedDictionary<SiteId, KnownMonitoring>> _known = [];

    /// <summary>What each site has told of a version, in the order of their names; empty where none has.</summary>
    /// <exception cref="IOException">A result of it has changed on the disk.</exception>
    /// <exception cref="DamagedModelException">Its entry is not what was registered.</exception>
    public IReadOnlyList<KnownMonitoring> Of(MonitoringOrder of)
    {
        lock (_turn)
        {
            Look();
            ReadResults(of);
            return _known.TryGetValue(of, out var sites) ? [.. sites.Values] : [];
        }
    }

    /// <summary>The newest profile that sites have told of a study and whose result is here; null: none.</summary>
    /// <exception cref="IOException">Its result has changed on the disk.</exception>
    public StudyProfile? Profile(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        lock (_turn)
        {
            Look();
            var newest = _profiles.GetValueOrDefault(study.Digest)?.FindLastIndex(results.Contains) ?? -1;
            return newest < 0 ? null : StudyProfile.Read(study, results.Read(_profiles[study.Digest][newest]));
        }
    }

    /// <summary>Whether sites are being asked of a version now.</summary>
    public bool IsAsked(MonitoringOrder of) => journal.List(openOnly: true).Any(run => journal.Read(run) is [{ Event: RunCreated { Plan.Monitoring: { } asked } }, ..] events && asked == of && !events[^1].Event.Ends);

    private void Look()
    {
        foreach (var run in journal.List(openOnly: false).Where(run => !_read.Contains(run)))
            Read(run);
    }

    private void Read(RunId run)
    {
        var events = journal.Read(run);
        if (events is not [{ Event: RunCreated { Plan: var plan } }, ..])
            return;
        if (plan.OnlyAsks && !events[^1].Event.Ends)
            return; // still asked
        if (events[^1].Event is RunProfiled profiled)
            (_profiles.TryGetValue(plan.Study, out var profiles) ? profiles : _profiles[plan.Study] = []).Add(profiled.Profile);
        if (plan.Monitoring is { } asked && events[^1].Event is RunMonitored told)
            (_unread.TryGetValue(asked, out var unread) ? unread : _unread[asked] = []).Add((run, told, plan.Sites.Length));
        _read.Add(run);
    }

    private void ReadResults(MonitoringOrder of)
    {
        while (_unread.GetValueOrDefault(of) is [var (run, told, count), ..] unread)
        {
            if (models.Find(of.Served.Model) is { } entry && results.Contains(told.Monitoring))
            {
                var longest = (int)Math.Min(int.MaxValue, (long)LongestOfSite * Math.Max(1, count));
                var sites = _known.TryGetValue(of, out var known) ? known : _known[of] = [];
                foreach (var (site, report) in SiteMonitoring.Read(models.StudyOf(entry), results.Read(told.Monitoring, longest)).Sites)
                {
                    var now = new KnownMonitoring(site, run, told.At, report, report.Windows, report.Withheld is null ? report : null);
                    sites[site] = !sites.TryGetValue(site, out var other) ? now : other.At <= told.At ? Joined(other, now) : Joined(now, other);
                }
            }

            unread.RemoveAt(0); // last: what could not be read is read again
        }
    }

    // Runs need not end in the order in which they began.
    private static KnownMonitoring Joined(KnownMonitoring before, KnownMonitoring after) => after with
    {
        Windows = [.. before.Windows.Where(window => !after.Windows.Any(newer => newer.Window.Overlaps(window.Window))).Concat(after.Windows).OrderBy(window => window.Window.From)],
        Telling = after.Telling ?? before.Telling,
    };
}
