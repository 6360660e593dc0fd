using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>Reads and builds rules of data quality.</summary>
public static class QualityRules
{
    /// <summary>Reads a site's <c>quality.yaml</c>: what it says and its digest, or every fault.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="builtIn">Ids of the rules that come with the software, which a site may change.</param>
    public static (SiteQuality Quality, Sha256Digest Digest, IReadOnlyList<StudyFault> Faults) ReadSite(string yaml, IReadOnlyCollection<string> builtIn)
    {
        ArgumentNullException.ThrowIfNull(builtIn);
        var faults = new FaultList();
        if (YamlDeclarationReader.Read(yaml, faults) is not { } declaration || QualityShape.OfSite.Check(declaration, "", faults) is not JsonObject file)
            return (SiteQuality.None, default, faults.InOrder());
        Check(file, "", faults);
        CheckChanges(file["changes"]?.AsArray() ?? [], builtIn, faults);
        return faults.IsEmpty
            ? (new SiteQuality(Rules(file), [.. file["changes"]!.AsArray().Select(change => Change(change!))]), Sha256Digest.Of(CanonicalJson.Write(file)), [])
            : (SiteQuality.None, default, faults.InOrder());
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

    private static void CheckChanges(JsonArray changes, IReadOnlyCollection<string> builtIn, FaultList faults)
    {
        var changed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, node) in changes.Index())
        {
            if (node is not JsonObject change || Text(change["rule"]) is not { } rule)
                continue;
            var path = Paths.Item("changes", i);
            if (!builtIn.Contains(rule))
            {
                faults.Add(Paths.Key(path, "rule"), $"There is no rule '{rule}' that comes with the software. {Nearest.Suggest(rule, builtIn)
                    ?? "'site-worker quality check' lists them; a rule of your own is changed where it stands, under 'rules'."}");
            }

            if (!changed.Add(rule))
                faults.Add(Paths.Key(path, "rule"), $"The rule '{rule}' is changed twice; write one change with all of it.");
            if (change["severity"] is null && change["maximum-share"] is null)
                faults.Add(path, "This changes nothing; give 'severity', 'maximum-share' or both.");
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

    private static QualityChange Change(JsonNode change) => new(
        Text(change["rule"])!, change["severity"] is { } severity ? Severity(severity) : null, change["maximum-share"]?.GetValue<double>(), Text(change["reason"])!);

    private static QualitySeverity Severity(JsonNode word) => Enum.Parse<QualitySeverity>(Text(word)!, ignoreCase: true);

    private static double Number(JsonNode number) => number.GetValue<double>();

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
