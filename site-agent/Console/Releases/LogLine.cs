using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>An entry of the worker's log, as a page shows it.</summary>
/// <param name="Sequence">Its number.</param>
/// <param name="At">When, by the worker's clock.</param>
/// <param name="Kind">Its kind, as docs/reference/worker-log.md has it.</param>
/// <param name="Study">The digest of the study that it is about; empty: none, or it names none.</param>
/// <param name="Run">The run; empty: none.</param>
/// <param name="What">What it says, in a line.</param>
/// <param name="Json">The entry, every byte of it.</param>
internal sealed record LogLine(long Sequence, DateTimeOffset At, string Kind, string Study, string Run, string What, string Json)
{
    /// <summary>Something left.</summary>
    public const string Released = "released";

    /// <summary>The coordinator's last word about a release, or none in time.</summary>
    public const string Settled = "settled";

    /// <summary>The digest of the release; empty: it is about none.</summary>
    public string Release { get; private init; } = "";

    /// <summary>Of an entry <see cref="Released"/> its step; empty: it is none.</summary>
    public string Step { get; private init; } = "";

    /// <summary>Whether its content is an aggregate, which the worker keeps; what else leaves is described by its manifest.</summary>
    public bool HasContent { get; private init; }

    /// <summary>Of an entry <see cref="Settled"/> what came of the release.</summary>
    public string Outcome { get; private init; } = "";

    /// <summary>Of an entry <see cref="Released"/> its signed manifest, with line breaks; null: it is none.</summary>
    public string? Manifest { get; private init; }

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }; // shown as text, which Razor encodes

    /// <summary>Reads an entry.</summary>
    /// <exception cref="WorkerException">It is none: the worker is another version.</exception>
    public static LogLine Read(string json)
    {
        try
        {
            var entry = Part(JsonNode.Parse(json)).AsObject();
            var (kind, body) = (Text(entry, "kind"), Part(entry["body"]).AsObject());
            var manifest = body["release"]?["manifest"] as JsonObject;
            var step = Text(body, "step") is { Length: > 0 } named ? named : manifest is null ? "" : Text(manifest, "step");
            return new LogLine(
                Part(entry["sequence"]).GetValue<long>(), DateTimeOffset.Parse(Text(entry, "at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal), kind,
                Text(body, "study") is { Length: > 0 } study ? study : manifest is null ? "" : Text(manifest, "study"), Text(body, "run") is { Length: > 0 } run ? run : step.Split('.')[0],
                manifest is null ? Say(body) : Say(manifest, step), json)
            {
                Release = manifest is not null || kind == Settled ? Text(body, "digest") : "", Outcome = kind == Settled ? Text(body, "outcome") : "", Manifest = manifest?.ToJsonString(s_indented),
                Step = manifest is null ? "" : step, HasContent = manifest is not null && Text(manifest, "encoding") == "json",
            };
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException or FormatException)
        {
            throw new WorkerException("An entry of the worker's log cannot be read by this console: it is of another version than the worker. Install the same version of both.");
        }
    }

    private static string Say(JsonObject manifest, string step)
    {
        var parts = step.Split('.');
        var place = parts is [_, var round, var kind, _] ? round == "0" ? kind : $"{kind} of round {round}" : step;
        return string.Create(CultureInfo.InvariantCulture, $"{place}: {Text(manifest, "payloadLength")} bytes, {Text(manifest, "encoding")}");
    }

    // Names and short values, as the log has them; what is long is in the entry itself.
    private static string Say(JsonObject body)
    {
        const int Longest = 160;
        var said = new StringBuilder();
        foreach (var (name, value) in body.Where(field => field.Value is JsonValue && Text(body, field.Key).Length is > 0 and <= Longest))
            said.Append(said.Length == 0 ? "" : "; ").Append(name).Append(' ').Append(Text(body, name) is { Length: 64 } digest && digest.All(char.IsAsciiHexDigitLower) ? Words.Short(digest) : Text(body, name));
        return said.ToString();
    }

    private static JsonNode Part(JsonNode? node) => node ?? throw new FormatException("a part of an entry is missing");

    private static string Text(JsonObject from, string name) => from[name] is JsonValue value ? value.ToString() : "";
}
