using System.Text.Json.Nodes;
using static FederatedClinicalMl.Studies.StudyRules;

namespace FederatedClinicalMl.Studies;

/// <summary>What an evaluation demands of itself and of the study's features. Works on the normalised declaration, in which a part with a fault is null.</summary>
internal static class EvaluationRules
{
    /// <param name="evaluation">What the study says of it; null: it has a fault.</param>
    /// <param name="columns">What the model sees, each as a column.</param>
    /// <param name="faults">Gathers the faults.</param>
    public static void Check(JsonNode? evaluation, IReadOnlyCollection<JsonObject> columns, FaultList faults)
    {
        if (evaluation is not JsonObject map)
            return;
        CheckEvery(map, faults);
        foreach (var (i, partition) in (map["subgroups"]?.AsArray() ?? []).Index())
        {
            if (partition is JsonObject declared)
                CheckPartition(declared, Paths.Item("evaluation.subgroups", i), map["subgroups"]!.AsArray().Take(i), columns, faults);
        }

        CheckPoints(map["operating-points"]?.AsArray() ?? [], faults);
        if (map["gates"]?["subgroup-gap"] is JsonObject { Count: 0 })
            faults.Add("evaluation.gates.subgroup-gap", "It says of no metric by how much it may differ; give auroc, equal-opportunity or in-the-large, or leave it out.");
        foreach (var gates in ((string[])["gates", "error-gates"]).Where(gates => map[gates]?["subgroup-gap"] is not null && !map.ContainsKey("subgroups")))
            faults.Add($"evaluation.{gates}.subgroup-gap", "The study declares no subgroups, so that nothing would be measured; add 'evaluation.subgroups', or leave this out.");
    }

    private static void CheckEvery(JsonObject map, FaultList faults)
    {
        var (isEvaluated, isPerSite) = (Number(map["every"]) is not 0, map["per-site"] is JsonValue asked && asked.GetValue<bool>());
        foreach (var gates in ((string[])["gates", "error-gates"]).Where(gates => map.ContainsKey(gates) && !isEvaluated))
            faults.Add($"evaluation.{gates}", "Nothing is evaluated, so that no gate could pass; give 'every', or leave this out.");
        if (map.ContainsKey("subgroups") && !isEvaluated)
            faults.Add("evaluation.subgroups", "Nothing is evaluated, so that no subgroup would be counted; give 'every', or leave this out.");
        if (!map.ContainsKey("greatest-fall"))
            return;
        if (!isEvaluated)
            faults.Add("evaluation.greatest-fall", "Nothing is evaluated, so that nothing would be held back; give 'every', or leave this out.");
        if (isPerSite)
            faults.Add("evaluation.per-site", "Per-site metrics are of the last round's parameters, and those may be held back (greatest-fall); leave one of the two out.");
    }

    private static void CheckPartition(JsonObject partition, string path, IEnumerable<JsonNode?> before, IReadOnlyCollection<JsonObject> columns, FaultList faults)
    {
        if (Text(partition["feature"]) is not { } name)
            return;
        // Two partitions of one feature would show by their difference who lies between two bands.
        if (before.Any(other => Text(other?["feature"]) == name))
            faults.Add($"{path}.feature", $"{DeclarationNode.Quote(name)} divides the rows already; keep one of the two, with all its bands.");
        if (columns.FirstOrDefault(column => Text(column["name"]) == name) is not { } feature)
        {
            var known = columns.Select(column => Text(column["name"])).OfType<string>().ToList();
            faults.Add($"{path}.feature", $"{DeclarationNode.Quote(name)} is no feature of the study. {Nearest.Suggest(name, known) ?? "Name one of data.features, or add it there."}");
            return;
        }

        var groups = Text(feature["type"]) == "category" ? CheckLevels(partition, path, feature, faults) : CheckBands(partition, path, feature, faults);
        if (partition["names"] is not JsonArray names || groups is null)
            return;
        if (names.Count != groups)
            faults.Add($"{path}.names", $"There are {groups} subgroups and {names.Count} names; give each level or band one, in order.");
        if (names.Any(group => Text(group) == SubgroupPartition.Missing))
            faults.Add($"{path}.names", $"'{SubgroupPartition.Missing}' is the name of those whose value is missing; choose another.");
    }

    private static int? CheckLevels(JsonObject partition, string path, JsonObject feature, FaultList faults)
    {
        if (partition.ContainsKey("bands"))
            faults.Add($"{path}.bands", "The feature is a category: each of its levels is a subgroup; leave the bands out.");
        if (feature["levels"] is not JsonArray levels)
            return null;
        if (levels.Count > EvaluationShape.MaximumGroups)
            faults.Add($"{path}.feature", $"It has {levels.Count} levels; at most {EvaluationShape.MaximumGroups} subgroups are told apart. Choose another feature.");
        return levels.Count;
    }

    private static int? CheckBands(JsonObject partition, string path, JsonObject feature, FaultList faults)
    {
        if (!partition.ContainsKey("bands"))
            faults.Add(path, "The feature is a number: say by 'bands' where one subgroup ends and the next begins, such as bands: [45, 65].");
        if (partition["bands"] is not JsonArray bands || bands.Any(band => band is null))
            return null;
        if (bands.Zip(bands.Skip(1)).Any(pair => Number(pair.First) >= Number(pair.Second)))
            faults.Add($"{path}.bands", "The bands do not rise; write them from the least to the greatest, each once.");
        if (feature["range"] is JsonArray range && bands.Any(band => Number(band) <= Number(range[0]) || Number(band) > Number(range[1])))
            faults.Add($"{path}.bands", $"A band begins outside the feature's plausible range [{Show(range[0])}, {Show(range[1])}], so that a subgroup would be empty; leave it out.");
        return bands.Count + 1;
    }

    private static void CheckPoints(JsonArray points, FaultList faults)
    {
        string[] indicators = ["info", "warning", "critical"];
        foreach (var (i, (before, point)) in points.Zip(points.Skip(1)).Index())
        {
            if (Number(before?["threshold"]) >= Number(point?["threshold"]))
                faults.Add($"{Paths.Item("evaluation.operating-points", i + 1)}.threshold", "The thresholds do not rise; write the points from the least to the greatest, each threshold once.");
            if (Array.IndexOf(indicators, Text(before?["indicator"])) is var lower and >= 0 && Array.IndexOf(indicators, Text(point?["indicator"])) is var upper and >= 0 && upper < lower)
                faults.Add($"{Paths.Item("evaluation.operating-points", i + 1)}.indicator", "A greater score would be shown as less urgent; let the indicators rise with the thresholds, or stay.");
        }

        foreach (var (i, point) in points.Index())
        {
            if (Text(point?["name"]) is { } name && points.Take(i).Any(other => Text(other?["name"]) == name))
                faults.Add($"{Paths.Item("evaluation.operating-points", i)}.name", $"{DeclarationNode.Quote(name)} is the name of a point already; give each its own.");
        }
    }

    private static string Show(JsonNode? number) => Number(number) is { } value ? CanonicalNumber.Format(value) : "";
}
