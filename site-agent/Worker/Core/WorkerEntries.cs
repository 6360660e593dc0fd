using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The entries of the worker's log: their kinds and bodies. docs/reference/worker-log.md describes them.</summary>
public static class WorkerEntries
{
    /// <summary>A study arrived, or came back after it had been withdrawn.</summary>
    public const string StudyOffered = "study-offered";

    /// <summary>The coordinator took the offer back.</summary>
    public const string StudyWithdrawn = "study-withdrawn";

    /// <summary>A steward approved a study.</summary>
    public const string StudyApproved = "study-approved";

    /// <summary>A steward refused a study.</summary>
    public const string StudyRefused = "study-refused";

    /// <summary>A steward withdrew an approval; every unsettled release of the study is void from here.</summary>
    public const string StudyRevoked = "study-revoked";

    /// <summary>A steward replaced the list of patients who opted out.</summary>
    public const string ExclusionsSet = "exclusions-set";

    /// <summary>A steward let exactly one profile out.</summary>
    public const string ProfileApproved = "profile-approved";

    /// <summary>What was new in an export was taken into an event store.</summary>
    public const string DataImported = "data-imported";

    /// <summary>The events of a data set, and what was decided about them, are to be erased: nothing of them is used from here.</summary>
    public const string ErasureOrdered = "erasure-ordered";

    /// <summary>They are gone.</summary>
    public const string DataErased = "data-erased";

    /// <summary>A steward decided about values that rules of quality had flagged; the decisions hold from here.</summary>
    public const string QualityDecided = "quality-decided";

    /// <summary>Somebody at the site was given the rows of a study; written before the first byte.</summary>
    public const string MatrixWritten = "matrix-written";

    /// <summary>This worker computed its releases of a run again, and stated what came of it; written before the steward has the statement.</summary>
    public const string ReplayStated = "replay-stated";

    /// <summary>A steward reviewed the mapping of a dataset's own codes and units; it is in use from here, and no other.</summary>
    public const string MappingApproved = "mapping-approved";

    /// <summary>A steward has compared another site's worker key with that site's steward; for that site it holds from here, and no other.</summary>
    public const string MemberConfirmed = "member-confirmed";

    /// <summary>The worker's own key gave way to a new one; signed by the old one, and all that follows by the new.</summary>
    public const string KeyRenewed = ChainedLog.KeyRenewed;

    /// <summary>The old key is gone.</summary>
    public const string KeyErased = "key-erased";

    /// <summary>Another site's worker key gave way to a new one, as the old one has signed: what a study names and a steward has confirmed carries over.</summary>
    public const string MemberRenewed = "member-renewed";

    /// <summary>Something is about to leave: written before the file exists.</summary>
    public const string Released = "released";

    /// <summary>This site refused a step of an approved study.</summary>
    public const string StepDeclined = "step-declined";

    /// <summary>A run's root of randomness was made; written before anything is derived from it.</summary>
    public const string RootMade = "root-made";

    /// <summary>A run's root of randomness is erased; written before it is.</summary>
    public const string RootErased = "root-erased";

    /// <summary>What this site took in a step of a masked round before it answered: others' shares, or a key. Where it answers, the entry of the release says so.</summary>
    public const string Masked = "masked-round";

    /// <summary>Newer heads of other members' ledgers were seen, each signed by its worker.</summary>
    public const string PeerHeads = "peer-heads";

    /// <summary>The coordinator's last word on a release.</summary>
    public const string Settled = "settled";

    /// <summary>The outcome of a release that counts.</summary>
    public const string Committed = "committed";

    // A roster with attachments and the shares of 256 sites are less than 700 kB.
    private const int LongestMasked = 1 << 20;

    /// <summary>Most characters of a submitter's name.</summary>
    internal const int MaximumSubmitterLength = 512;

    internal static JsonObject Offered(StudyDigest study, string name, string submitter) =>
        new() { ["study"] = study.ToString(), ["name"] = name, ["submitter"] = submitter };

    internal static JsonObject Withdrawn(StudyDigest study) => new() { ["study"] = study.ToString() };

