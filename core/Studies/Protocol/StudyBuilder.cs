using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>Turns a normalised declaration in which nothing is amiss into a <see cref="Study"/>.</summary>
internal static class StudyBuilder
{
    public static Study Build(JsonObject study) => new()
    {
        Name = Text(study, "name"),
        Title = Text(study, "title"),
        Purpose = Text(study, "purpose"),
        Ethics = Text(study, "ethics"),
        Data = Data(study["data"]),
        Model = Model(study["model"]!),
        Training = Training(study["training"]!),
        Federation = Federation(study["federation"]!),
        IntendedUse = study["intended-use"] is { } use ? EvaluationBuilder.Use(use) : null,
        MayStartByItself = study["retraining"]?["auto-start"]!.GetValue<bool>() ?? false,
        Evaluation = EvaluationBuilder.Build(study["evaluation"]!, [.. FeaturesOf(study["data"])]),
        Privacy = study["privacy"]?["dp"] is { } privacy ? Privacy(privacy) : null,
        Canonical = CanonicalJson.Write(study),
    };

    // A benchmark reads no data and declares none.
    private static StudyData Data(JsonNode? data) => new(
        data is null ? "" : Text(data, "dataset"),
        data?["patient"]?.GetValue<string>(),
        [.. FeaturesOf(data)],
        data?["label"] is { } label ? Label(label) : data?["cohort"]?["outcome"] is { } outcome ? Outcome(outcome) : new Label("", 0),
        data?["split"] is { } split ? Split(split) : new Split(null, "", "", 0.3, 1))
    {
        Cohort = data?["cohort"] is { } cohort ? CohortBuilder.Build(cohort) : null,
        Quality = data?["quality"] is { } quality ? QualityRules.Build(quality) : StudyQuality.Default,
    };

    private static Label Label(JsonNode label) => label["range"] is not null
        ? new Label(Text(label, "name"), 0) { Number = Predicted(label) }
        : new Label(Text(label, "name"), Number(label, "above"));

    private static Label Outcome(JsonNode outcome) => new(Text(outcome, "name"), 0) { Number = outcome["number"] is { } number ? Predicted(number) : null };

    private static NumericOutcome Predicted(JsonNode number)
    {
        var (range, constants) = (Numbers(number["range"]!), number["constants"]);
        return new NumericOutcome(
            Text(number, "unit"), range[0], range[1],
            constants?["mean"]?.GetValue<double>() ?? (range[0] / 2) + (range[1] / 2),
            constants?["sd"]?.GetValue<double>() ?? (range[1] / 4) - (range[0] / 4));
    }

    private static IEnumerable<Feature> FeaturesOf(JsonNode? data) => (data?["features"]?.AsArray() ?? []).SelectMany(feature => Features(feature!.AsObject()));

    private static IEnumerable<Feature> Features(JsonObject feature)
    {
        if (!ClinicalFeature.Is(feature))
            return [Feature(feature)];
        var definition = ClinicalFeature.Build(feature["definition"]!.AsObject());
        return ClinicalFeature.Columns(feature).Zip(ClinicalFeature.Values(feature["definition"]!.AsObject()), (column, value) =>
            Feature(column) with { Source = (definition.Reference, value), Indicator = column["indicator"]!.GetValue<bool>() });
    }

    private static Feature Feature(JsonNode feature)
    {
        var (missing, value) = feature["missing"] is JsonObject given
            ? (MissingRule.Value, Number(given, "value"))
            : (Text(feature, "missing") == "exclude-row" ? MissingRule.ExcludeRow : MissingRule.Mean, 0);
        return Text(feature, "type") == "category"
            ? new Feature(Text(feature, "name"), FeatureType.Category, "1", 0, 0, Numbers(feature["levels"]!), missing, value, FeatureScale.None, null, null)
            : new Feature(
                Text(feature, "name"), FeatureType.Number, Text(feature, "unit"), Numbers(feature["range"]!)[0], Numbers(feature["range"]!)[1], [], missing, value,
                Text(feature, "scale") == "none" ? FeatureScale.None : FeatureScale.Standardise,
                feature["constants"]?["mean"]?.GetValue<double>(), feature["constants"]?["sd"]?.GetValue<double>());
    }

