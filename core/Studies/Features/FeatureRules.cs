using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>What one part of a feature definition demands of another. Works on the normalised definition, in which a part with a fault is null.</summary>
internal static class FeatureRules
{
    public static void Check(JsonObject definition, string path, FaultList faults)
    {
        var value = definition["value"] as JsonObject;
        var kind = Text(value?["kind"]);
        var missing = Text(definition["missing"]);
        CheckMissing(kind, missing, $"{path}missing", faults);
        if (definition["indicator"] is JsonValue indicator && indicator.GetValue<bool>() && kind is "coded" or "count" or "ever")
            faults.Add($"{path}indicator", kind == "coded" ? "A coded value that is missing has the input of every level 0; leave the indicator out." : "It is never missing; leave the indicator out.");
        if (value is null)
            return;
        CheckSelection(value, $"{path}value", faults);
        CheckWindow(value, $"{path}value", faults);
        if (kind != "number")
            return;
        var aggregate = Text(value["aggregate"]);
        if (aggregate is "sd" or "slope" && !value.ContainsKey("range"))
            faults.Add($"{path}value.range", $"An aggregate of {aggregate} has another range than the numbers; write its range.");
        if (aggregate is not (null or "sd" or "slope") && value.ContainsKey("range"))
            faults.Add($"{path}value.range", $"An aggregate of {aggregate} lies where the numbers do; leave the range out and write 'plausible' alone.");
    }

    public static void CheckMissing(string? kind, string? missing, string path, FaultList faults)
    {
        if (missing == "no-level" && kind is not (null or "coded"))
            faults.Add(path, "Only a coded value has levels; write mean, exclude-row or a value.");
        if (missing == "mean" && kind == "coded")
            faults.Add(path, "Codes have no mean; write no-level, exclude-row or a value.");
    }

    /// <summary>Kinds of events that have no codes, and those that are nothing without.</summary>
    public static void CheckSelection(JsonObject selection, string path, FaultList faults)
    {
        if (selection["of"] is not JsonArray of)
            return;
        var types = of.Select(Text).ToList();
        if (types.Contains("death") && (types.Count > 1 || selection.ContainsKey("codes")))
            faults.Add($"{path}.of", "Death stands alone, and has no codes.");
    }

    public static void CheckWindow(JsonObject holder, string path, FaultList faults)
    {
        if (Text(holder["window"]?["from"]) is { } from and not "ever" && Text(holder["window"]?["to"]) is { } to && SpanShape.Read(from) <= SpanShape.Read(to))
            faults.Add($"{path}.window", "The window begins after it ends: 'from' must be longer before the prediction than 'to'.");
        if (holder["grid"] is not null && Text(holder["window"]?["from"]) is { } begin && begin != "ever")
            faults.Add($"{path}.window.from", "The grid says where the window begins; leave this out.");
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
