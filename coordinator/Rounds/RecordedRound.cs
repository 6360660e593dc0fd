using System.Collections.Immutable;
using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>A round's participation record as it is read back: what <see cref="RoundRecord.Write"/> wrote.</summary>
/// <param name="Run">The run.</param>
/// <param name="Study">Its study.</param>
/// <param name="Round">The round; 0 is the preparation.</param>
/// <param name="Quorum">Least number of participants.</param>
/// <param name="Required">Sites without which no step commits.</param>
/// <param name="Steps">Every attempt at every step, in order.</param>
/// <param name="HeldBack">Where the round was held back: what the run went on from instead; null otherwise.</param>
/// <param name="Renewals">How the worker keys of a run under masks came of those that its study names, as far as they were others when it was created.</param>
public sealed record RecordedRound(
    RunId Run, StudyDigest Study, RoundNumber Round, int Quorum, ImmutableArray<SiteId> Required, ImmutableArray<RecordedStep> Steps, RecordedReturn? HeldBack, KeyRenewals Renewals)
{
    private const int Many = 100_000;

    /// <summary>The steps that have a result.</summary>
    public IEnumerable<RecordedStep> Committed => Steps.Where(step => step.Result is not null);

    /// <summary>The step whose result is the round's parameters; null where the round made none.</summary>
    public RecordedStep? ParametersFrom(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return Committed.LastOrDefault(step => step.Id.Kind == study.ParametersFrom);
    }

    /// <summary>What the weights of the updates add up to that the round's parameters were made of; 0 where it made none.</summary>
    public long TotalWeight(Study study) =>
        ParametersFrom(study) is { } made ? Committed.Where(step => step.Id.Kind == StepKind.Training && step.Id.Attempt == made.Id.Attempt).SelectMany(step => step.Participants).Sum(part => (long)part.Weight) : 0;

    /// <summary>Reads a record, strictly.</summary>
    /// <exception cref="FormatException">The bytes are no record; the message says which field.</exception>
    public static RecordedRound Read(ReadOnlySpan<byte> canonical)
    {
        var fields = new JsonFields(CanonicalJson.Read(canonical), "record");
        fields.Integer("format", 1, 1);
        var record = new RecordedRound(
            RunId.Parse(fields.Text("run", 16)),
            new StudyDigest(Sha256Digest.Parse(fields.Text("study", 64))),
            new RoundNumber((int)fields.Integer("round", 0, int.MaxValue)),
            (int)fields.Integer("quorum", 1, int.MaxValue),
            Sites(fields, "required"),
            [.. fields.List("steps", Many, Step)],
            fields.Has("heldBack") ? Return(fields) : null,
            fields.Has("renewals") ? KeyRenewals.Read(CanonicalJson.Write(fields.Node("renewals"))) ?? throw new FormatException("record.renewals must be renewals of keys, none against another.") : KeyRenewals.None);
        fields.End();
        foreach (var step in record.Steps.Where(step => step.Id.Run != record.Run || step.Id.Round != record.Round))
            throw new FormatException($"record.steps: {step.Id} is no step of round {record.Round} of run {record.Run}.");
        return record;
    }

    private static RecordedReturn Return(JsonFields record)
    {
        var fields = new JsonFields(record.Node("heldBack"), record.PathOf("heldBack"));
        var back = new RecordedReturn(
            new RoundNumber((int)fields.Integer("kept", 0, int.MaxValue)), Sha256Digest.Parse(fields.Text("parameters", 64)), fields.IsNull("metrics") ? null : Sha256Digest.Parse(fields.Text("metrics", 64)));
        fields.End();
        return back;
    }

    private static RecordedStep Step(System.Text.Json.Nodes.JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        if (!StepId.TryParse(fields.Text("step", 64), out var id))
            fields.Fail("step", "be a step id: run.round.kind.attempt");
        fields.Text("opened", 24);
        if (!DateTimeOffset.TryParseExact(fields.Text("ended", 24), RoundRecord.TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var ended))
            fields.Fail("ended", "be a time");
        var step = new RecordedStep(
            id,
            ended,
            Sites(fields, "invited"),
            [.. fields.List("participants", Many, (participant, at) => Participant(id.Kind, participant, at))],
            fields.IsNull("result") ? null : Sha256Digest.Parse(fields.Text("result", 64)),
            fields.Has("sum") ? Sha256Digest.Parse(fields.Text("sum", 64)) : null);
        fields.List("absent", Many, (absent, at) =>
        {
            var item = new JsonFields(absent, at);
            item.Text("site", 63);
            item.Text("why", 1000);
            item.End();
            return 0;
        });
        if (!fields.IsNull("reason"))
            fields.Text("reason", 10_000);
        fields.End();
        return step;
    }

    private static RecordedParticipant Participant(StepKind kind, System.Text.Json.Nodes.JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var participant = new RecordedParticipant(
            SiteId.Parse(fields.Text("site", 63)),
            Sha256Digest.Parse(fields.Text("release", 64)),
            (int)fields.Integer("weight", 0, int.MaxValue),
            fields.IsNull("data") ? null : Sha256Digest.Parse(fields.Text("data", 64)),
            fields.Text("software", 64),
            fields.Text("capability", 64),
            (int)fields.Integer("minimumCell", 0, int.MaxValue));
        if (!ReleaseManifest.IsMinimumCell(kind, participant.MinimumCell))
            fields.Fail("minimumCell", $"be one that a release of {kind} can have");
        fields.End();
        return participant;
    }

    private static ImmutableArray<SiteId> Sites(JsonFields fields, string name) =>
    [
        .. fields.List(name, Many, (node, path) => node?.GetValueKind() == System.Text.Json.JsonValueKind.String && SiteId.TryParse(node.GetValue<string>(), out var site)
            ? site
            : throw new FormatException($"{path} must be a site name: {Name.Rule}.")),
    ];
}

