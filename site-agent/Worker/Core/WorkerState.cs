using System.Collections.Immutable;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What the steward has decided about a study.</summary>
public enum Decision
{
    /// <summary>Nothing yet.</summary>
    Pending,

    /// <summary>It may run here.</summary>
    Approved,

    /// <summary>It may not.</summary>
    Refused,

    /// <summary>It might, and may no longer.</summary>
    Revoked,
}

/// <summary>A study as this site knows it.</summary>
/// <param name="Digest">SHA-256 of its canonical JSON, which lies in <c>studies/</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Submitter">Who signed it, as their certificate says.</param>
/// <param name="OfferedAt">When it came.</param>
/// <param name="Withdrawn">Whether the coordinator took the offer back; no step of it is done then.</param>
/// <param name="Decision">The steward's.</param>
/// <param name="DecidedBy">Which steward; empty where nobody has.</param>
/// <param name="DecidedAt">When.</param>
/// <param name="Note">The steward's words; stay at the site.</param>
public sealed record StudyRecord(
    StudyDigest Digest,
    string Name,
    string Submitter,
    DateTimeOffset OfferedAt,
    bool Withdrawn,
    Decision Decision,
    string DecidedBy,
    DateTimeOffset? DecidedAt,
    string Note)
{
    /// <summary>SHA-256 of the steward's page as it was when the study was approved; null: it was not, or by a version that had no page.</summary>
    public Sha256Digest? Page { get; init; }
}

/// <summary>A release as the log has it.</summary>
/// <param name="Head">The signed manifest, exactly as in the file: signatures differ each time, so a release computed again takes this one.</param>
public sealed record ReleaseRecord(ReleaseHead Head)
{
    /// <summary>The step.</summary>
    public StepId Step => Head.Manifest.Step;

    /// <summary>The study.</summary>
    public StudyDigest Study => Head.Manifest.Study;

