using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// What one part of a protocol demands of another. Works on the normalised declaration, in which a part with a fault is null, so that
/// every rule whose parts are sound speaks in the same check.
/// </summary>
internal static class StudyRules
{
    private const int LeastMaskedSites = 3;

    private const double GreatestOutcome = 1e28, LeastWidth = 1e-28;

    private const double LeastCells = 1 << 16;

    private const long MaximumParameters = 1 << 28; // 1 GiB of float32

    public static void Check(JsonObject study, FaultList faults)
    {
        CheckBenchmark(study, faults);
        CohortRules.Check(study["data"], faults);
        var columns = Columns(study["data"]?["features"]?.AsArray() ?? []).ToList();
        CheckColumns(study["data"], columns, faults);
        EvaluationRules.Check(study["evaluation"], [.. columns.Select(column => column.Column)], faults);
        foreach (var (column, path) in columns)
            CheckFeature(column, path, faults);
        CheckNumber(study, faults);
        CheckModelSize(study, columns.Select(column => column.Column), faults);
        CheckSites(study["federation"], faults);
        CheckKeys(study["federation"], faults);
        CheckAggregation(study["federation"], faults);
        if (study["privacy"]?["dp"] is JsonObject dp)
            PrivacyRules.Check(study, dp, faults);
    }

    private static void CheckBenchmark(JsonObject study, FaultList faults)
    {
        if (Text(study["model"]?["kind"]) is not { } kind)
            return;
        var data = study["data"];
        if (kind != "benchmark")
        {
            if (!study.ContainsKey("data"))
                faults.Add("data", $"The key 'data' is missing; a model of kind {kind} needs it.");
            foreach (var key in (string[])["features", "label"])
            {
                if (data is JsonObject map && !map.ContainsKey(key) && !(key == "label" && map.ContainsKey("cohort")))
                    faults.Add($"data.{key}", $"The key 'data.{key}' is missing; a model of kind {kind} needs it.");
            }

            return;
        }

        foreach (var key in (string[])["features", "label", "cohort"])
        {
            if (data is JsonObject map && map.ContainsKey(key))
                faults.Add($"data.{key}", "A benchmark reads no data; leave this out.");
        }

        if (Number(study["evaluation"]?["every"]) is > 0)
            faults.Add("evaluation.every", "A benchmark has nothing to evaluate; write 'evaluation: {every: 0}'.");
        if (study["evaluation"]?["per-site"] is JsonValue asked && asked.GetValue<bool>())
            faults.Add("evaluation.per-site", "A benchmark has nothing to evaluate; leave this out.");
        foreach (var key in (string[])["subgroups", "operating-points"])
        {
            if (study["evaluation"] is JsonObject map && map.ContainsKey(key))
                faults.Add($"evaluation.{key}", "A benchmark has nothing to evaluate; leave this out.");
        }
    }

    // A number, or whether something is positive: model, gates and points are of the one or the other.
    private static void CheckNumber(JsonObject study, FaultList faults)
    {
        if (study["data"] is not JsonObject data || (data.ContainsKey("label") && data["label"] is not JsonObject) || study["evaluation"] is not JsonObject evaluation)
            return;
        if (data.ContainsKey("cohort") && data["cohort"]?["outcome"] is not JsonObject)
            return; // has a fault
        var (kind, isClinical) = (Text(study["model"]?["kind"]), data.ContainsKey("cohort"));
        var (number, path) = isClinical ? (data["cohort"]!["outcome"]!["number"] as JsonObject, "data.cohort.outcome.number") : (data["label"] as JsonObject, "data.label");
        if (number?.ContainsKey("range") != true)
        {
            if (kind == "linear-regression")
                faults.Add("model.kind", $"A linear regression predicts a number, and the study predicts whether something is: give '{(isClinical ? path : "data.label.range")}', or write 'kind: logistic-regression'.");
            if (evaluation.ContainsKey("error-gates"))
                faults.Add("evaluation.error-gates", "These are for a model of a number; write 'gates'.");
            return;
        }

        if (kind == "logistic-regression")
            faults.Add("model.kind", $"A logistic regression predicts whether something is, and the study predicts a number: write 'kind: linear-regression', or leave {(isClinical ? $"'{path}' out" : "'data.label.range' out, and give 'above'")}.");
        if (evaluation.ContainsKey("gates"))
            faults.Add("evaluation.gates", "These are for a model of whether something is; write 'error-gates'.");
        if (evaluation.ContainsKey("operating-points"))
            faults.Add("evaluation.operating-points", "These are probabilities, and the study predicts a number; leave this out.");
        if (study.ContainsKey("privacy"))
            faults.Add("privacy", "A model of a number is not trained under differential privacy yet: errors would have to be counted with noise, and are not. Leave this out, or predict whether the number is above a bound.");
        if (number["range"] is JsonArray { Count: 2 } ends && Number(ends[0]) is { } least && Number(ends[1]) is { } greatest)
            CheckScale(least, greatest, Number(number["constants"]?["sd"]), path, faults);
        if (number["range"] is JsonArray range && Number(number["constants"]?["mean"]) is { } mean && (mean < Number(range[0]) || mean > Number(range[1])))
            faults.Add($"{path}.constants.mean", $"{Show(mean)} lies outside the plausible range [{Show(Number(range[0])!.Value)}, {Show(Number(range[1])!.Value)}].");
    }

