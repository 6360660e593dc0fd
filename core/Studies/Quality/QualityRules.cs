using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>Reads and builds rules of data quality.</summary>
public static class QualityRules
{
    /// <summary>Reads a site's <c>quality.yaml</c>: its rules and their digest, or every fault.</summary>
    public static (ImmutableArray<QualityRule> Rules, Sha256Digest Digest, IReadOnlyList<StudyFault> Faults) ReadSite(string yaml)
    {
        var faults = new FaultList();
        if (YamlDeclarationReader.Read(yaml, faults) is not { } declaration || QualityShape.OfSite.Check(declaration, "", faults) is not JsonObject file)
            return ([], default, faults.InOrder());
        Check(file, "", faults);
        return faults.IsEmpty ? (Rules(file), Sha256Digest.Of(CanonicalJson.Write(file)), []) : ([], default, faults.InOrder());
    }

    /// <summary>What one part of the rules demands of another.</summary>
    internal static void Check(JsonObject holder, string path, FaultList faults)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, node) in (holder["rules"]?.AsArray() ?? []).Index())
        {
            if (node is not JsonObject rule)
                continue;
            var inner = Paths.Item(Paths.Key(path, "rules"), i);
            FeatureRules.CheckSelection(rule, inner, faults);
            if (Text(rule["name"]) is { } name && !names.Add(name))
                faults.Add($"{inner}.name", $"There are two rules '{name}'; give each its own name.");
        }
    }

    /// <summary>What a sound study says.</summary>
    internal static StudyQuality Build(JsonNode quality) => new([.. quality["keeps-out"]!.AsArray().Select(word => Severity(word!))], Rules(quality));

    private static ImmutableArray<QualityRule> Rules(JsonNode holder) => [.. holder["rules"]!.AsArray().Select(rule => Rule(rule!))];

    private static QualityRule Rule(JsonNode rule) => new(
        Text(rule["name"])!, Enum.Parse<QualityDimension>(Text(rule["dimension"])!, ignoreCase: true), Severity(rule["severity"]!), ClinicalFeature.Events(rule),
        Text(rule["test"]) switch
        {
            "range" => new InRange(Number(rule["range"]![0]!), Number(rule["range"]![1]!), Text(rule["unit"])!),
            "recorded" => new IsRecorded(),
            "value" => new HasValue(),
            _ => new HasUnit([.. rule["units"]!.AsArray().Select(unit => Text(unit)!)]),
        },
        Number(rule["maximum-share"]!));

    private static QualitySeverity Severity(JsonNode word) => Enum.Parse<QualitySeverity>(Text(word)!, ignoreCase: true);

    private static double Number(JsonNode number) => number.GetValue<double>();

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
