using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What kind of values a profiled feature has.</summary>
public enum ProfileFeatureKind
{
    /// <summary>Numbers in a plausible range.</summary>
    Number = 1,

    /// <summary>Indices of declared levels.</summary>
    Category = 2,
}

/// <summary>A feature as a profile knows it: public, and declared before anybody looks at data.</summary>
public sealed class ProfileFeature
{
    /// <summary>Longest name of a feature or a level.</summary>
    public const int MaximumName = 200;

    private ProfileFeature(string name, ProfileFeatureKind kind, double minimum, double maximum, double centre, double spread, ImmutableArray<string> levels)
    {
        if (name is not { Length: >= 1 and <= MaximumName })
            throw new ArgumentException($"The name of a feature has 1 to {MaximumName} characters.", nameof(name));
        (Name, Kind, Minimum, Maximum, Centre, Spread, Levels) = (name, kind, minimum, maximum, centre, spread, levels);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its kind.</summary>
    public ProfileFeatureKind Kind { get; }

    /// <summary>Least plausible number.</summary>
    public double Minimum { get; }

    /// <summary>Greatest plausible number.</summary>
    public double Maximum { get; }

    /// <summary>A usual number, which becomes 0 in the sketch of all features, as does a missing one.</summary>
    public double Centre { get; }

    /// <summary>What becomes 1 there.</summary>
    public double Spread { get; }

    /// <summary>The levels of a category; empty for a number.</summary>
    public ImmutableArray<string> Levels { get; }

    /// <summary>A number.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="minimum">Least plausible value.</param>
    /// <param name="maximum">Greatest plausible value.</param>
    /// <param name="centre">Best the study's mean; without it, the middle of the range.</param>
    /// <param name="spread">Best the study's standard deviation; without it, a sixth of the range's width.</param>
    /// <exception cref="ArgumentException">The range is empty or not finite, the spread not positive, or the name too long.</exception>
    public static ProfileFeature Number(string name, double minimum, double maximum, double? centre = null, double? spread = null)
    {
        _ = HistogramGrid.Uniform(minimum, maximum, ProfileDesign.Bins);
        _ = MomentGrid.For(minimum, maximum);
        var (middle, unit) = (centre ?? (minimum + ((maximum - minimum) / 2)), spread ?? ((maximum - minimum) / 6));
        if (!double.IsFinite(middle) || !(unit > 0) || !double.IsFinite(maximum / unit) || !double.IsFinite(minimum / unit) || !double.IsFinite(middle / unit))
            throw new ArgumentException("The centre must be finite and the spread positive, not too small for the range.", nameof(spread));
        return new ProfileFeature(name, ProfileFeatureKind.Number, minimum, maximum, middle, unit, []);
    }

    /// <summary>A category.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="levels">The levels; a value is the index of one.</param>
    /// <exception cref="ArgumentException">There are no levels, too many, one twice, or a name is too long.</exception>
    public static ProfileFeature Category(string name, params ImmutableArray<string> levels)
    {
        if (levels.Length is < 1 or > CategoryCounts.MaximumLevels
            || levels.Any(level => level is not { Length: <= MaximumName })
            || levels.Distinct(StringComparer.Ordinal).Count() < levels.Length)
            throw new ArgumentException($"A category has 1 to {CategoryCounts.MaximumLevels} different levels of at most {MaximumName} characters.", nameof(levels));
        return new ProfileFeature(name, ProfileFeatureKind.Category, 0, 0, 0, 0, levels);
    }

    internal JsonObject ToJson() => Kind == ProfileFeatureKind.Number
        ? new JsonObject { ["name"] = Name, ["minimum"] = Minimum, ["maximum"] = Maximum, ["centre"] = Centre, ["spread"] = Spread }
        : new JsonObject { ["name"] = Name, ["levels"] = new JsonArray([.. Levels.Select(level => (JsonNode)level)]) };

    internal static ProfileFeature Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var name = fields.Text("name", MaximumName);
        try
        {
            var isCategory = node is JsonObject map && map.ContainsKey("levels");
            var feature = isCategory
                ? Category(name, [.. fields.List("levels", CategoryCounts.MaximumLevels, ReadLevel)])
                : Number(name, fields.Number("minimum"), fields.Number("maximum"), fields.Number("centre"), fields.Number("spread"));
            fields.End();
            return feature;
        }
        catch (ArgumentException fault)
        {
            throw new FormatException($"{path} is not the declaration of a feature.", fault);
        }
    }

    private static string ReadLevel(JsonNode? node, string path) =>
        node is JsonValue value && value.TryGetValue(out string? text) ? text : throw new FormatException($"{path} must be a string.");
}
