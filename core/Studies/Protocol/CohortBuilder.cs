using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>Turns a normalised cohort in which nothing is amiss into a <see cref="CohortDefinition"/>.</summary>
internal static class CohortBuilder
{
    public static CohortDefinition Build(JsonNode cohort) => new(
        Index(cohort["index"]!), Span(cohort, "prediction-after"), Criteria(cohort["include"]!), Criteria(cohort["exclude"]!), Outcome(cohort["outcome"]!));

    private static IndexEvent Index(JsonNode index) => Text(index, "event") switch
    {
        "age" => new AgeIndex((int)Number(index["years"]!)),
        "date" => new DateIndex(DateShape.Read(Text(index, "date"))),
        var type => new EventIndex(
            new EventSelection([Enum.Parse<EventType>(type, ignoreCase: true)], index["codes"] is { } codes ? [.. CodeSetShape.Read(codes)] : []),
            index["at"]?.GetValue<string>() == "end",
            Enum.Parse<Occurrence>(Text(index, "occurrence"), ignoreCase: true),
            Span(index, "gap")),
    };

    private static ImmutableArray<Criterion> Criteria(JsonNode criteria) => [.. criteria.AsArray().Select(node => Criterion(node!))];

    private static Criterion Criterion(JsonNode node) => Text(node, "kind") switch
    {
        "age" => new AgeCriterion(Text(node, "name"), Number(node["range"]![0]!), Number(node["range"]![1]!)),
        "sex" => new SexCriterion(Text(node, "name"), Text(node, "is") == "male"),
        "history" => new HistoryCriterion(Text(node, "name"), Span(node, "at-least")),
        _ => new EventsCriterion(Text(node, "name"), ClinicalFeature.Events(node), ClinicalFeature.Window(node)),
    };

    private static Outcome Outcome(JsonNode outcome) =>
        new(Text(outcome, "name"), ClinicalFeature.Events(outcome), Span(outcome, "after"), Span(outcome, "within"), Text(outcome, "follow-up") == "required")
        {
            Number = outcome["number"] is null ? null : ClinicalFeature.Outcome(outcome),
        };

    private static TimeSpan Span(JsonNode map, string key) => SpanShape.Read(Text(map, key));

    private static string Text(JsonNode map, string key) => map[key]!.GetValue<string>();

    private static double Number(JsonNode number) => number.GetValue<double>();
}
