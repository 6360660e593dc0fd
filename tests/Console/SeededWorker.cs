using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.Tests.StewardConsole;

/// <summary>What the worker of one hospital has to say: studies of which one has hostile words, a log of months, a ledger, data, models.</summary>
internal static class SeededWorker
{
    public const string Hostile = "<script>window.broken=1</script><img src=x onerror=window.broken=1>\" onmouseover=\"window.broken=1";
    public const string Run = "1a4f0c7720d3b951";

    public static readonly string Pending = Hex("pending"), Approved = Hex("approved"), HostileStudy = Hex("hostile"), ProfileDigest = Hex("profile"), MappingDigest = Hex("mapping"), Signer = Hex("registry");
    public static readonly string Basel = Hex("basel"), Lund = Hex("lund");

    private static readonly long s_morning = new DateTimeOffset(2026, 11, 20, 8, 30, 0, TimeSpan.Zero).ToUnixTimeSeconds();

    public static ListStudiesReply Studies { get; } = new()
    {
        Studies =
        {
            Study(Approved, "heart-disease", "Coronary artery disease from routine examination", "approved", "Approved. Signed by urn:fcml:person:researcher:rosalind."),
            Study(Pending, "sepsis-onset", "Onset of sepsis within twelve hours, from vital signs and laboratory values of the first day", "pending", "Waits for a steward. Signed by urn:fcml:person:researcher:rosalind."),
            Study(HostileStudy, "not-markup", Hostile, "pending", Hostile),
        },
    };

    public static PreviewReply Preview { get; } = new()
    {
        Checks = { new PolicyCheck { Rule = "aggregation", Passed = true, Sentence = "Updates are masked, as the policy asks." } },
        Releases = { new PreviewRelease { Kind = "statistics", Length = 1423, Content = $"counts of 12 features, each of 20 patients at least\n{Hostile}" }, new PreviewRelease { Kind = "update", Length = 18240, Content = "dimension 4560, masked" } },
    };

    public static ProfileReply Profile { get; } = new()
    {
        Study = Approved, Profile = ProfileDigest, MayLeave = false, Sentence = "It waits for a steward who has looked at it.", Summary = "rows 842; outcome 231\nage: 54.1 (SD 9.2)", Json = $$"""{"rows":842,"note":"{{Hostile.Replace("\"", "'", StringComparison.Ordinal)}}"}""",
    };

    public static ListDataReply Data { get; } = new()
    {
        Kept = { new DataKept { Dataset = "ehr", Mapped = true, KeepUntil = "2031-12-31", Waiting = 4031, WaitingSinceUnixSeconds = s_morning - 864000, CountedAtUnixSeconds = s_morning } },
        Empty = { "cardiology" },
        Imports =
        {
            new DataImport
            {
                Dataset = "ehr", Number = 1, Source = "FHIR R4 bulk export", AtUnixSeconds = s_morning - 864000, Fingerprint = Hex("import"), Patients = 12840, Events = 2_410_332, Added = 2_388_120, Unchanged = 0,
                Refused = { new DataCount { What = "records of no patient", Count = 14 } }, Notes = { new DataCount { What = "times without a zone, taken for the site's", Count = 3021 } },
            },
            new DataImport { Dataset = "ehr", Number = 2, Source = "FHIR R4 bulk export", AtUnixSeconds = s_morning, Fingerprint = Hex("import-2"), Patients = 12911, Events = 31_204, Added = 30_010, Unchanged = 2_388_120, Amended = 190, Retracted = 3 },
        },
    };

    public static QualityReply Quality { get; } = new()
    {
        Passed = false, KeepsOut = { "error" }, Patients = 12911, Events = 2_441_536, Html = "<b>not shown</b>", Waiting = 4031, WaitingSinceUnixSeconds = s_morning - 864000,
        Rules =
        {
            new QualityRuleResult { Rule = "heart-rate-plausible", Dimension = "plausibility", Severity = "error", Sentence = "A heart rate lies between 20 and 300 in a minute.", Of = "values", Checked = 190_331, Failed = 4022, MaximumShare = 0.01, Verdict = "failed", Waiting = 4022 },
            new QualityRuleResult { Rule = "birth-before-events", Dimension = "conformance", Severity = "error", Sentence = "Nothing happens before birth.", Of = "patients", Checked = 12911, Failed = 0, MaximumShare = 0, Verdict = "passed" },
            new QualityRuleResult { Rule = "outliers-iqr", Dimension = "plausibility", Severity = "warning", Sentence = "Few numbers of a measure lie far from the rest.", Of = "measures", Checked = 31, MaximumShare = 0, Verdict = "passed", Waiting = 9 },
            new QualityRuleResult { Rule = "unit-known", Dimension = "conformance", Severity = "warning", Sentence = Hostile, Of = "values", MaximumShare = 0.05, Verdict = "not checked", Change = "allowed 5 % until the new analyser is mapped" },
        },
    };

