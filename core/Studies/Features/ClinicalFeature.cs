using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// A study's feature over events, normalised: brought into the form of a feature that is a column (name, unit, range, missing), which is what the
/// model sees. A sequence gives one for each step.
/// </summary>
internal static class ClinicalFeature
{
    private const string Definition = "definition";

    /// <summary>Whether a normalised feature is defined by events.</summary>
    public static bool Is(JsonNode? feature) => feature is JsonObject map && map.ContainsKey(Definition);

    /// <summary>Columns that a normalised feature stands for, as they would be declared; none where a part of it has a fault.</summary>
    public static IEnumerable<JsonObject> Columns(JsonObject feature)
    {
        if (feature[Definition] is not JsonObject definition || Text(definition["name"]) is not { } name || definition["value"] is not JsonObject value || Text(value["kind"]) is not { } kind)
            return [];
        var column = new JsonObject { ["name"] = name, ["type"] = kind == "coded" ? "category" : "number" };
        column["missing"] = (feature["missing"] ?? definition["missing"])?.DeepClone();
        column["indicator"] = definition["indicator"]?.DeepClone();
        if (kind == "coded")
        {
            column["levels"] = value["levels"] is JsonArray levels ? new JsonArray([.. levels.Select(level => level?["level"]?.DeepClone())]) : null;
            return [column];
        }

        var (unit, least, greatest) = Scale(kind, value);
        column["unit"] = unit;
        column["range"] = (value["range"] ?? value["plausible"])?.DeepClone() ?? (greatest > least ? new JsonArray(least, greatest) : null);
        column["scale"] = feature["scale"]?.DeepClone();
        if (feature["constants"] is { } constants)
            column["constants"] = constants.DeepClone();
        return value["grid"] is not JsonObject grid ? [column] : Steps(grid).Select(step =>
        {
            var one = column.DeepClone().AsObject();
            one["name"] = string.Create(CultureInfo.InvariantCulture, $"{name}-{step.Number}");
            return one;
        });
    }

    /// <summary>What a sound definition says.</summary>
    public static FeatureDefinition Build(JsonObject definition) => new(
        Text(definition["name"])!, Integer(definition["version"]!), Text(definition["title"])!, Text(definition["meaning"])!, Text(definition["owner"])!,
        Value(definition["value"]!.AsObject()), Sha256Digest.Of(CanonicalJson.Write(definition)));

    /// <summary>How each column of a sound definition is computed, in the order of <see cref="Columns"/>.</summary>
    public static ImmutableArray<FeatureValue> Values(JsonObject definition)
    {
        var value = definition["value"]!.AsObject();
        if (value["grid"] is not JsonObject grid)
            return [Value(value)];
        var whole = Value(value);
        return
        [
            .. Steps(grid).Select(step => whole switch
            {
                NumberValue number => number with { Window = Part(number.Window, step) },
                CountValue count => count with { Window = Part(count.Window, step) },
                EverValue ever => ever with { Window = Part(ever.Window, step) },
                _ => whole,
            }),
        ];
    }

    /// <summary>Which events count.</summary>
    public static EventSelection Events(JsonNode selection) => new(
        [.. selection["of"]!.AsArray().Select(type => Enum.Parse<EventType>(type!.GetValue<string>(), ignoreCase: true))],
        selection["codes"] is { } codes ? [.. CodeSetShape.Read(codes)] : []);

    /// <summary>Which time counts.</summary>
    public static EventWindow Window(JsonNode holder)
    {
        var (from, to) = (Text(holder["window"]!["from"])!, Text(holder["window"]!["to"])!);
        return new EventWindow(from == "ever" ? null : SpanShape.Read(from), SpanShape.Read(to));
    }

    private static EventWindow Part(EventWindow window, (int Number, TimeSpan Step) step) =>
        new(window.To + (step.Number * step.Step), window.To + ((step.Number - 1) * step.Step));

    private static IEnumerable<(int Number, TimeSpan Step)> Steps(JsonObject grid) =>
        grid["steps"] is { } steps && Text(grid["step"]) is { } step ? Enumerable.Range(1, Integer(steps)).Select(number => (number, SpanShape.Read(step))) : [];

    // Unit of the feature, and its range where the definition need not say it.
    private static (string? Unit, double Least, double Greatest) Scale(string kind, JsonObject value) => kind switch
    {
        "number" when Text(value["aggregate"]) == "slope" => (Text(value["unit"]) is { } unit ? unit + "/d" : null, 0, 0),
        "number" => (Text(value["unit"]), 0, 0),
        "time-since" => ("d", 0, 0),
        "age" => ("a", 0, 0),
        "news2" => ("{score}", 0, 20),
        _ => ("1", 0, 1),
    };

    /// <summary>How a number that is predicted is made of events in the horizon, which is no window before the prediction.</summary>
    public static FeatureValue Outcome(JsonNode outcome)
    {
        var (number, window) = (outcome["number"]!, new EventWindow(null, TimeSpan.Zero));
        return Text(number["aggregate"]) == "count"
            ? new CountValue(Events(outcome), window)
            : new NumberValue(
                Events(outcome), window, Aggregates[Text(number["aggregate"])!], Text(number["unit"])!, number["range"]![0]!.GetValue<double>(), number["range"]![1]!.GetValue<double>(),
                number["molar-mass"]?.GetValue<double>(), Text(number["conversion"]));
    }

    private static FeatureValue Value(JsonObject value) => Text(value["kind"]) switch
    {
        "number" => new NumberValue(
            Events(value), Window(value), Aggregates[Text(value["aggregate"])!], Text(value["unit"])!,
            value["plausible"]![0]!.GetValue<double>(), value["plausible"]![1]!.GetValue<double>(),
            value["molar-mass"]?.GetValue<double>(), Text(value["conversion"])),
        "count" => new CountValue(Events(value), Window(value)),
        "ever" => new EverValue(Events(value), Window(value)),
        "time-since" => new TimeSinceValue(Events(value), Window(value)),
        "coded" => new CodedValue(Events(value), Window(value), [.. value["levels"]!.AsArray().Select(level => new CodedLevel(level!["level"]!.GetValue<double>(), [.. CodeSetShape.Read(level["codes"]!)]))]),
        "age" => new AgeValue(),
        "sex" => new SexValue(),
        _ => new News2Value(Window(value)),
    };

    private static Dictionary<string, Aggregate> Aggregates { get; } = new(StringComparer.Ordinal)
    {
        ["last"] = Aggregate.Last,
        ["first"] = Aggregate.First,
        ["mean"] = Aggregate.Mean,
        ["min"] = Aggregate.Minimum,
        ["max"] = Aggregate.Maximum,
        ["sd"] = Aggregate.StandardDeviation,
        ["slope"] = Aggregate.Slope,
    };

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static int Integer(JsonNode node) => (int)node.GetValue<double>();
}
