using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Coordinator.Studies;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using SiteReason = FederatedClinicalMl.Protos.Federation.SiteReason;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>What sites' quality gates, profiles and windows say of their data, by the runs' journals. Each event is read once, and what sites told anew only when they have told more.</summary>
internal sealed class QualityBoard(IRunJournal journal, SiteMonitorings told, StudyDesk studies, MemberStore members, ModelLines lines, ModelRegistry models)
{
    private readonly Lock _turn = new(); // guards what is below
    private readonly Dictionary<RunId, FollowedRun> _runs = [];
    private int _answers; // profiles and windows that have come
    private (int Answers, ImmutableArray<MonitoringOrder> Served, ImmutableArray<SubmittedStudy> Studies, ImmutableArray<SiteId> Sites) _basis = (-1, [], [], []);
    private QualityPicture _picture = new([], [], [], []);

    /// <summary>What is known now.</summary>
    public QualityPicture Look()
    {
        lock (_turn)
        {
            foreach (var run in journal.List(openOnly: false))
                Follow(run);
            var declines = _runs.Values.SelectMany(run => run.Declines).OrderByDescending(decline => decline.At).ToImmutableArray();
            ImmutableArray<MonitoringOrder> served = [.. lines.All.SelectMany(Served)];
            ImmutableArray<SubmittedStudy> submitted = [.. studies.All.OrderBy(study => study.Study.Name, StringComparer.Ordinal).ThenBy(study => study.Study.Digest.ToString(), StringComparer.Ordinal)];
            ImmutableArray<SiteId> sites = [.. StudyWords.Enrolled(members)];
            if (_basis.Answers == _answers && _basis.Served.SequenceEqual(served) && _basis.Studies.SequenceEqual(submitted) && _basis.Sites.SequenceEqual(sites) && _picture.Unreadable.IsEmpty)
                return _picture = _picture with { Declines = declines };
            var unreadable = new List<string>();
            var profiles = submitted.Select(study => Readable(() => ProfileOf(study, sites), unreadable)).OfType<QualityTable>().ToImmutableArray();
            var uses = served.Select(order => Readable(() => UseOf(order), unreadable)).OfType<QualityTable>().ToImmutableArray();
            _basis = (_answers, served, submitted, sites);
            return _picture = new QualityPicture(declines, profiles, uses, [.. unreadable.Distinct()]);
        }
    }

    private static IEnumerable<MonitoringOrder> Served(ModelLine line) =>
        new[] { line.Production, line.Rollout?.Version }.OfType<ModelVersion>().Distinct().Select(version => new MonitoringOrder(line.Name, new ServedVersion(version, line.Versions[version].Model)));

    private void Follow(RunId id)
    {
        if (!_runs.TryGetValue(id, out var run))
            _runs[id] = run = new FollowedRun();
        if (run.IsOver)
            return;
        foreach (var happened in journal.Read(id, run.Sequence))
        {
            run.Apply(happened);
            if (happened.Event is RunProfiled or RunMonitored)
                _answers++;
        }
    }

    // Of the others is told nevertheless, and the next look tries again.
    private static QualityTable? Readable(Func<QualityTable?> read, List<string> unreadable)
    {
        try
        {
            return read();
        }
        catch (DamagedModelException damage)
        {
            unreadable.Add(damage.Message);
        }
        catch (IOException fault)
        {
            unreadable.Add($"Something that sites have told cannot be read, and is not shown: {fault.Message}");
        }

        return null;
    }

    private QualityTable? ProfileOf(SubmittedStudy submitted, IReadOnlyList<SiteId> enrolled)
    {
        var study = submitted.Study;
        if (told.Profile(study) is not { } profile)
            return null;
        return QualityTable.Of(
            study.Name, Routes.Study(study.Digest.ToString()), study,
            [.. profile.Sites.Select(site => (site.Site, "", Enumerable.Range(0, study.Data.Features.Length).Select(feature => OfProfile(site.Report, feature)).ToImmutableArray()))],
            StudyWords.Asked(submitted, enrolled).Except(profile.Sites.Select(site => site.Site)));
    }

    // A profile counts implausible values among the missing ones.
    private static FeatureQuality OfProfile(ProfileReport report, int feature)
    {
        var (missing, rows) = report.Categories[feature] is { } counts ? (counts.Missing, counts.Rows)
            : report.Numbers[feature]?.Moments is { } moments ? (moments.Missing, moments.Count + moments.Missing)
            : (null, null);
        return new FeatureQuality(missing == 0 ? 0 : (double?)missing / rows, 0);
    }

    private QualityTable? UseOf(MonitoringOrder order)
    {
        if (models.Find(order.Served.Model) is not { } entry)
            return null;
        var (study, known) = (models.StudyOf(entry), told.Of(order));
        var windows = known.Select(site => (site.Site, Window: site.Windows.LastOrDefault(window => window.Usage is not null))).ToLookup(site => site.Window is not null);
        return QualityTable.Of(
            $"{order.Line} {order.Served.Version}", Routes.Monitoring(order.Line, order.Served.Version), study,
            [
                .. windows[true].Select(site => (site.Site, Words.Days(site.Window!.Window),
                    WindowFigures.Of(study, site.Window, null, null).Features.Select(feature => new FeatureQuality(feature.Missing, feature.Implausible)).ToImmutableArray())),
            ],
            windows[false].Select(site => site.Site));
    }

    /// <summary>What a run's events, so far, tell of quality.</summary>
    private sealed class FollowedRun
    {
        private string _study = "";
        private StudyDigest _digest;

        public List<QualityDecline> Declines { get; } = [];

        public long Sequence { get; private set; }

        public bool IsOver { get; private set; }

        public void Apply(JournaledEvent happened)
        {
            (Sequence, IsOver) = (happened.Sequence, happened.Event.Ends);
            switch (happened.Event)
            {
                case RunCreated created:
                    (_study, _digest) = (created.Plan.Name, created.Plan.Study);
                    break;
                case SiteDeclined { Reason: SiteReason.DataQuality } declined:
                    Declines.Add(new QualityDecline(declined.Site, declined.Step, _study, _digest, declined.At, null));
                    break;
                case ReleaseAccepted accepted:
                    for (var at = Declines.Count - 1; at >= 0; at--)
                    {
                        if (Declines[at].Site == accepted.Site && Declines[at].Joined is null)
                            Declines[at] = Declines[at] with { Joined = accepted.At };
                    }

                    break;
            }
        }
    }
}