/// <summary>What a run went on from, instead of a round that was held back.</summary>
/// <param name="Kept">The last round that was kept; 0 is the beginning.</param>
/// <param name="Parameters">SHA-256 of its parameters.</param>
/// <param name="Metrics">SHA-256 of its evaluation; null at the beginning.</param>
public sealed record RecordedReturn(RoundNumber Kept, Sha256Digest Parameters, Sha256Digest? Metrics);

/// <summary>One attempt at a step.</summary>
/// <param name="Id">The step.</param>
/// <param name="Ended">When it was committed or given up, by the coordinator's clock.</param>
/// <param name="Invited">The sites that were asked.</param>
/// <param name="Participants">Whom the result is made of.</param>
/// <param name="Result">SHA-256 of the result; null where the attempt came to nothing.</param>
/// <param name="Sum">Of new parameters: SHA-256 of the sum that they were made of; null otherwise, and in what a version wrote that kept no sums.</param>
public sealed record RecordedStep(StepId Id, DateTimeOffset Ended, ImmutableArray<SiteId> Invited, ImmutableArray<RecordedParticipant> Participants, Sha256Digest? Result, Sha256Digest? Sum);

/// <summary>A site's part in a step.</summary>
/// <param name="Site">The site.</param>
/// <param name="Release">SHA-256 of its release's signed head.</param>
/// <param name="Weight">How much its update counted; 0 outside of training.</param>
/// <param name="Data">Keyed fingerprint of the data; null where none was read.</param>
/// <param name="Software">Version of the software that computed it.</param>
/// <param name="Capability">What bit-identity depends on, e.g. "avx2;threads=1".</param>
/// <param name="MinimumCell">The least count that its policy let out; 0 for an update, and where it withheld per-site metrics.</param>
public sealed record RecordedParticipant(SiteId Site, Sha256Digest Release, int Weight, Sha256Digest? Data, string Software, string Capability, int MinimumCell);
