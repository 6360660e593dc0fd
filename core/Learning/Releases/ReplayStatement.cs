using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What became of a release when its worker computed it again.</summary>
public enum ReplayOutcome
{
    /// <summary>The same bytes.</summary>
    Equal,

    /// <summary>Other bytes, from the same inputs.</summary>
    Unequal,

    /// <summary>It could not be computed again: its data have changed, say, or its root of randomness was erased. The steward hears why; nobody else does.</summary>
    Unchecked,
}

/// <summary>One release of a site, computed again.</summary>
/// <param name="Step">The step that it answered.</param>
/// <param name="Release">SHA-256 of its signed head, as the round's record names it.</param>
/// <param name="Outcome">What came of it.</param>
public readonly record struct ReplayedRelease(StepId Step, Sha256Digest Release, ReplayOutcome Outcome);

/// <summary>
/// A worker's signed statement that it has computed its part of a run again from the patients' rows and its sealed root of randomness, neither of which leave: of each release equal, unequal or
/// unchecked, and nothing else. A steward hands it on; with all sites' statements, and the coordinator's sums, a run under differential privacy is replayed.
/// </summary>
/// <param name="Site">Whose worker.</param>
/// <param name="Run">The run.</param>
/// <param name="Study">Its study.</param>
/// <param name="Releases">What the worker released in it, in the order of its log.</param>
/// <param name="Key">The worker's key.</param>
public sealed record ReplayStatement(SiteId Site, RunId Run, StudyDigest Study, ImmutableArray<ReplayedRelease> Releases, VerifyingKey Key)
{
    /// <summary>Most bytes of the file.</summary>
    public const int MaximumLength = 16 << 20;

    private const int Most = 100_000;

    /// <summary>Signs a statement.</summary>
    /// <returns>The file: <c>{"key": base64, "signature": base64, "statement": {...}}</c>, canonical JSON.</returns>
    public static byte[] Sign(SiteId site, RunId run, StudyDigest study, ImmutableArray<ReplayedRelease> releases, SigningKey key) =>
        SignedFile.Sign(SignatureContext.Replay, Statement(site, run, study, releases), key);

    /// <summary>Reads a statement that anybody may have written, and checks that the key that it names has signed it. Whether that is the worker's key is for the reader to know.</summary>
    /// <exception cref="FormatException">It is no statement, or not signed by the key that it names; the message says what.</exception>
    public static ReplayStatement Read(ReadOnlySpan<byte> file) => SignedFile.Read(SignatureContext.Replay, file, (statement, key) =>
    {
        var read = new ReplayStatement(
            SiteId.Parse(statement.Text("site", 63)), RunId.Parse(statement.Text("run", 16)), new StudyDigest(Sha256Digest.Parse(statement.Text("study", 64))),
            [.. statement.List("releases", Most, Release)], key);
        return read.Releases.Any(release => release.Step.Run != read.Run) || read.Releases.DistinctBy(release => release.Step).Count() != read.Releases.Length
            ? throw new FormatException("statement.releases must be of the statement's run, each step once.")
            : read;
    });

    private static JsonObject Statement(SiteId site, RunId run, StudyDigest study, ImmutableArray<ReplayedRelease> releases) => new()
    {
        ["format"] = 1,
        ["releases"] = new JsonArray([.. releases.Select(release => new JsonObject
        {
            ["outcome"] = Words[(int)release.Outcome],
            ["release"] = release.Release.ToString(),
            ["step"] = release.Step.ToString(),
        })]),
        ["run"] = run.Value,
        ["site"] = site.Value,
        ["study"] = study.ToString(),
    };

    private static readonly string[] Words = ["equal", "unequal", "unchecked"];

    private static ReplayedRelease Release(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        if (!StepId.TryParse(fields.Text("step", 64), out var step))
            fields.Fail("step", "be a step id: run.round.kind.attempt");
        var release = Sha256Digest.Parse(fields.Text("release", 64));
        var outcome = Array.IndexOf(Words, fields.Text("outcome", 16));
        if (outcome < 0)
            fields.Fail("outcome", "be equal, unequal or unchecked");
        fields.End();
        return new ReplayedRelease(step, release, (ReplayOutcome)outcome);
    }
}
