using System.Text.Json.Nodes;
using static FederatedClinicalMl.Studies.StudyRules;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// What differential privacy demands of the rest of a study: that nothing computed from patients leaves but what is charged, and that noise is added where its proof says. Works on the normalised
/// declaration, in which a part with a fault is null.
/// </summary>
internal static class PrivacyRules
{
    public static void Check(JsonObject study, JsonObject dp, FaultList faults)
    {
        var (model, training, federation, evaluation) = (study["model"], study["training"], study["federation"], study["evaluation"]);
        if (Text(model?["kind"]) == "benchmark")
            faults.Add("privacy", "A benchmark reads no patients; leave this out.");
        if (Number(model?["dropout"]) > 0)
            faults.Add("model.dropout", "Dropout and differential privacy do not go together here: what one patient changes would depend on who else was drawn. Leave it out.");
        if (training is JsonObject steps && !steps.ContainsKey("local-steps"))
            faults.Add("training.local-epochs", "Under differential privacy a round is a number of steps, each with patients drawn anew: give 'local-steps' instead.");
        if (Text(federation?["weighting"]) == "rows")
            faults.Add("federation.weighting", "A weight by rows tells how many rows a site has, without noise; write 'weighting: equal'.");
        if (evaluation?["per-site"] is JsonValue asked && asked.GetValue<bool>())
            faults.Add("evaluation.per-site", "Under differential privacy a site's own metrics are not released; leave this out.");
        if (evaluation is JsonObject parts && parts.ContainsKey("subgroups"))
            faults.Add("evaluation.subgroups", "Under differential privacy subgroups are not counted apart yet: their counts would have no noise, and no ledger would have charged them; leave this out.");
        if (Number(evaluation?["every"]) > 0 && !dp.ContainsKey("evaluation"))
            faults.Add("privacy.dp.evaluation", "The study evaluates, and each evaluation is a charge: say with which noise, or write 'evaluation: {every: 0}'.");
        CheckConstants(study["data"], faults);
        CheckAdaptive(dp, faults);
        if (Text(dp["placement"]) is "distributed" or "central")
            CheckInSum(Text(dp["placement"])!, dp, training, federation, faults);
    }

    // A mean or a deviation that is learned from patients would be a release of its own.
    private static void CheckConstants(JsonNode? data, FaultList faults)
    {
        foreach (var (i, item) in (data?["features"]?.AsArray() ?? []).Index())
        {
            if (item is not JsonObject feature)
                continue;
            foreach (var column in ClinicalFeature.Is(feature) ? ClinicalFeature.Columns(feature) : [feature])
            {
                if (Text(column["type"]) == "category")
                    continue;
                var (constants, path, name) = (column["constants"], Paths.Item("data.features", i), Text(column["name"]));
                if (Text(column["scale"]) == "standardise" && constants?["sd"] is null)
                    faults.Add($"{path}.constants", $"'{name}' would be standardised by what its sites' patients have, which is not released under differential privacy: give mean and sd, or write 'scale: none'.");
                else if (Text(column["missing"]) == "mean" && constants?["mean"] is null)
                    faults.Add($"{path}.constants", $"The mean of '{name}' would be learned from patients, which is not released under differential privacy: give it, or another rule for missing values.");
            }
        }
    }

    private static void CheckAdaptive(JsonObject dp, FaultList faults)
    {
        if (dp["adaptive"] is not JsonObject adaptive || Number(dp["clipping-norm"]) is not { } norm || Number(adaptive["minimum"]) is not { } least || Number(adaptive["maximum"]) is not { } greatest)
            return;
        if (!(least <= norm && norm <= greatest))
            faults.Add("privacy.dp.clipping-norm", $"The clipping norm starts within [{CanonicalNumber.Format(least)}, {CanonicalNumber.Format(greatest)}], the least and the greatest of 'adaptive'.");
        if (Number(dp["noise-multiplier"]) >= 2 * Number(adaptive["deviation"]))
            faults.Add("privacy.dp.adaptive.deviation", "The count alone would cost as much as sum and count together may: make the deviation greater than half of the noise multiplier.");
    }

    // What leaves a site is not private by itself: it is where others' codes and the rest of the noise are with it.
    private static void CheckInSum(string placement, JsonObject dp, JsonNode? training, JsonNode? federation, FaultList faults)
    {
        var (noise, count) = placement == "central" ? ("Noise that the coordinator adds", "none of its noise") : ("A part of the noise", "a part of its noise only");
        if (Text(federation?["aggregation"]) is { } summed && summed != "secure")
            faults.Add("privacy.dp.placement", $"{noise} protects nobody but under the masks of secure aggregation; write 'aggregation: secure', or 'placement: site'.");
        if (Number(training?["local-steps"]) is > 1)
            faults.Add("training.local-steps", $"With {placement} noise a round is one step: a second one would start from parameters that {(placement == "central" ? "no noise protects" : "a part of the noise protects")}.");
        if (Text(training?["optimizer"]) == "adam")
            faults.Add("training.optimizer", $"With {placement} noise the sites add up gradients; write 'optimizer: sgd'.");
        if (dp["adaptive"] is not null)
            faults.Add("privacy.dp.adaptive", $"With {placement} noise the count would have {count}; leave this out.");
    }
}
