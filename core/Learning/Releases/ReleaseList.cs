using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>A release in a worker's list.</summary>
/// <param name="Step">The step that it answered.</param>
/// <param name="Release">SHA-256 of its signed head.</param>
/// <param name="Taken">Whether the worker has heard that it counts: then the coordinator's journal must have it.</param>
public readonly record struct ListedRelease(StepId Step, Sha256Digest Release, bool Taken);

/// <summary>
/// A worker's signed list of everything that it has ever released, and of the log that says so, up to its head. A steward hands it to an auditor, who holds it against the coordinator's journal: what one side has and the
/// other lacks was removed, or never happened.
/// </summary>
/// <param name="Site">Whose worker.</param>
/// <param name="Entries">Number of the log's last entry.</param>
/// <param name="Head">Hash of that entry.</param>
/// <param name="Releases">Each release, in the order of the log.</param>
/// <param name="Key">The worker's key.</param>
public sealed record ReleaseList(SiteId Site, long Entries, Sha256Digest Head, ImmutableArray<ListedRelease> Releases, VerifyingKey Key)
{
    /// <summary>Most bytes of the file.</summary>
    public const int MaximumLength = 256 << 20;

    private const int Most = 1_000_000;

    /// <summary>Signs a list.</summary>
    /// <returns>The file: <c>{"key": base64, "signature": base64, "statement": {...}}</c>, canonical JSON.</returns>
    public static byte[] Sign(SiteId site, long entries, Sha256Digest head, IEnumerable<ListedRelease> releases, SigningKey key) => SignedFile.Sign(
        SignatureContext.ReleaseList,
        new JsonObject
        {
            ["entries"] = entries,
            ["format"] = 1,
            ["head"] = head.ToString(),
            ["releases"] = new JsonArray([.. releases.Select(release => new JsonObject { ["release"] = release.Release.ToString(), ["step"] = release.Step.ToString(), ["taken"] = release.Taken })]),
            ["site"] = site.Value,
        },
        key);

    /// <summary>Reads a list that anybody may have written, and checks that the key that it names has signed it. Whether that is the worker's key is for the reader to know.</summary>
    /// <exception cref="FormatException">It is no list, or not signed by the key that it names; the message says what.</exception>
    public static ReleaseList Read(ReadOnlySpan<byte> file) => SignedFile.Read(SignatureContext.ReleaseList, file, (statement, key) =>
    {
        var read = new ReleaseList(
            SiteId.Parse(statement.Text("site", 63)), statement.Integer("entries", 0, 1L << 53), Sha256Digest.Parse(statement.Text("head", 64)), [.. statement.List("releases", Most, Release)], key);
        return read.Releases.DistinctBy(release => release.Step).Count() == read.Releases.Length ? read : throw new FormatException("statement.releases must have each step once.");
    });

    private static ListedRelease Release(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        if (!StepId.TryParse(fields.Text("step", 64), out var step))
            fields.Fail("step", "be a step id: run.round.kind.attempt");
        var release = new ListedRelease(step, Sha256Digest.Parse(fields.Text("release", 64)), fields.Flag("taken"));
        fields.End();
        return release;
    }
}
