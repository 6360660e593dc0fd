using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using FederatedClinicalMl.ClinicalData;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Reads calls for scores, strictly: an unknown or doubled field is refused, and no refusal repeats what was sent.</summary>
/// <param name="rows">Most rows of a call.</param>
/// <param name="mapping">The site's mapping of codes and units.</param>
/// <param name="clock">What a date without time means at the hospital.</param>
/// <param name="time">What is now.</param>
internal sealed class ScoreReader(int rows, SiteMapping mapping, ClinicalClock clock, TimeProvider time)
{
    private const int LongestPseudonym = 256;

    private static readonly JsonDocumentOptions s_options = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Reads a call.</summary>
    /// <param name="body">JSON: a row, or <c>{"rows": [...]}</c>.</param>
    /// <param name="line">The line that is asked.</param>
    /// <param name="cancel">Ends the reading.</param>
    /// <returns>The rows, and whether they were a list.</returns>
    /// <exception cref="CallRefusedException">The call is something else.</exception>
    public async Task<(ImmutableArray<ScoreRow> Rows, bool IsList)> ReadAsync(Stream body, ServingLine line, CancellationToken cancel)
    {
        using var document = await ParseAsync(body, cancel);
        var root = Object(document.RootElement, "The call");
        if (!root.TryGetProperty("rows", out var list))
            return ([Row(root, line)], false);
        if (root.GetPropertyCount() > 1)
            throw Refused("Beside 'rows' there must be no other field.");
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is var count && (count == 0 || count > rows))
            throw Refused($"'rows' must be a list of 1 to {rows} rows.");
        return ([.. list.EnumerateArray().Select(row => Row(Object(row, "Every row"), line))], true);
    }

    /// <summary>Reads a body as JSON.</summary>
    /// <exception cref="CallRefusedException">It is none, or has a field twice.</exception>
    public static async Task<JsonDocument> ParseAsync(Stream body, CancellationToken cancel)
    {
        try
        {
            return await JsonDocument.ParseAsync(body, s_options, cancel);
        }
        catch (JsonException)
        {
            throw Refused("The body is not JSON, breaks off, or has a field twice.");
        }
    }

    /// <summary>An element that must be an object.</summary>
    public static JsonElement Object(JsonElement element, string what) => element.ValueKind == JsonValueKind.Object ? element : throw Refused($"{what} must be a JSON object.");

    /// <summary>A field that must be a text of so many characters.</summary>
    public static string Text(JsonElement element, string name, int longest) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Length is > 0 && text.Length <= longest
            ? text : throw Refused($"'{name}' must be a text of 1 to {longest} characters.");

    /// <summary>A pseudonym.</summary>
    public static string Patient(JsonElement element) => Text(element, "patient", LongestPseudonym);

    /// <summary>A moment with its offset; null where the field is missing or null.</summary>
    public static DateTimeOffset? Moment(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        // A time without offset would be read by this machine's clock, which need not be the hospital's.
        return value.ValueKind == JsonValueKind.String && value.GetString() is { } text && (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > 10)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
            ? moment : throw Refused($"'{name}' must be a time with its offset, such as 2026-11-26T17:00:00Z.");
    }

    private ScoreRow Row(JsonElement row, ServingLine line)
    {
        var patient = Patient(row);
        var at = Moment(row, "at") ?? time.GetUtcNow();
        var isGiven = row.TryGetProperty("features", out var features);
        if (isGiven == row.TryGetProperty("bundle", out var bundle))
            throw Refused("A row must have either 'features' or 'bundle'.");
        if (row.EnumerateObject().Any(field => field.Name is not ("patient" or "at" or "features" or "bundle")))
            throw Refused("A row has a field that is not known. Known: patient, at, features, bundle.");
        if (!isGiven && line.Features.Count > 0 && !line.TakesBundles)
            throw Refused($"The features of {line.Name} are columns of a table, which no Bundle has: send 'features' instead of 'bundle'.");
        return isGiven
            ? new ScoreRow(patient, at, Values(Object(features, "'features'"), line), null)
            : new ScoreRow(patient, at, null, PatientBundle.Read(JsonMarshal.GetRawUtf8Value(Object(bundle, "'bundle'")).ToArray(), mapping, clock));
    }

    private static Dictionary<string, double> Values(JsonElement features, ServingLine line)
    {
        var values = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var feature in features.EnumerateObject())
        {
            if (line.Features.Count > 0 && !line.Features.Contains(feature.Name)) // without a version nothing is known: the answer says that there is none
                throw Refused($"'features' has a name that {line.Name} does not know. Known: {string.Join(", ", line.Features.Order(StringComparer.Ordinal))}.");
            var number = double.NaN;
            var isValue = feature.Value.ValueKind switch
            {
                JsonValueKind.Null => true,
                JsonValueKind.Number => feature.Value.TryGetDouble(out number),
                JsonValueKind.String => double.TryParse(feature.Value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number),
                _ => false,
            };
            if (!isValue)
                throw Refused($"The feature {feature.Name} must be a number, a text that is a number with a decimal point, or null where the value is missing.");
            values.Add(feature.Name, number);
        }

        return values;
    }

    private static CallRefusedException Refused(string message) => new(StatusCodes.Status400BadRequest, message);
}
