using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>Whether models of two studies can be compared at a site row by row: whether the studies choose the same test rows there, whatever their features.</summary>
public static class Comparability
{
    // What decides which rows there are, whose they are, what they are labelled and which of them are tested.
    private static readonly string[] s_rows = ["dataset", "cohort", "patient", "label", "split"];

    /// <summary>Why they cannot, in a sentence for people; null where they can. Coordinator and worker ask alike.</summary>
    public static string? WhyNot(Study candidate, Study other)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        ArgumentNullException.ThrowIfNull(other);
        if (candidate.Model is BenchmarkModel || other.Model is BenchmarkModel)
            return "A benchmark scores no rows, so that there is nothing to compare.";
        if (candidate.Privacy is not null || other.Privacy is not null)
            return "Models of studies under differential privacy are not compared at the sites yet: the areas would leave without noise, and no ledger would have charged them.";
        var (ours, theirs) = (Data(candidate), Data(other));
        if (s_rows.Where(part => !JsonNode.DeepEquals(ours[part], theirs[part])).Select(part => $"data.{part}").ToList() is { Count: > 0 } parts)
            return $"The two studies do not choose the same rows: they differ in {string.Join(", ", parts)}.";
        return Required(ours).SequenceEqual(Required(theirs), StringComparer.Ordinal) ? null
            : "The two studies do not choose the same rows: they leave out those without a value of other features (missing: exclude-row).";
    }

    // Constants of a number that is predicted say how the network counts, and nothing of rows.
    private static JsonObject Data(Study study)
    {
        var data = CanonicalJson.Read(study.Canonical.Span)!["data"]!.AsObject();
        foreach (var number in (JsonNode?[])[data["label"], data["cohort"]?["outcome"]?["number"]])
            (number as JsonObject)?.Remove("constants");
        return data;
    }

    // The features for want of which a row is left out, in whatever order.
    private static IEnumerable<string> Required(JsonObject data) => data["features"]!.AsArray().Select(feature => feature!.AsObject())
        .Where(feature => (ClinicalFeature.Is(feature) ? ClinicalFeature.Columns(feature) : [feature]).Any(column => column["missing"] is JsonValue rule && rule.GetValue<string>() == "exclude-row"))
        .Select(feature => feature.ToJsonString()).Order(StringComparer.Ordinal);
}
