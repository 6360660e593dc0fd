using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>What a cohort demands of the rest of a study's data, and the rest of it.</summary>
internal static class CohortRules
{
    public static void Check(JsonNode? data, FaultList faults)
    {
        if (data is not JsonObject map)
            return;
        var isClinical = map.ContainsKey("cohort");
        CheckFeatures(map, isClinical, faults);
        if (map["split"] is JsonObject split && split.ContainsKey(isClinical ? "column" : "test-from"))
        {
            faults.Add(isClinical ? "data.split.column" : "data.split.test-from", isClinical
                ? "A cohort is computed from events, which have no columns; write a seeded split, or 'test-from'."
                : "A table has no years of care that are known; write a seeded split, or 'column'.");
        }

        if (map["quality"] is JsonObject quality)
            QualityRules.Check(quality, "data.quality", faults);
        if (!isClinical)
        {
            if (map.ContainsKey("quality"))
                faults.Add("data.quality", "The quality of data is checked over events, which a table has not; write 'data.cohort', or leave this out.");
            return;
        }

        foreach (var key in (string[])["label", "patient"])
        {
            if (map.ContainsKey(key))
                faults.Add($"data.{key}", key == "label" ? "What a cohort predicts is its outcome; leave this out." : "A cohort's events know their patients; leave this out.");
        }

        if (map["cohort"] is JsonObject cohort)
            CheckCohort(cohort, faults);
    }

    private static void CheckFeatures(JsonObject data, bool isClinical, FaultList faults)
    {
        var features = data["features"]?.AsArray() ?? [];
        for (var i = 0; i < features.Count; i++)
        {
            if (features[i] is not JsonObject feature)
                continue;
            var path = Paths.Item("data.features", i);
            if (ClinicalFeature.Is(feature) != isClinical)
            {
                faults.Add(path, isClinical
                    ? "With a cohort every feature is computed from events: write 'use: name@version', or a 'definition'."
                    : "A feature over events needs a cohort, which says when it is computed; write 'data.cohort', or name a column.");
            }

            if (feature["definition"] is JsonObject definition)
            {
                FeatureRules.Check(definition, $"{path}.definition.", faults);
                if (feature.ContainsKey("missing"))
                    FeatureRules.CheckMissing(Text(definition["value"]?["kind"]), Text(feature["missing"]), $"{path}.missing", faults);
            }
        }
    }

    private static void CheckCohort(JsonObject cohort, FaultList faults)
    {
        foreach (var list in (string[])["include", "exclude"])
        {
            var criteria = cohort[list]?.AsArray() ?? [];
            for (var i = 0; i < criteria.Count; i++)
            {
                if (criteria[i] is not JsonObject criterion || Text(criterion["kind"]) != "events")
                    continue;
                FeatureRules.CheckSelection(criterion, Paths.Item($"data.cohort.{list}", i), faults);
                FeatureRules.CheckWindow(criterion, Paths.Item($"data.cohort.{list}", i), faults);
            }
        }

        if (cohort["outcome"] is not JsonObject outcome)
            return;
        FeatureRules.CheckSelection(outcome, "data.cohort.outcome", faults);
        if (Text(outcome["after"]) is { } after && Text(outcome["within"]) is { } within && SpanShape.Read(after) >= SpanShape.Read(within))
            faults.Add("data.cohort.outcome.within", "The horizon ends before it begins: 'within' must be longer than 'after'.");
        if (outcome["number"] is not JsonObject number || Text(number["aggregate"]) is not { } aggregate)
            return;
        if (aggregate == "count")
        {
            foreach (var key in ((string[])["molar-mass", "conversion"]).Where(number.ContainsKey))
                faults.Add($"data.cohort.outcome.number.{key}", "Events are counted, and nothing is converted; leave this out.");
        }
        else if (outcome["of"] is JsonArray of && !of.Any(type => Text(type) is null or "observation"))
        {
            faults.Add("data.cohort.outcome.of", $"Only observations have numbers of which there is '{aggregate}'; write 'of: [observation]', or 'aggregate: count'.");
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