    internal static JsonObject Decided(StudyDigest study, string steward, string note) =>
        new() { ["study"] = study.ToString(), ["steward"] = steward, ["note"] = note };

    // The page is that which there was to read; an entry of before there was one has none.
    internal static JsonObject Approved(StudyDigest study, string steward, string note, Sha256Digest? page)
    {
        var body = Decided(study, steward, note);
        if (page is { } digest)
            body["page"] = digest.ToString();
        return body;
    }

    internal static JsonObject Revoked(StudyDigest study, string steward, string note, int destroyed) =>
        new() { ["study"] = study.ToString(), ["steward"] = steward, ["note"] = note, ["destroyed"] = destroyed };

    internal static JsonObject Exclusions(string steward, IEnumerable<Sha256Digest> hashes) =>
        new() { ["steward"] = steward, ["patients"] = new JsonArray([.. hashes.Order().Select(hash => JsonValue.Create(hash.ToString()))]) };

    internal static JsonObject ApprovedProfile(StudyDigest study, Sha256Digest profile, string steward, string note) =>
        new() { ["study"] = study.ToString(), ["profile"] = profile.ToString(), ["steward"] = steward, ["note"] = note };

    internal static JsonObject Imported(string dataset, StoreImport import, string steward) => new()
    {
        ["dataset"] = dataset,
        ["number"] = import.Number,
        ["fingerprint"] = import.Fingerprint.ToString(),
        ["events"] = import.Events,
        ["records"] = import.Counts.Records,
        ["refused"] = import.Counts.AllRefused,
        ["steward"] = steward,
    };

    internal static JsonObject DecidedQuality(string dataset, DecisionBatch batch) => new()
    {
        ["dataset"] = dataset,
        ["version"] = batch.Mark.Version,
        ["digest"] = batch.Mark.Digest.ToString(),
        ["count"] = batch.Decisions.Length,
        ["steward"] = batch.Steward,
    };

    internal static JsonObject OrderedErasure(string dataset, string why, string steward, string note) =>
        new() { ["dataset"] = dataset, ["why"] = why, ["steward"] = steward, ["note"] = note };

    internal static JsonObject Erased(string dataset) => new() { ["dataset"] = dataset };

    internal static JsonObject WroteMatrix(StudyDigest study, Sha256Digest fingerprint, int rows, string steward) =>
        new() { ["study"] = study.ToString(), ["fingerprint"] = fingerprint.ToString(), ["rows"] = rows, ["steward"] = steward };

    internal static JsonObject StatedReplay(RunId run, IEnumerable<ReplayedRelease> releases, Sha256Digest statement, string steward)
    {
        var counts = releases.CountBy(release => release.Outcome).ToDictionary();
        return new()
        {
            ["run"] = run.Value,
            ["equal"] = counts.GetValueOrDefault(ReplayOutcome.Equal),
            ["unequal"] = counts.GetValueOrDefault(ReplayOutcome.Unequal),
            ["unchecked"] = counts.GetValueOrDefault(ReplayOutcome.Unchecked),
            ["statement"] = statement.ToString(),
            ["steward"] = steward,
        };
    }

    internal static JsonObject ApprovedMapping(string dataset, MappingMark mapping, string steward, string note) =>
        new() { ["dataset"] = dataset, ["version"] = mapping.Version, ["digest"] = mapping.Digest.ToString(), ["steward"] = steward, ["note"] = note };

    internal static JsonObject ConfirmedMember(SiteId site, Sha256Digest fingerprint, string steward, string note) =>
        new() { ["site"] = site.Value, ["fingerprint"] = fingerprint.ToString(), ["steward"] = steward, ["note"] = note };

    internal static JsonObject RenewedKey(KeyRenewal renewal, string steward, string note) => new() { ["renewal"] = renewal.ToJson(), ["steward"] = steward, ["note"] = note };

    internal static JsonObject ErasedKey(Sha256Digest fingerprint) => new() { ["fingerprint"] = fingerprint.ToString() };

    internal static JsonObject RenewedMember(KeyRenewal renewal) => new() { ["renewal"] = renewal.ToJson() };