    private static Split Split(JsonNode split) => split["column"] is { } column
        ? new Split(column.GetValue<string>(), Text(split, "train"), Text(split, "test"), 0, 0)
        : split["test-from"] is { } year
        ? new Split(null, "", "", 0, 0) { TestFrom = (int)year.GetValue<double>() }
        : new Split(null, "", "", Number(split, "test"), (long)Number(split, "seed"));

    private static StudyModel Model(JsonNode model) => Text(model, "kind") switch
    {
        "mlp" => new Mlp(
            [.. Numbers(model["hidden"]!).Select(size => (int)size)],
            Text(model, "activation") == "tanh" ? Activation.Tanh : Activation.Relu,
            Number(model, "dropout")),
        "linear-regression" => new LinearRegression(),
        "benchmark" => new BenchmarkModel(Integer(model, "parameters")),
        _ => new LogisticRegression(),
    };

    private static StudyTraining Training(JsonNode training) => new(
        Text(training, "optimizer") == "adam" ? Optimizer.Adam : Optimizer.Sgd,
        Number(training, "learning-rate"),
        Integer(training, "batch-size"),
        (int?)training["local-epochs"]?.GetValue<double>(),
        (int?)training["local-steps"]?.GetValue<double>(),
        (long)Number(training, "seed"));

    private static StudyFederation Federation(JsonNode federation) => new(
        Integer(federation, "rounds"),
        Sites(federation["sites"]),
        Sites(federation["required"]),
        Integer(federation, "quorum"),
        DurationShape.Read(Text(federation, "deadline")),
        Integer(federation, "attempts"),
        Text(federation, "weighting") == "equal" ? Weighting.Equal : Weighting.Rows,
        Integer(federation, "maximum-weight"),
        federation["encoding"] is JsonObject encoding
            ? new FixedPointEncoding(Integer(encoding["fixed"]!, "bits"), Number(encoding["fixed"]!, "range"))
            : new Float32Encoding(),
        AggregationWords.Read(Text(federation, "aggregation")))
    {
        Keys = (federation["keys"]?.AsObject() ?? []).ToImmutableSortedDictionary(key => SiteId.Parse(key.Key), key => Sha256Digest.Parse(key.Value!.GetValue<string>())),
    };

    private static StudyPrivacy Privacy(JsonNode dp) => new(
        Number(dp, "noise-multiplier"),
        Number(dp, "clipping-norm"),
        Number(dp, "sampling-rate"),
        Integer(dp, "patients"),
        Integer(dp, "rows-per-patient"),
        Text(dp, "placement") switch { "distributed" => NoisePlacement.Distributed, "central" => NoisePlacement.Central, _ => NoisePlacement.Site },
        dp["adaptive"] is { } adaptive
            ? new AdaptiveNorm(Number(adaptive, "quantile"), Number(adaptive, "rate"), Number(adaptive, "deviation"), Number(adaptive, "minimum"), Number(adaptive, "maximum"))
            : null,
        dp["evaluation"] is { } evaluation ? new PrivateEvaluation(Number(evaluation, "noise-multiplier"), Integer(evaluation, "bins")) : null);

    private static ImmutableArray<SiteId> Sites(JsonNode? sites) => [.. (sites?.AsArray() ?? []).Select(site => SiteId.Parse(site!.GetValue<string>()))];

    private static string Text(JsonNode map, string key) => map[key]!.GetValue<string>();

    private static double Number(JsonNode map, string key) => map[key]!.GetValue<double>();

    private static int Integer(JsonNode map, string key) => (int)Number(map, key);

    private static ImmutableArray<double> Numbers(JsonNode list) => [.. list.AsArray().Select(number => number!.GetValue<double>())];
}