    /// <summary>When it was logged.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>The worker's whole state: a fold over its log.</summary>
/// <param name="Studies">Every study offered.</param>
/// <param name="Exclusions">Keyed hashes of the pseudonyms of patients who opted out.</param>
/// <param name="Releases">Every release made.</param>
/// <param name="Waiting">Those that are not settled: the coordinator has not said its last word, nor was the approval revoked.</param>
/// <param name="Newest">For each run, the release made last.</param>
/// <param name="Rounds">For each study, in how many rounds, over all its runs, something was released.</param>
/// <param name="Profiles">Profiles that a steward let out: study, and SHA-256 of the payload.</param>
/// <param name="Imports">Imports of events: dataset, and fingerprint of the store after it. A store that is made anew counts from 1 again.</param>
public sealed record WorkerState(
    ImmutableDictionary<StudyDigest, StudyRecord> Studies,
    ImmutableHashSet<Sha256Digest> Exclusions,
    ImmutableDictionary<StepId, ReleaseRecord> Releases,
    ImmutableHashSet<StepId> Waiting,
    ImmutableDictionary<RunId, ReleaseRecord> Newest,
    ImmutableDictionary<StudyDigest, int> Rounds,
    ImmutableHashSet<(StudyDigest Study, Sha256Digest Payload)> Profiles,
    ImmutableHashSet<(string Dataset, Sha256Digest Fingerprint)> Imports)
{
    /// <summary>Before the first entry.</summary>
    public static WorkerState Empty { get; } = new(
        ImmutableDictionary<StudyDigest, StudyRecord>.Empty, [], ImmutableDictionary<StepId, ReleaseRecord>.Empty, [],
        ImmutableDictionary<RunId, ReleaseRecord>.Empty, ImmutableDictionary<StudyDigest, int>.Empty, [], []);

    /// <summary>For each dataset of events, the decisions about its values that hold.</summary>
    public ImmutableDictionary<string, DecisionMark> Decisions { get; init; } = ImmutableDictionary<string, DecisionMark>.Empty;

    /// <summary>For each dataset whose events were ever ordered to be erased: how often, and whether that is still to be done.</summary>
    public ImmutableDictionary<string, (int Times, bool Pending)> Erasures { get; init; } = ImmutableDictionary<string, (int Times, bool Pending)>.Empty;

    /// <summary>For each dataset of events, the mapping of its own codes and units that was approved last.</summary>
    public ImmutableDictionary<string, MappingMark> Mappings { get; init; } = ImmutableDictionary<string, MappingMark>.Empty;

    /// <summary>The worker keys of other sites that a steward has compared, as confirmed last.</summary>
    public ImmutableSortedDictionary<SiteId, ConfirmedMember> Members { get; init; } = ImmutableSortedDictionary<SiteId, ConfirmedMember>.Empty;

    /// <summary>How this worker's key and those of others were renewed.</summary>
    public KeyRenewals Renewals { get; init; } = KeyRenewals.None;

    /// <summary>What this site said in each masked round. None is ever forgotten: it is what another attempt is refused by.</summary>
    public ImmutableDictionary<(RunId Run, RoundNumber Round), SiteState> Masked { get; init; } = ImmutableDictionary<(RunId Run, RoundNumber Round), SiteState>.Empty;

    /// <summary>For each study the steps that this site refused, in that order.</summary>
    public ImmutableDictionary<StudyDigest, ImmutableList<DeclinedStep>> Declined { get; init; } = ImmutableDictionary<StudyDigest, ImmutableList<DeclinedStep>>.Empty;

    /// <summary>Studies whose profile was asked for, and waits for a steward since.</summary>
    public ImmutableHashSet<StudyDigest> ProfilesAsked { get; init; } = [];

    /// <summary>By the fingerprint of its worker's key: the newest head of another member's ledger that this worker has seen.</summary>
    public ImmutableDictionary<Sha256Digest, SignedHead> PeerHeads { get; init; } = ImmutableDictionary<Sha256Digest, SignedHead>.Empty;

    /// <summary>Whether a mapping is the one that was approved for a dataset; where none ever was, that nothing is mapped needs no approval.</summary>
    public bool Approves(string dataset, SiteMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        return mapping.Digest == (Mappings.TryGetValue(dataset, out var approved) ? approved.Digest : SiteMapping.Empty.Digest);
    }

    /// <summary>For each run that anything secret was derived for: the root of its randomness.</summary>
    public ImmutableDictionary<RunId, RootMark> Roots { get; init; } = ImmutableDictionary<RunId, RootMark>.Empty;

    /// <summary>The privacy ledger.</summary>
    public LedgerState Ledger { get; init; } = LedgerState.Empty;

    /// <summary>Lines of models that may be served here, and what was ordered of them.</summary>
    public ServedLines Serving { get; init; } = ServedLines.Empty;

    /// <summary>The state after <paramref name="entry"/>.</summary>
    /// <exception cref="FormatException">The entry's kind or body is unknown: this software must not guess what it allowed.</exception>
    public WorkerState Apply(LogEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (LedgerState.Knows(entry.Kind))
            return this with { Ledger = Ledger.Apply(entry) };
        if (ServedLines.Knows(entry.Kind))
            return this with { Serving = Serving.Apply(entry) };
        var body = new JsonFields(entry.Body, entry.Kind);
        return entry.Kind switch
        {
            WorkerEntries.StudyOffered => Offer(body, entry.At),
            WorkerEntries.StudyWithdrawn => With(StudyOf(body) with { Withdrawn = true }),
            WorkerEntries.StudyApproved => Decide(body, Decision.Approved, entry.At, entry.Body["page"] is null ? null : Sha256Digest.Parse(body.Text("page", 64))),
            WorkerEntries.StudyRefused => Decide(body, Decision.Refused, entry.At),
            WorkerEntries.StudyRevoked => Decide(body, Decision.Revoked, entry.At).SettleAll(StudyOf(body).Digest),
            WorkerEntries.ExclusionsSet => this with { Exclusions = [.. body.List("patients", int.MaxValue, (node, _) => Sha256Digest.Parse(node!.GetValue<string>()))] },
            WorkerEntries.ProfileApproved => this with { ProfilesAsked = ProfilesAsked.Remove(StudyOf(body).Digest), Profiles = Profiles.Add((StudyOf(body).Digest, Sha256Digest.Parse(body.Text("profile", 64)))) },
            WorkerEntries.DataImported => this with { Imports = Imports.Add((body.Text("dataset", 63), Sha256Digest.Parse(body.Text("fingerprint", 64)))) },
            WorkerEntries.QualityDecided => DecideQuality(body),
            WorkerEntries.ErasureOrdered => OrderErasure(body),
            WorkerEntries.DataErased => Erase(body.Text("dataset", 63)),
            WorkerEntries.Released => Release(body, WorkerEntries.ReadHead(body), entry.At),
            WorkerEntries.MatrixWritten or WorkerEntries.ReplayStated => this,
            WorkerEntries.RootMade => MakeRoot(body),
            WorkerEntries.RootErased => EraseRoot(RunId.Parse(body.Text("run", 16))),
            WorkerEntries.Masked => AnswerMasked(StepOf(body), body),
            WorkerEntries.StepDeclined => Decline(body, entry.At),
            WorkerEntries.PeerHeads => this with { PeerHeads = PeerHeads.SetItems(WorkerEntries.ReadHeads(body)) },
            WorkerEntries.MappingApproved => ApproveMapping(body),
            WorkerEntries.MemberConfirmed => ConfirmMember(body, entry.At),
            WorkerEntries.KeyRenewed or WorkerEntries.MemberRenewed => Renew(WorkerEntries.ReadRenewal(body)),
            WorkerEntries.KeyErased => this,
            WorkerEntries.Settled => Settle(body),
            _ => throw new FormatException($"the kind '{entry.Kind}' is not known to this version of the worker."),
        };
    }

    /// <summary>Releases that are not settled; those of one study, where one is named.</summary>
    public IEnumerable<ReleaseRecord> Unsettled(StudyDigest? study = null) =>
        Waiting.Select(step => Releases[step]).Where(release => study is null || release.Study == study);

    /// <summary>Whether a release of this step would be the first of its round. The preparation is no round.</summary>
    public bool BeginsRound(StepId step) =>
        step.Round != RoundNumber.Preparation && (!Newest.TryGetValue(step.Run, out var newest) || newest.Step.Round < step.Round);

    /// <summary>Why a profile of a study may not leave; null where it may.</summary>
    public string? ProfileFault(StudyDigest study, Sha256Digest payload, ProfileRule rule)
    {
        if (rule == ProfileRule.Withhold)
            return "This site's policy withholds profiles (profile).";
        if (Profiles.Contains((study, payload)))
            return null;
        if (rule == ProfileRule.Ask)
            return $"No steward has approved the profile {payload} (profile: ask). 'site-worker studies profile {study}' shows it, and with '--approve {payload}' lets it out.";
        return Releases.Values.Any(release => release.Study == study && release.Step.Kind == StepKind.Profile && release.Head.Manifest.PayloadDigest != payload)
            ? $"A profile of the study that differs left before; no steward has approved the profile {payload}. 'site-worker studies profile {study}' shows it, and with '--approve {payload}' lets it out."
            : null;
    }

    /// <summary>In how many rounds of a study, over all its runs, something was released.</summary>
    public int RoundsOf(StudyDigest study) => Rounds.GetValueOrDefault(study);

    /// <summary>How often the erasing of a dataset's events was ordered, and whether it is still to be done.</summary>
    public (int Times, bool Pending) ErasuresOf(string dataset) => Erasures.GetValueOrDefault(dataset);

    private WorkerState Offer(JsonFields body, DateTimeOffset at)
    {
        var digest = new StudyDigest(Sha256Digest.Parse(body.Text("study", 64)));
        return With(Studies.TryGetValue(digest, out var known)
            ? known with { Withdrawn = false }
            : new StudyRecord(digest, body.Text("name", 63), body.Text("submitter", WorkerEntries.MaximumSubmitterLength), at, false, Decision.Pending, "", null, ""));
    }

    private WorkerState Decide(JsonFields body, Decision decision, DateTimeOffset at, Sha256Digest? page = null) =>
        With(StudyOf(body) with { Decision = decision, DecidedBy = body.Text("steward", 256), DecidedAt = at, Note = body.Text("note", 4096), Page = page });

    private WorkerState MakeRoot(JsonFields body)
    {
        var run = RunId.Parse(body.Text("run", 16));
        var root = new RootMark(Sha256Digest.Parse(body.Text("root", 64)), WorkerEntries.Day(body.Text("last-day", 10)), Erased: false);
        return !Roots.ContainsKey(run) ? this with { Roots = Roots.Add(run, root) } : throw new FormatException($"it makes a second root for the run {run}.");
    }

    // Nothing of the run can be computed again.
    private WorkerState EraseRoot(RunId run) => Roots.TryGetValue(run, out var root)
        ? this with { Roots = Roots.SetItem(run, root with { Erased = true }), Ledger = Ledger.Close(run) }
        : throw new FormatException($"it erases the root of the run {run}, which has none.");

    private WorkerState SettleAll(StudyDigest study) => this with { Waiting = Waiting.Except(Unsettled(study).Select(release => release.Step)), Ledger = Ledger.Close(study) };

    private WorkerState DecideQuality(JsonFields body)
    {
        var dataset = body.Text("dataset", 63);
        var mark = new DecisionMark((int)body.Integer("version", 1, int.MaxValue), Sha256Digest.Parse(body.Text("digest", 64)));
        return mark.Version > Decisions.GetValueOrDefault(dataset, DecisionMark.None).Version
            ? this with { Decisions = Decisions.SetItem(dataset, mark) }
            : throw new FormatException($"it takes version {mark.Version} of the decisions about '{dataset}' a second time.");
    }

    // A version once used is not used again, also after nothing was mapped for a while.
    private WorkerState ApproveMapping(JsonFields body)
    {
        var (dataset, version) = (body.Text("dataset", 63), (int)body.Integer("version", 0, int.MaxValue));
        var mark = new MappingMark(Math.Max(version, Mappings.GetValueOrDefault(dataset).Version), Sha256Digest.Parse(body.Text("digest", 64)));
        return this with { Mappings = Mappings.SetItem(dataset, mark) };
    }

    private WorkerState ConfirmMember(JsonFields body, DateTimeOffset at) => SiteId.TryParse(body.Text("site", 63), out var site)
        ? this with { Members = Members.SetItem(site, new ConfirmedMember(Sha256Digest.Parse(body.Text("fingerprint", 64)), body.Text("steward", 256), at, body.Text("note", 4096))) }
        : throw new FormatException("its site is not one.");

    private WorkerState Renew(KeyRenewal renewal) => Renewals.Add(renewal) is { } renewals ? this with { Renewals = renewals }
        : throw new FormatException("it renews a key against what was known before.");

    private WorkerState OrderErasure(JsonFields body)
    {
        var dataset = body.Text("dataset", 63);
        _ = (body.Text("steward", 256), body.Text("note", 4096));
        return this with { Erasures = Erasures.SetItem(dataset, (ErasuresOf(dataset).Times + 1, true)) };
    }

    // What is imported from here on is another store, about whose values nothing is decided.
    private WorkerState Erase(string dataset) => ErasuresOf(dataset) is (var times, true)
        ? this with { Erasures = Erasures.SetItem(dataset, (times, false)), Imports = [.. Imports.Where(import => import.Dataset != dataset)], Decisions = Decisions.Remove(dataset) }
        : throw new FormatException($"it erases '{dataset}', which was not ordered.");

    private WorkerState Release(JsonFields body, ReleaseHead head, DateTimeOffset at)
    {
        var release = new ReleaseRecord(head) { At = at };
        var answered = body.Has("entry") ? AnswerMasked(release.Step, body) : this;
        return Releases.ContainsKey(release.Step) ? throw new FormatException($"it releases {release.Step} a second time.") : answered with
        {
            Releases = Releases.Add(release.Step, release),
            Waiting = Waiting.Except(Waiting.Where(waiting => IsBefore(waiting, release.Step))).Add(release.Step),
            Newest = Newest.SetItem(release.Step.Run, release),
            Rounds = BeginsRound(release.Step) ? Rounds.SetItem(release.Study, RoundsOf(release.Study) + 1) : Rounds,
            ProfilesAsked = release.Step.Kind == StepKind.Profile ? ProfilesAsked.Remove(release.Study) : ProfilesAsked,
        };
    }

    // A step of a masked round is ordered from those alone whose release for the one before counts: whoever answers it has heard that, and need not hear it by itself.
    private static bool IsBefore(StepId step, StepId of) => AttemptOf(step) == AttemptOf(of) && step.Order.CompareTo(of.Order) < 0;

    /// <summary>The attempt at a part of a round that a step belongs to: a release of a later step of it says that the earlier ones count.</summary>
    internal static (RunId Run, RoundNumber Round, StepKind Part, int Attempt) AttemptOf(StepId step) => (step.Run, step.Round, step.Kind.Part(), step.Attempt);

    private WorkerState AnswerMasked(StepId step, JsonFields body)
    {
        var round = (step.Run, step.Round);
        return this with { Masked = Masked.SetItem(round, SiteState.Apply(Masked.GetValueOrDefault(round), WorkerEntries.ReadMasked(body))) };
    }

    private WorkerState Decline(JsonFields body, DateTimeOffset at)
    {
        var study = StudyOf(body).Digest;
        var declined = WorkerEntries.ReadDeclined(body, StepOf(body), at);
        return this with
        {
            Declined = Declined.SetItem(study, Declined.GetValueOrDefault(study, []).Add(declined)),
            ProfilesAsked = declined.Reason == Protos.WorkerPort.Reason.ProfileAwaitsSteward ? ProfilesAsked.Add(study) : ProfilesAsked,
        };
    }

    private static StepId StepOf(JsonFields body) => StepId.TryParse(body.Text("step", 128), out var parsed) ? parsed : throw new FormatException("its step cannot be read.");

    private WorkerState Settle(JsonFields body)
    {
        var step = StepOf(body);
        return Releases.ContainsKey(step)
            ? this with { Waiting = Waiting.Remove(step) }
            : throw new FormatException($"it settles {step}, which was never released.");
    }

    private StudyRecord StudyOf(JsonFields body)
    {
        var digest = new StudyDigest(Sha256Digest.Parse(body.Text("study", 64)));
        return Studies.GetValueOrDefault(digest) ?? throw new FormatException($"the study {digest} was never offered.");
    }

    private WorkerState With(StudyRecord study) => this with { Studies = Studies.SetItem(study.Digest, study) };
}