    // Outcomes and the constants of the ONNX graph are kept in 32 bits, which have 24 for the digits.
    private static void CheckScale(double least, double greatest, double? deviation, string path, FaultList faults)
    {
        var (width, magnitude) = (greatest - least, Math.Max(Math.Abs(least), Math.Abs(greatest)));
        if (magnitude > GreatestOutcome || width < LeastWidth || width < magnitude / LeastCells)
            faults.Add($"{path}.range", $"Outcomes are kept in 32 bits: the range must lie within ±{Show(GreatestOutcome)}, and be at least {Show(LeastWidth)} and a {Show(LeastCells)}th of its greatest magnitude wide. Choose another unit, or predict the difference from a reference.");
        else if (deviation is { } sd && (sd < width / LeastCells || sd > width * LeastCells))
            faults.Add($"{path}.constants.sd", $"{Show(sd)} is of another order than the range, which is {Show(width)} wide; give about the standard deviation of outcomes.");
    }

    // What the model sees: a feature over events is brought into the form of a column; one with a fault is passed over.
    private static IEnumerable<(JsonObject Column, string Path)> Columns(JsonArray features) => features.Index().SelectMany(item =>
        (item.Item is not JsonObject feature ? [] : ClinicalFeature.Is(feature) ? ClinicalFeature.Columns(feature) : [feature])
        .Select(column => (column, Paths.Item("data.features", item.Index))));

    // A column has one role; the label among the inputs would make a model that has seen the answer.
    private static void CheckColumns(JsonNode? data, List<(JsonObject Column, string Path)> columns, FaultList faults)
    {
        var roles = new Dictionary<string, string>(StringComparer.Ordinal);
        Claim(Text(data?["patient"]), "data.patient", "the patient");
        Claim(Text(data?["label"]?["name"]), "data.label.name", "the label");
        Claim(Text(data?["split"]?["column"]), "data.split.column", "the split");
        Claim(Text(data?["cohort"]?["outcome"]?["name"]), "data.cohort.outcome.name", "the outcome");
        foreach (var (i, (column, path)) in columns.Index())
            Claim(Text(column["name"]), $"{path}.name", $"feature {i + 1}");
        if (Text(data?["split"]?["train"]) is { } train && train == Text(data?["split"]?["test"]))
            faults.Add("data.split.test", $"Training and test rows have the same value {DeclarationNode.Quote(train)}; the two must differ.");

        void Claim(string? column, string path, string role)
        {
            if (column is not null && !roles.TryAdd(column, role))
                faults.Add(path, $"The column {DeclarationNode.Quote(column)} is already {roles[column]}; a column has one role.");
        }
    }

    private static void CheckFeature(JsonNode feature, string path, FaultList faults)
    {
        var substitute = feature["missing"] is JsonObject rule ? Number(rule["value"]) : null;
        if (substitute is { } level && feature["levels"] is JsonArray levels && !levels.Any(known => Number(known) == level))
            faults.Add($"{path}.missing.value", $"{Show(level)} is not one of the levels; name one of them.");
        if (feature["range"] is not JsonArray range)
            return;
        var (least, greatest) = (Number(range[0])!.Value, Number(range[1])!.Value);
        if (substitute is { } value && (value < least || value > greatest))
            faults.Add($"{path}.missing.value", $"{Show(value)} lies outside the plausible range [{Show(least)}, {Show(greatest)}].");
        if (feature["constants"] is not JsonObject constants)
            return;
        if (Number(constants["mean"]) is { } mean && (mean < least || mean > greatest))
            faults.Add($"{path}.constants.mean", $"{Show(mean)} lies outside the plausible range [{Show(least)}, {Show(greatest)}].");
        var scale = Text(feature["scale"]);
        if (scale == "standardise" && !constants.ContainsKey("sd"))
            faults.Add($"{path}.constants", "Standardising needs both constants; add 'sd', or leave the constants out and have them learned.");
        if (scale == "none" && constants.ContainsKey("sd"))
            faults.Add($"{path}.constants.sd", "With 'scale: none' nothing is divided by it; leave it out.");
        if (scale == "none" && feature["missing"] is { } missing && Text(missing) != "mean")
            faults.Add($"{path}.constants", "With 'scale: none' and no 'missing: mean' the constants have no use; leave them out.");
    }

