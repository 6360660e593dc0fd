using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>Turns what a sound declaration says of evaluation and use into its types.</summary>
internal static class EvaluationBuilder
{
    public static StudyEvaluation Build(JsonNode evaluation, ImmutableArray<Feature> features) => new(
        (int)Number(evaluation, "every"), evaluation["per-site"]!.GetValue<bool>(), evaluation["greatest-fall"]?.GetValue<double>())
    {
        Gates = evaluation["gates"] is { } gates ? Gates(gates) : StudyGates.Default,
        ErrorGates = evaluation["error-gates"] is { } errors
            ? new StudyErrorGates(Number(errors, "baseline"), Number(errors, "margin"), Number(errors, "bias")) { GreatestError = errors["greatest-error"]?.GetValue<double>(), SubgroupGap = errors["subgroup-gap"]?.GetValue<double>() }
            : StudyErrorGates.Default,
        Subgroups = evaluation["subgroups"] is JsonArray partitions ? [.. partitions.Select(partition => Partition(partition!, features))] : [],
        OperatingPoints = evaluation["operating-points"] is JsonArray points ? [.. points.Select(point => Point(point!))] : [],
    };

    public static IntendedUse Use(JsonNode use) => new(Text(use, "users"), [.. (use["contra-indications"]?.AsArray() ?? []).Select(sentence => sentence!.GetValue<string>())]);

    private static StudyOperatingPoint Point(JsonNode point) => new(
        Text(point, "name"), Number(point, "threshold"), Enum.Parse<ScoreIndicator>(Text(point, "indicator"), ignoreCase: true), point["meaning"]?.GetValue<string>());

    private static StudyGates Gates(JsonNode gates) => new(
        Number(gates, "baseline"), Number(gates, "margin"), Number(gates, "least-slope"), Number(gates, "greatest-slope"), Number(gates, "in-the-large"), Number(gates, "ece"))
    {
        Intercept = gates["intercept"]?.GetValue<double>(),
        SubgroupGap = gates["subgroup-gap"] is { } gap
            ? new StudySubgroupGap(gap["auroc"]?.GetValue<double>(), gap["equal-opportunity"]?.GetValue<double>(), gap["in-the-large"]?.GetValue<double>())
            : null,
    };

    private static SubgroupPartition Partition(JsonNode partition, ImmutableArray<Feature> features)
    {
        var feature = features.First(feature => feature.Name == Text(partition, "feature"));
        ImmutableArray<double> bands = [.. (partition["bands"]?.AsArray() ?? []).Select(band => band!.GetValue<double>())];
        IEnumerable<string> names = partition["names"] is JsonArray given ? given.Select(name => name!.GetValue<string>())
            : feature.Type == FeatureType.Category ? feature.Levels.Select(CanonicalNumber.Format)
            : [$"below {Show(0)}", .. Enumerable.Range(1, bands.Length - 1).Select(i => $"{Show(i - 1)} to below {Show(i)}"), $"{Show(bands.Length - 1)} and above"];
        return new SubgroupPartition(feature.Name, bands, feature.Missing == MissingRule.ExcludeRow ? [.. names] : [.. names, SubgroupPartition.Missing]);

        string Show(int band) => CanonicalNumber.Format(bands[band]);
    }

    private static string Text(JsonNode map, string key) => map[key]!.GetValue<string>();

    private static double Number(JsonNode map, string key) => map[key]!.GetValue<double>();
}
