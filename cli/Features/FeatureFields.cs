using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Features;

/// <summary>A definition as a list of fields, from its canonical form: what is shown and compared is what the digest is of.</summary>
internal static class FeatureFields
{
    public static JsonObject Definition(LibraryFeature feature) => CanonicalJson.Read(feature.Canonical.Span)!.AsObject();

    /// <summary>How it is computed, in a word or two.</summary>
    public static string Kind(JsonObject definition)
    {
        var value = definition["value"]!.AsObject();
        return string.Join(' ', new[] { value["kind"], value["aggregate"] }.OfType<JsonNode>().Select(Text));
    }

    /// <summary>The unit of the feature, of a trend per day; null where the definition says none.</summary>
    public static string? Unit(JsonObject definition) =>
        definition["value"]!["unit"] is { } unit ? Text(unit) + (Text(definition["value"]!["aggregate"]) == "slope" ? "/d" : "") : null;

    /// <summary>Every field by its path; of a list of scalars the items.</summary>
    public static IEnumerable<(string Path, IReadOnlyList<string> Items)> Of(JsonNode? node, string path = "") => node switch
    {
        JsonObject map => map.SelectMany(member => Of(member.Value, path.Length == 0 ? member.Key : $"{path}.{member.Key}")),
        JsonArray list when list.Any(item => item is JsonObject) => list.SelectMany((item, i) => Of(item, string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))),
        JsonArray list => [(path, [.. list.Select(Text)])],
        _ => [(path, [Text(node)])],
    };

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : node?.ToJsonString() ?? "null";
}
