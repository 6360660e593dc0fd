using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.Studies;

/// <summary>A span of clinical time: a whole number of hours or days; normalised to days where they divide it.</summary>
/// <param name="FromZero">Whether nothing at all is a span.</param>
internal sealed partial record SpanShape(bool FromZero) : Shape
{
    private const int MaximumHours = 24 * 366 * 150;

    public override string Expectation => $"A time such as 12h or 365d, {(FromZero ? "from 0h" : "above 0h")} to 150 years,";

    /// <summary>Reads a span that has been checked.</summary>
    public static TimeSpan Read(string text) => TimeSpan.FromHours(Hours(text));

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) =>
        node is DeclaredText { Value: var text } && Pattern().IsMatch(text) && Hours(text) is var hours && hours <= MaximumHours && (FromZero || hours > 0)
            ? JsonValue.Create(hours % 24 == 0 ? Write(hours / 24, 'd') : Write(hours, 'h'))
            : Refuse(node, path, faults, node is DeclaredNumber ? "Add the unit: h or d." : null);

    public override JsonObject Schema() => new() { ["type"] = "string", ["pattern"] = FromZero ? "^(0|[1-9][0-9]{0,6})[hd]$" : "^[1-9][0-9]{0,6}[hd]$" };

    private static long Hours(string text) => long.Parse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture) * (text[^1] == 'd' ? 24 : 1);

    private static string Write(long number, char unit) => number.ToString(CultureInfo.InvariantCulture) + unit;

    [GeneratedRegex(@"\A(0|[1-9][0-9]{0,6})[hd]\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}

/// <summary>A calendar date.</summary>
internal sealed record DateShape : Shape
{
    private const string Format = "yyyy-MM-dd";

    public override string Expectation => "A date such as 2015-01-31";

    /// <summary>Reads a date that has been checked.</summary>
    public static DateOnly Read(string text) => DateOnly.ParseExact(text, Format, CultureInfo.InvariantCulture);

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) =>
        node is DeclaredText { Value: var text } && DateOnly.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) && date.Year >= 1900
            ? JsonValue.Create(text)
            : Refuse(node, path, faults);

    public override JsonObject Schema() => new() { ["type"] = "string", ["pattern"] = "^(19|[2-9][0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$" };
}

/// <summary>
/// Codes that mean one thing, over several code systems: a map from system to codes. Neither the order of systems nor that of codes means
/// anything: both are made ordinal.
/// </summary>
internal sealed record CodeSetShape : Shape
{
    private const int MaximumCodes = 5000;
    private static readonly TextShape s_code = TextShape.Line(64);
    private static readonly TextShape s_address = new(@"(?:https?://|urn:)[!-~]+", 200, "an absolute address");

    public override string Expectation => $"A map from code system ({string.Join(", ", CodeSystemNames.All)}, or an address) to a list of codes";

    /// <summary>Reads codes that have been checked.</summary>
    public static IEnumerable<StudyCode> Read(JsonNode codes) =>
        codes.AsObject().SelectMany(system => system.Value!.AsArray().Select(code => new StudyCode(system.Key, code!.GetValue<string>())));

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults)
    {
        if (node is not DeclaredMap map || map.Entries.IsEmpty)
            return Refuse(node, path, faults);
        faults.Place(path, map.Mark);
        var systems = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        var list = new ListShape(s_code, 1, MaximumCodes, Unique: true, Sorted: true);
        foreach (var entry in map.Entries)
        {
            var inner = Paths.Key(path, entry.Key);
            faults.Place(inner, entry.Mark);
            if (!CodeSystemNames.All.Contains(entry.Key) && s_address.Check(new DeclaredText(entry.Mark, entry.Key), inner, new FaultList()) is null)
                faults.Add(entry.Mark, inner, $"{DeclarationNode.Quote(entry.Key)} is no code system. {Nearest.Suggest(entry.Key, CodeSystemNames.All) ?? $"Known: {string.Join(", ", CodeSystemNames.All)}; or write the system's absolute address."}");
            systems[entry.Key] = list.Check(entry.Value, inner, faults);
        }

        return new JsonObject(systems);
    }

    public override JsonObject Schema()
    {
        var codes = new ListShape(s_code, 1, MaximumCodes, Unique: true).Schema();
        JsonObject Of(string name)
        {
            var system = codes.DeepClone().AsObject();
            system["description"] = CodeSystemNames.MeaningOf(name);
            return system;
        }

        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject(CodeSystemNames.All.Select(name => KeyValuePair.Create(name, (JsonNode?)Of(name)))),
            ["additionalProperties"] = codes,
            ["minProperties"] = 1,
        };
    }
}

/// <summary>A feature of a study: defined by clinical events, where it has one of <paramref name="Keys"/>; else a column of a table.</summary>
/// <param name="Keys">Keys that only the first has.</param>
/// <param name="Clinical">Shape of a feature over events.</param>
/// <param name="Table">Shape of a feature that is a column.</param>
internal sealed record FeatureChoiceShape(string[] Keys, MapShape Clinical, VariantShape Table) : Shape
{
    public override string Expectation => $"{Table.Expectation}, or a map with the keys {Clinical.Keys},";

    public override JsonNode? Check(DeclarationNode node, string path, FaultList faults) => node is DeclaredMap map && Keys.Any(key => map[key] is not null)
        ? Clinical.Check(map, path, faults)
        : Table.Check(node, path, faults);

    public override JsonObject Schema()
    {
        var schema = Table.Schema();
        var clinical = Clinical.Schema();
        clinical["oneOf"] = new JsonArray([.. Keys.Select(key => new JsonObject { ["required"] = new JsonArray(key) })]);
        schema["oneOf"]!.AsArray().Add(clinical);
        return schema;
    }
}