    public static MappingReply Mapping { get; } = new()
    {
        Dataset = "ehr", Version = 3, Digest = MappingDigest, ReviewedBy = "ingrid", ApprovedVersion = 2, ApprovedDigest = Hex("mapping-2"), Added = { "LAB-TNT is troponin T, ng/L" }, Removed = { "LAB-TNT is troponin T, ug/L" },
        Sentence = "It is not in use before a steward has approved it.",
    };

    public static DriftReply Drift { get; } = new()
    {
        What = "heart-disease: 842 rows of the last run against 911 of today", Number = 4, Alarms = 1,
        Results =
        {
            new DriftLine { Name = "cholesterol (population stability index)", Subject = "cholesterol", Verdict = "Alarm", ReferenceRows = 842, CurrentRows = 911, Effect = 0.31, Threshold = 0.2, NullQuantile = 0.04, Q = 0.001 },
            new DriftLine { Name = "age (Kolmogorov-Smirnov)", Subject = "age", Verdict = "Stable", ReferenceRows = 842, CurrentRows = 911, Effect = 0.02, Threshold = 0.1, NullQuantile = 0.06, Q = double.NaN },
        },
    };

    public static MembersReply Members { get; } = new()
    {
        Site = "oslo", Fingerprint = Hex("oslo"),
        Confirmed = { new ConfirmedKey { Site = "basel", Fingerprint = Basel, Steward = "grace", AtUnixSeconds = s_morning, Note = "telephone, 20 November" } },
        Studies =
        {
            new StudyMembers
            {
                Study = Approved, Name = "heart-disease",
                Members = { new StudyMember { Site = "basel", Fingerprint = Basel, State = "confirmed" }, new StudyMember { Site = "lund", Fingerprint = Lund, State = "unconfirmed" }, new StudyMember { Site = "oslo", Fingerprint = Hex("oslo"), State = "own" } },
            },
        },
    };

    public static LedgerReply Ledger { get; } = new()
    {
        HeadSequence = 41, Head = Hex("head"), CountersignedSequence = 41,
        Populations =
        {
            new LedgerPopulation
            {
                Name = "adults", Datasets = { "ehr" }, Merged = { "ward-b" },
                Accounts =
                {
                    new LedgerAccount { Scope = "total", Spent = 3.21, Held = 4.4, Ceiling = 10, Delta = 1e-6, Remaining = 5.6 },
                    new LedgerAccount { Scope = "year", Spent = 2.5, Held = 3.7, Ceiling = 4, Delta = 1e-6, Remaining = 0.3 },
                    new LedgerAccount { Scope = "study", Study = Approved, Spent = 1.2, Held = 2.4, Ceiling = 3, Delta = 1e-6, Remaining = 0.6 },
                },
                Runs = { new LedgerRun { Run = Run, Study = Approved, Dataset = "ehr", Released = 5, Charges = 20, Left = 15, Planned = 1.2, KeepRoot = "2027-02-20" } },
            },
        },
    };

    public static ServingReply Serving { get; } = new()
    {
        Lines =
        {
            new ServedLine
            {
                Line = "heart-disease", Signer = Signer, Modes = { "shadow", "production" }, Report = "weekly", OutcomesAfter = 30, AllowedBy = "grace", OfferedSigner = Signer, Order = 7, State = "followed", Production = "1.2.0", Fallback = "1.1.0", Candidate = "1.3.0 shadow",
                Withdrawn = { new ServedWithdrawal { Model = Hex("withdrawn"), Reason = "calibration", AtUnixSeconds = s_morning } },
            },
            new ServedLine { Line = "sepsis-onset", OfferedSigner = Signer, State = "not allowed here" },
            new ServedLine { Line = "bleeding", Signer = Signer, Modes = { "production" }, Report = "none", OutcomesAfter = 30, AllowedBy = "grace", Stopped = Hostile, OfferedSigner = Hex("another"), Order = 2, State = "signed by another key", Production = "2.0.1" },
        },
    };

    /// <summary>The step whose content is kept.</summary>
    public const string Prepared = $"{Run}.0.preparation.1";

    public static string Content { get; } =
        $$$"""{"features":[{"moments":{"count":842,"missing":null,"sum":"45510"},"name":"age"},{"moments":null,"name":"{{{Hostile.Replace("\"", "'", StringComparison.Ordinal)}}}"}],"histogram":{"counts":[120,431,291],"from":[0,1,2],"missing":31,"to":[1,2,3]}}""";