    internal static KeyRenewal ReadRenewal(JsonFields body) => KeyRenewal.Read(body.Node("renewal")) ?? throw new FormatException("its renewal of a key cannot be read, or is not signed by that key.");

    internal static JsonObject ReleaseMade(ReleaseHead head, SiteEntry? answer)
    {
        var body = new JsonObject { ["digest"] = head.Digest.ToString(), ["release"] = CanonicalJson.Read(head.Bytes.Span[ReleaseHead.PrefixLength..]) };
        if (answer is not null)
            body["entry"] = Convert.ToBase64String(answer.Encode());
        return body;
    }

    /// <summary>The head of a logged release, byte for byte: canonical JSON has one form.</summary>
    internal static ReleaseHead ReadHead(JsonFields body)
    {
        var head = ReleaseHead.FromJson(CanonicalJson.Write(body.Node("release")));
        return head.Digest.ToString() == body.Text("digest", 64) ? head : throw new FormatException("its release has another digest than it says.");
    }

    internal static JsonObject DeclinedStep(WorkOrder work, StepDeclinedException decline) => new()
    {
        ["study"] = work.Study.ToString(),
        ["step"] = work.Step.ToString(),
        ["reason"] = decline.Reason.ToString(),
        ["sentence"] = Shortened(decline.Message),
    };

    internal static DeclinedStep ReadDeclined(JsonFields body, StepId step, DateTimeOffset at) =>
        Enum.TryParse<Reason>(body.Text("reason", 63), out var reason) && Worker.DeclinedStep.IsOwn(reason)
            ? new DeclinedStep(step, reason, body.Text("sentence", Worker.DeclinedStep.LongestSentence), at)
            : throw new FormatException("its reason is none for which a site refuses.");

    // What the next start would refuse to read is not written; half a character is not one.
    private static string Shortened(string sentence) => sentence.Length <= Worker.DeclinedStep.LongestSentence ? sentence
        : sentence[..(char.IsHighSurrogate(sentence[Worker.DeclinedStep.LongestSentence - 1]) ? Worker.DeclinedStep.LongestSentence - 1 : Worker.DeclinedStep.LongestSentence)];

    internal static JsonObject MadeRoot(RunId run, Sha256Digest commitment, DateOnly lastDay) =>
        new() { ["run"] = run.Value, ["root"] = commitment.ToString(), ["last-day"] = DayText(lastDay) };

    internal static JsonObject ErasedRoot(RunId run) => new() { ["run"] = run.Value };

    internal static string DayText(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    internal static DateOnly Day(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : throw new FormatException("its day cannot be read.");

    internal static JsonObject AnsweredMasked(StepId step, SiteEntry entry) =>
        new() { ["step"] = step.ToString(), ["entry"] = Convert.ToBase64String(entry.Encode()) };

    internal static SiteEntry ReadMasked(JsonFields body) =>
        SiteEntry.Read(Convert.FromBase64String(body.Text("entry", LongestMasked))) ?? throw new FormatException("its entry of a masked round cannot be read.");

    internal static JsonObject SeenHeads(IEnumerable<KeyValuePair<Sha256Digest, SignedHead>> heads) => new()
    {
        ["heads"] = new JsonArray([.. heads.Select(seen => new JsonObject { ["key"] = seen.Key.ToString(), ["site"] = seen.Value.Site.Value, ["head"] = seen.Value.ToJson() })]),
    };

    internal static KeyValuePair<Sha256Digest, SignedHead>[] ReadHeads(JsonFields body) => body.List("heads", MemberList.MaximumCount, (node, path) =>
    {
        var fields = new JsonFields(node, path);
        var site = SiteId.TryParse(fields.Text("site", 63), out var parsed) ? parsed : throw new FormatException("its site is not one.");
        var seen = KeyValuePair.Create(Sha256Digest.Parse(fields.Text("key", 64)), SignedHead.Read(site, fields.Object("head")));
        fields.End();
        return seen;
    });

    internal static JsonObject ReleaseSettled(StepId step, Sha256Digest digest, string outcome) =>
        new() { ["step"] = step.ToString(), ["digest"] = digest.ToString(), ["outcome"] = outcome };
}
