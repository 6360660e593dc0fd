using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>One thing in which two studies differ.</summary>
/// <param name="Path">Where, as in the study's YAML: <c>training.learning-rate</c>; an item of a list that has names by its name: <c>data.features[age].range</c>.</param>
/// <param name="Before">Canonical JSON of what the first says; null where it says nothing.</param>
/// <param name="After">Canonical JSON of what the second says; null where it says nothing.</param>
public sealed record StudyChange(string Path, string? Before, string? After)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {Before ?? "nothing"} -> {After ?? "nothing"}";
}

/// <summary>In what two studies differ, defaults filled in: what people compare before they take one for another's successor.</summary>
public static class StudyDiff
{
    /// <summary>Every difference, in the order of the paths; empty where the studies are the same but for nothing.</summary>
    public static ImmutableArray<StudyChange> Between(Study before, Study after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var changes = ImmutableArray.CreateBuilder<StudyChange>();
        Compare("", CanonicalJson.Read(before.Canonical.Span), CanonicalJson.Read(after.Canonical.Span), changes);
        return changes.ToImmutable();
    }

    private static void Compare(string path, JsonNode? before, JsonNode? after, ImmutableArray<StudyChange>.Builder changes)
    {
        if (JsonNode.DeepEquals(before, after))
            return;
        if (before is JsonObject left && after is JsonObject right)
            CompareEach(left.Select(item => item.Key), right.Select(item => item.Key), name => left[name], name => right[name], name => path.Length == 0 ? name : $"{path}.{name}", changes);
        else if (ByName(before) is { } some && ByName(after) is { } others)
            CompareItems(path, some, others, changes);
        else
            changes.Add(new StudyChange(path, Text(before), Text(after)));
    }

    // The same names in another order are other inputs of a network.
    private static void CompareItems(string path, Dictionary<string, JsonNode?> before, Dictionary<string, JsonNode?> after, ImmutableArray<StudyChange>.Builder changes)
    {
        if (!before.Keys.Where(after.ContainsKey).SequenceEqual(after.Keys.Where(before.ContainsKey)))
            changes.Add(new StudyChange(path, string.Join(", ", before.Keys), string.Join(", ", after.Keys)));
        CompareEach(before.Keys, after.Keys, before.GetValueOrDefault, after.GetValueOrDefault, name => $"{path}[{name}]", changes);
    }

    private static void CompareEach(
        IEnumerable<string> before, IEnumerable<string> after, Func<string, JsonNode?> left, Func<string, JsonNode?> right, Func<string, string> path, ImmutableArray<StudyChange>.Builder changes)
    {
        foreach (var name in before.Union(after).Order(StringComparer.Ordinal))
            Compare(path(name), left(name), right(name), changes);
    }

    // A list whose items all have names of their own.
    private static Dictionary<string, JsonNode?>? ByName(JsonNode? node)
    {
        if (node is not JsonArray { Count: > 0 } items)
            return null;
        var named = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        return items.All(item => item is JsonObject fields && fields["name"] is JsonValue name && name.TryGetValue(out string? text) && named.TryAdd(text, item)) ? named : null;
    }

    private static string? Text(JsonNode? node) => node?.ToJsonString();
}