    public static ReleaseReply Release { get; } = new()
    {
        Step = Prepared, AtUnixSeconds = s_morning, Manifest = Manifest(Prepared, 1423, Content), Json = Content, KeepUntil = "2033-11-19",
    };

    public static IReadOnlyList<string> Log { get; } =
    [
        Line(1, "2026-11-18T08:00:00Z", "study-offered", $$"""{"name":"heart-disease","study":"{{Approved}}","submitter":"urn:fcml:person:researcher:rosalind"}"""),
        Line(2, "2026-11-18T09:12:44Z", "study-approved", $$"""{"note":"ethics board 2026/14 &lt;i&gt;","steward":"grace","study":"{{Approved}}"}"""),
        Released(3, "2026-11-19T02:00:01Z", Prepared, 1423, Content), Settled(4, "2026-11-19T02:00:03Z", $"{Run}.0.preparation.1", "committed"),
        Released(5, "2026-11-19T02:01:00Z", $"{Run}.1.training.1", 18240), Settled(6, "2026-11-19T02:01:02Z", $"{Run}.1.training.1", "committed"),
        Line(7, "2026-11-19T02:02:00Z", "step-declined", $$"""{"reason":"TooFewRows","sentence":"{{Hostile.Replace("\"", "'", StringComparison.Ordinal)}}","step":"{{Run}}.2.training.1","study":"{{Approved}}"}"""),
        Released(8, "2026-11-20T02:03:00Z", $"{Run}.2.training.2", 18240),
    ];

    public static StudyEntry Entry(string digest) => Studies.Studies.Single(study => study.Digest == digest);

    public static ShowStudyReply Show(string digest)
    {
        var study = Entry(digest);
        var isHostile = digest == HostileStudy;
        return new ShowStudyReply
        {
            Study = study, CanonicalJson = $$"""{"name":"{{study.Name}}","purpose":"{{(isHostile ? Hostile.Replace("\"", "'", StringComparison.Ordinal) : study.Purpose)}}"}""",
            Checks = { new PolicyCheck { Rule = "aggregation", Passed = true, Sentence = "Updates are masked." }, new PolicyCheck { Rule = "rounds", Passed = !isHostile, Sentence = isHostile ? Hostile : "12 rounds of at most 40." } },
            Page = new StudyPage
            {
                Title = isHostile ? Hostile : study.Purpose, Digest = Hex("page"),
                Sections =
                {
                    new StudyPage.Types.Section
                    {
                        Heading = isHostile ? Hostile : "What leaves",
                        Items =
                        {
                            new StudyPage.Types.Item { Lead = "An update", Text = "After each of 12 rounds the change of 4560 numbers that the rows of this hospital make to the model. It is masked: the coordinator gets the sum of all hospitals." },
                            new StudyPage.Types.Item { Lead = isHostile ? Hostile : "No differential privacy", Text = isHostile ? Hostile : "Nothing bounds what the finished model tells of one patient.", Attention = true },
                        },
                    },
                    new StudyPage.Types.Section { Heading = "Who sees it", Items = { new StudyPage.Types.Item { Lead = "The model", Text = "Every member of the consortium, and whoever they give it to." } } },
                },
            },
        };
    }

    public static string Hex(string of) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(of)));

    private static StudyEntry Study(string digest, string name, string purpose, string state, string reason) => new()
    {
        Digest = digest, Name = name, Purpose = purpose, State = state, Reason = reason, OfferedUnixSeconds = s_morning, DecidedBy = state == "pending" ? "" : "grace", DecidedUnixSeconds = state == "pending" ? 0 : s_morning + 4000,
    };

    private static string Released(int sequence, string at, string step, int length, string? content = null) => Line(
        sequence, at, "released", $$$"""{"digest":"{{{Hex(step)}}}","release":{"manifest":{{{Manifest(step, length, content)}}},"signature":"c2lnbmF0dXJl"}}""");

    private static string Manifest(string step, int length, string? content) =>
        $$"""{"dimension":4560,"encoding":"{{(content is null ? "fixed" : "json")}}","payloadDigest":"{{Hex(content ?? step + "payload")}}","payloadLength":{{length}},"site":"oslo","step":"{{step}}","study":"{{Approved}}"}""";

    private static string Settled(int sequence, string at, string step, string outcome) => Line(sequence, at, "settled", $$"""{"digest":"{{Hex(step)}}","outcome":"{{outcome}}","step":"{{step}}"}""");

    private static string Line(int sequence, string at, string kind, string body) =>
        $$"""{"at":"{{at}}","body":{{body}},"hash":"{{Hex($"{sequence}")}}","kind":"{{kind}}","previous":"{{Hex($"{sequence - 1}")}}","sequence":{{sequence}},"signature":"c2ln"}""";
}
