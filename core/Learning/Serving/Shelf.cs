using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>One line of models on a site's shelf.</summary>
/// <param name="Line">Its name.</param>
/// <param name="Order">The number of the coordinator's order that it follows.</param>
/// <param name="Stopped">Why nothing of this line answers, in the words of whoever stopped it at the site; null: it answers.</param>
/// <param name="Serves">What it is served with.</param>
public sealed record ShelfLine(string Line, long Order, string? Stopped, ServedModels Serves)
{
    /// <summary>Longest reason for a stop, in characters.</summary>
    public const int LongestReason = 500;

    internal JsonObject ToJson()
    {
        var json = new JsonObject { ["line"] = Line, ["order"] = Order, ["stopped"] = Stopped };
        Serves.WriteTo(json);
        return json;
    }

    internal static ShelfLine Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var line = new ShelfLine(
            fields.Text("line", 63), fields.Integer("order", 1, 1L << 53), fields.IsNull("stopped") ? null : fields.Text("stopped", LongestReason), ServedModels.Read(fields));
        if (!Name.IsName(line.Line))
            fields.Fail("line", $"be a model's name: {Name.Rule}");
        fields.End();
        return line;
    }
}

/// <summary>
/// What a site scores with: <c>shelf.json</c>, which the worker replaces whole and the scoring program only reads. Each model that it names stands whole in <see cref="ServingPaths.Models"/>
/// before it is named. (docs/reference/serving.md)
/// </summary>
/// <param name="Site">The site.</param>
/// <param name="Written">When it was written.</param>
/// <param name="Lines">Each line once, in ordinal order of their names.</param>
public sealed record Shelf(SiteId Site, DateTimeOffset Written, ImmutableArray<ShelfLine> Lines)
{
    /// <summary>Most bytes of the file.</summary>
    public const int MaximumLength = 1 << 20;

    /// <summary>Most lines of a shelf: with the longest reasons they fit into the file.</summary>
    public const int MaximumLines = 256;

    /// <summary>Each model once.</summary>
    public ImmutableHashSet<Sha256Digest> Models => [.. Lines.SelectMany(line => line.Serves.Models)];

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(new JsonObject
    {
        ["format"] = 1,
        ["site"] = Site.Value,
        ["written"] = CanonicalTime.Write(Written),
        ["lines"] = new JsonArray([.. Lines.OrderBy(line => line.Line, StringComparer.Ordinal).Select(line => line.ToJson())]),
    });

    /// <summary>Reads a shelf, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else; the message says what.</exception>
    public static Shelf Read(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaximumLength)
            throw new FormatException($"A shelf has at most {MaximumLength} bytes.");
        var fields = new JsonFields(CanonicalJson.Read(json), "shelf");
        fields.Integer("format", 1, 1);
        if (!SiteId.TryParse(fields.Text("site", 63), out var site))
            fields.Fail("site", $"be a site name: {Name.Rule}");
        if (!CanonicalTime.TryRead(fields.Text("written", CanonicalTime.Length), out var written))
            fields.Fail("written", "be a time in UTC with milliseconds");
        var lines = fields.List("lines", MaximumLines, ShelfLine.Read);
        fields.End();
        return lines.Zip(lines.Skip(1)).All(pair => string.CompareOrdinal(pair.First.Line, pair.Second.Line) < 0)
            ? new Shelf(site, written, [.. lines]) : throw new FormatException("shelf.lines must have each line once, in order of their names.");
    }
}