    private static void CheckModelSize(JsonObject study, IEnumerable<JsonObject> features, FaultList faults)
    {
        if (study["model"]?["hidden"] is not JsonArray hidden)
            return;
        var width = features.Sum(feature => feature["levels"] is JsonArray levels ? levels.Count : feature["indicator"]?.GetValue<bool>() == true ? 2L : 1L);
        var parameters = 0L;
        foreach (var size in hidden.Select(Number))
        {
            if (size is null)
                return;
            parameters += (width + 1) * (long)size;
            width = (long)size;
        }

        parameters += width + 1;
        if (parameters > MaximumParameters)
            faults.Add("model.hidden", $"The network has {parameters} parameters; at most {MaximumParameters} are allowed. Make its layers smaller.");
    }

    private static void CheckSites(JsonNode? federation, FaultList faults)
    {
        var sites = federation?["sites"]?.AsArray().Select(Text).ToList();
        var required = federation?["required"]?.AsArray().Select(Text).ToList() ?? [];
        if (Number(federation?["quorum"]) is { } quorum)
        {
            if (quorum > sites?.Count)
                faults.Add("federation.quorum", $"The quorum is {Show(quorum)}, but only {sites.Count} sites are invited; lower it or invite more.");
            if (quorum < required.Count)
                faults.Add("federation.quorum", $"The quorum is {Show(quorum)}, but {required.Count} sites are required; it must be at least {required.Count}.");
        }

        foreach (var site in sites is null || sites.Contains(null) ? [] : required.Where(site => site is not null && !sites.Contains(site)))
            faults.Add("federation.required", $"'{site}' is required but not among the invited sites.{(Nearest.Suggest(site!, sites!) is { } hint ? " " + hint : " Add it to 'sites' or leave it out here.")}");
    }

    // A site without a key could be anybody, and two sites with one key are one worker.
    private static void CheckKeys(JsonNode? federation, FaultList faults)
    {
        if (federation?["keys"] is not JsonObject keys)
            return;
        if (!federation.AsObject().ContainsKey("sites"))
            faults.Add("federation.keys", "Keys are for the sites of 'federation.sites', which is missing; list the sites.");
        var sites = federation["sites"]?.AsArray().Select(Text).ToList();
        foreach (var site in sites is null || sites.Contains(null) ? [] : sites.Where(site => !keys.ContainsKey(site!)))
            faults.Add("federation.keys", $"'{site}' has no key here; add the fingerprint that its steward reads out ('site-worker members show').");
        foreach (var (site, _) in keys.Where(key => sites?.Contains(null) == false && !sites.Contains(key.Key)))
            faults.Add(Paths.Key("federation.keys", site), $"'{site}' is not among the invited sites. Add it to 'sites' or leave it out here.");
        foreach (var twice in keys.Where(key => key.Value is not null).GroupBy(key => Text(key.Value)).Where(group => group.Count() > 1))
            faults.Add(Paths.Key("federation.keys", twice.Last().Key), $"'{twice.First().Key}' and '{twice.Last().Key}' have one key. Every worker has its own: compare fingerprints with the sites' stewards.");
    }

    // That a sum fits its words needs no rule: what the shape lets through has at most 31 value bits + 24 weight bits + 8 bits for 256 sites + 1 sign bit = 64.
    // Whether it can be encrypted, EncryptionRule tells.
    private static void CheckAggregation(JsonNode? federation, FaultList faults)
    {
        const string Plain = "or write 'aggregation: plain', by which whoever operates the coordinator can look at each site's update.";
        var aggregation = Text(federation?["aggregation"]);
        if (aggregation is null or "plain")
            return;
        if (Text(federation?["encoding"]) == "float32")
            faults.Add("federation.encoding", $"Values under masks are fixed point, and updates travel under masks unless a study says otherwise; write 'encoding: {{fixed: {{}}}}', {Plain}");
        if (federation?["sites"] is JsonArray { Count: < LeastMaskedSites })
            faults.Add("federation.sites", $"Masks hide an update among others, and of two sites each learns the other's from the sum: invite {LeastMaskedSites} to 256 sites, {Plain}");
        if (AggregationWords.Read(aggregation) is Aggregation.EncryptedConsortium or Aggregation.EncryptedThreshold)
            CheckEncryption(federation!, faults);
    }

    // Who holds a key, or a part of it, is needed in every round: fewer could not open the sum, and masks of all cancel in nothing less.
    private static void CheckEncryption(JsonNode federation, FaultList faults)
    {
        if (federation["sites"] is not JsonArray sites)
            faults.Add("federation.sites", "The sites of an encrypted study hold its keys: name each of them.");
        else if (Number(federation["quorum"]) is { } quorum && quorum < sites.Count)
            faults.Add("federation.quorum", $"An encrypted sum needs every member: the quorum must be {sites.Count}, the number of sites, not {Show(quorum)}. With 'aggregation: secure' two thirds are enough.");
    }

    internal static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    internal static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue<double>(out var number) ? number : null;

    private static string Show(double number) => CanonicalNumber.Format(number);
}
