using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Reference;

/// <summary>Tables of the reference, made from the description that the checker checks by.</summary>
internal static class ReferenceTables
{
    public static string Of(MapShape whole)
    {
        var text = new StringBuilder();
        Append(text, "", "The whole", whole);
        return text.ToString();
    }

    private static void Append(StringBuilder text, string path, string title, MapShape map)
    {
        text.Append($"\n### {title}\n\n| key | value | default | meaning |\n|---|---|---|---|\n");
        foreach (var field in map.Fields)
        {
            var standard = field.Required ? "required" : field.Default is null ? "-" : $"`{field.Default.ToJsonString()}`";
            text.Append($"| `{field.Key}` | {Cell(Value(field.Shape))} | {standard} | {Cell(field.Meaning)} |\n");
        }

        foreach (var field in map.Fields)
        {
            foreach (var (suffix, inner) in Inner(field.Shape))
                Append(text, Join(path, field.Key), $"`{Join(path, field.Key)}`{suffix}", inner);
        }
    }

    /// <summary>The maps within a shape, each with what tells it from its alternatives.</summary>
    private static IEnumerable<(string Suffix, MapShape Map)> Inner(Shape shape) => shape switch
    {
        MapShape map => [("", map)],
        ListShape list => Inner(list.Item).Select(inner => ($"{inner.Suffix}, each item", inner.Map)),
        VariantShape variants => variants.Variants.Select(variant => ($", `{variants.Key}: {variant.Word}`", variants.Whole(variant))),
        KeyedShape keyed => [.. keyed.Keyed.Select(one => ($" with `{one.Key}`", one.Map)), (" without these", keyed.Without)],
        FeatureChoiceShape choice => [($" with `{choice.Keys[0]}` or `{choice.Keys[1]}`", choice.Clinical), .. Inner(choice.Table)],
        WordOrMapShape either => [(" as a map", either.Map)],
        _ => [],
    };

    private static string Value(Shape shape) => shape switch
    {
        MapShape or KeyedShape or VariantShape or FeatureChoiceShape => "a map, below",
        ListShape { Item: VariantShape or MapShape or FeatureChoiceShape } list => $"{Lower(list.Expectation)}, below",
        ListShape list => $"{Lower(list.Expectation)}: {Lower(list.Item.Expectation)}",
        WordOrMapShape either => $"{Lower(either.Words.Expectation)}; or a map, below",
        _ => Lower(shape.Expectation),
    };

    private static string Lower(string text) => char.ToLowerInvariant(text[0]) + text[1..].TrimEnd(',');

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";

    internal static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
