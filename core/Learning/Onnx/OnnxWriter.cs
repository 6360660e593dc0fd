using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Learning.Onnx;

/// <summary>
/// Writes a trained model as one ONNX graph that takes raw values in their units and does everything from there: plausibility, missing
/// values, one-hot encoding, standardisation, the network. Opset 21, IR version 10. The same arguments give the same bytes.
/// </summary>
/// <remarks>
/// <para>One input per feature, float [batch, 1], named as the feature; NaN is a missing value. A single matrix of all features would be handier
/// for array code, but then the ORDER of its columns is what a hospital's integration must get right, and creatinine and age swapped still
/// score. Named columns are also what the usual tools (ML.NET, sklearn-onnx pipelines, Triton, KServe) map from a data frame.</para>
/// <para>Outputs, float [batch, 1]: <c>logit</c> and <c>probability</c> of a positive label; of a study that predicts a number <c>prediction</c>, in the outcome's unit. They are NaN for a row that the study leaves out for a
/// missing value: such a row has no score.</para>
/// <para>Preprocessing is made of the same float32 operations as <see cref="InputEncoder"/>.</para>
/// </remarks>
public static class OnnxWriter
{
    /// <summary>Name of the output that holds logits.</summary>
    public const string LogitOutput = "logit";

    /// <summary>Name of the output that holds probabilities.</summary>
    public const string ProbabilityOutput = "probability";

    /// <summary>Name of the output that holds predictions of a number.</summary>
    public const string PredictionOutput = "prediction";

    /// <summary>Version of the format.</summary>
    public const int IrVersion = 10;
    /// <summary>Version of the operators.</summary>
    public const int OpsetVersion = 21;

    /// <summary>Writes a model.</summary>
    /// <param name="study">The study, whose digest, feature names and units go into the file's metadata.</param>
    /// <param name="constants">Its frozen preprocessing constants.</param>
    /// <param name="parameters">[dimension of the study's <see cref="ModelPlan"/>].</param>
    /// <param name="softwareVersion">Version of the software that writes it.</param>
    /// <exception cref="ArgumentException">The study's model has no network, the parameters are of another dimension, or a feature has an output's name.</exception>
    public static byte[] Write(Study study, PreprocessingConstants constants, ReadOnlySpan<float> parameters, string softwareVersion)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(constants);
        var plan = ModelPlan.For(study);
        if (!plan.HasNetwork)
            throw new ArgumentException("A benchmark model has no network to write.", nameof(study));
        if (parameters.Length != plan.Layout.Dimension)
            throw new ArgumentException($"The model has {plan.Layout.Dimension} parameters; here are {parameters.Length}.", nameof(parameters));
        if (study.Data.Features.FirstOrDefault(feature => OutputsOf(study).Contains(feature.Name)) is { } clash)
            throw new ArgumentException($"A feature must not be named '{clash.Name}', which is an output of the ONNX graph.", nameof(study));

        var graph = new OnnxGraph(study.Name);
        var (inputs, excluded) = Preprocess(graph, study.Data.Features, constants.Features);
        var number = study.Data.Label.Number;
        var output = Network(graph, plan, parameters, inputs);
        if (number is not null)
            output = Prediction(graph, number, output);
        if (excluded is not null)
            output = graph.Add("Where", [excluded, graph.Floats("no-score", [float.NaN], 1, 1), output]);
        if (number is not null)
        {
            graph.Output(output, PredictionOutput, $"{study.Data.Label.Name} in {number.Unit}; NaN where the study leaves the row out.");
        }
        else
        {
            graph.Output(output, LogitOutput, "Log-odds of a positive label; NaN where the study leaves the row out.");
            graph.Output(graph.Add("Sigmoid", [output]), ProbabilityOutput, "Probability of a positive label; NaN where the study leaves the row out.");
        }

        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "FederatedClinicalMl",
            ProducerVersion = softwareVersion,
            DocString = study.Title,
            Graph = graph.Proto,
        };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = OpsetVersion });
        foreach (var (key, value) in Metadata(study, constants))
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = value });
        return model.ToByteArray();
    }

    /// <summary>Names of the outputs of a study's model, in order.</summary>
    public static ImmutableArray<string> OutputsOf(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Data.Label.Number is null ? [LogitOutput, ProbabilityOutput] : [PredictionOutput];
    }

    // Back to the outcome's unit, and within its range; NaN stays, as it is neither above nor below.
    private static string Prediction(OnnxGraph graph, NumericOutcome number, string output)
    {
        string Constant(string name, double value) => graph.Floats($"outcome/{name}", [(float)value], 1, 1);

        var value = graph.Add("Sub", [graph.Add("Mul", [output, Constant("deviation", number.StandardDeviation)]), Constant("minus-mean", -number.Mean)]);
        var (least, greatest) = (Constant("minimum", number.Minimum), Constant("maximum", number.Maximum));
        value = graph.Add("Where", [graph.Add("Greater", [value, greatest]), greatest, value]);
        return graph.Add("Where", [graph.Add("Greater", [least, value]), least, value]);
    }

    // Numbers and categories are encoded in runs, in the order of the features: a run of numbers is one matrix, a category is one-hot.
    private static (string Inputs, string? Excluded) Preprocess(OnnxGraph graph, ImmutableArray<Feature> features, ImmutableArray<FeatureConstants> constants)
    {
        var parts = new List<string>();
        var excluded = new List<string>();
        for (var i = 0; i < features.Length;)
        {
            var end = i + 1;
            if (features[i].Type == FeatureType.Category)
            {
                parts.Add(OneHot(graph, features[i], excluded));
            }
            else
            {
                while (end < features.Length && features[end].Type == FeatureType.Number)
                    end++;
                parts.Add(Numbers(graph, features[i..end], constants[i..end], excluded));
            }

            i = end;
        }

        var inputs = parts.Count == 1 ? parts[0] : graph.Add("Concat", [.. parts], ("axis", 1));
        return (inputs, excluded.Count == 0 ? null : excluded.Aggregate((left, right) => graph.Add("Or", [left, right])));
    }

    private static string Numbers(OnnxGraph graph, ImmutableArray<Feature> features, ImmutableArray<FeatureConstants> constants, List<string> excluded)
    {
        var name = features[0].Name;
        var width = features.Length;
        string[] columns = [.. features.Select(feature => graph.Input(feature.Name, $"Raw value in {feature.Unit}, in [{feature.Minimum:R}, {feature.Maximum:R}]; NaN where missing."))];
        var raw = width == 1 ? columns[0] : graph.Add("Concat", columns, ("axis", 1));

        string Row(string what, IEnumerable<float> values) => graph.Floats($"{name}/{what}", values.ToArray(), 1, width);

        var plausible = graph.Add("And", [
            graph.Add("GreaterOrEqual", [raw, Row("minimum", features.Select(feature => (float)feature.Minimum))]), // false for NaN
            graph.Add("LessOrEqual", [raw, Row("maximum", features.Select(feature => (float)feature.Maximum))])]);
        var filled = graph.Add("Where", [plausible, raw, Row("fill", features.Zip(constants, InputEncoder.FillOf))]);
        if (features.Any(feature => feature.Missing == MissingRule.ExcludeRow))
        {
            var missing = graph.CastToFloat(graph.Add("Not", [plausible]));
            var counts = graph.Add("Mul", [missing, Row("must-be-there", features.Select(feature => feature.Missing == MissingRule.ExcludeRow ? 1f : 0f))]);
            excluded.Add(IsPositive(graph, name, AnyOf(graph, name, counts)));
        }

        // (x - 0) / 1 leaves a number as it is, to the bit: one matrix serves scaled and unscaled features.
        var standardised = features.Select(feature => feature.Scale == FeatureScale.Standardise).ToArray();
        if (!standardised.Contains(true))
            return WithIndicators(graph, features, filled, plausible);
        var centred = graph.Add("Sub", [filled, Row("mean", constants.Select((c, i) => standardised[i] ? (float)c.Mean!.Value : 0f))]);
        var scaled = graph.Add("Div", [centred, Row("deviation", constants.Select((c, i) => standardised[i] ? (float)c.StandardDeviation!.Value : 1f))]);
        return WithIndicators(graph, features, scaled, plausible);
    }

    // Each indicator stands behind its number.
    private static string WithIndicators(OnnxGraph graph, ImmutableArray<Feature> features, string numbers, string plausible)
    {
        if (!features.Any(feature => feature.Indicator))
            return numbers;
        var both = graph.Add("Concat", [numbers, graph.CastToFloat(graph.Add("Not", [plausible]))], ("axis", 1));
        long[] order = [.. features.SelectMany((feature, i) => feature.Indicator ? new long[] { i, features.Length + i } : [i])];
        return graph.Add("Gather", [both, graph.Integers($"{features[0].Name}/order", order)], ("axis", 1));
    }

    private static string OneHot(OnnxGraph graph, Feature feature, List<string> excluded)
    {
        var levels = feature.Levels.Select(level => (float)level).ToArray();
        var raw = graph.Input(feature.Name, $"One of {string.Join(", ", feature.Levels.Select(level => level.ToString("R", CultureInfo.InvariantCulture)))}; NaN where missing.");
        var oneHot = graph.CastToFloat(graph.Add("Equal", [raw, graph.Floats($"{feature.Name}/levels", levels, 1, levels.Length)]));
        if (feature.Missing == MissingRule.Mean)
            return oneHot; // a missing value equals no level: all 0
        var known = IsPositive(graph, feature.Name, AnyOf(graph, feature.Name, oneHot));
        if (feature.Missing == MissingRule.ExcludeRow)
        {
            excluded.Add(graph.Add("Not", [known]));
            return oneHot;
        }

        var fill = levels.Select(level => level == (float)feature.MissingValue ? 1f : 0f).ToArray();
        return graph.Add("Where", [known, oneHot, graph.Floats($"{feature.Name}/fill", fill, 1, levels.Length)]);
    }

    private static string AnyOf(OnnxGraph graph, string name, string flags) =>
        graph.Add("ReduceMax", [flags, graph.Integers($"{name}/axis", [1])], ("keepdims", 1));

    private static string IsPositive(OnnxGraph graph, string name, string flag) =>
        graph.Add("Greater", [flag, graph.Floats($"{name}/none", [0], 1, 1)]);

    private static string Network(OnnxGraph graph, ModelPlan plan, ReadOnlySpan<float> parameters, string inputs)
    {
        var value = inputs;
        foreach (var layer in plan.Layers)
        {
            if (layer != plan.Layers[0])
                value = graph.Add(plan.Activation == Activation.Relu ? "Relu" : "Tanh", [value]);
            var weight = graph.Floats(layer.Weight.Name, parameters.Slice(layer.Weight.Offset, layer.Weight.Length), layer.Outputs, layer.Inputs);
            var bias = graph.Floats(layer.Bias.Name, parameters.Slice(layer.Bias.Offset, layer.Bias.Length), layer.Outputs);
            value = graph.Add("Gemm", [value, weight, bias], ("transB", 1));
        }

        return value;
    }

    private static JsonObject LabelOf(Label label) => label.Number is { } number
        ? new JsonObject { ["name"] = label.Name, ["range"] = new JsonArray(number.Minimum, number.Maximum), ["unit"] = number.Unit }
        : new JsonObject { ["name"] = label.Name, ["above"] = label.Above };

    private static IEnumerable<(string Key, string Value)> Metadata(Study study, PreprocessingConstants constants)
    {
        var features = new JsonArray();
        foreach (var feature in study.Data.Features)
        {
            var item = new JsonObject { ["name"] = feature.Name, ["unit"] = feature.Unit };
            if (feature.Type == FeatureType.Number)
                item["range"] = new JsonArray(feature.Minimum, feature.Maximum);
            else
                item["levels"] = new JsonArray([.. feature.Levels.Select(level => (JsonNode)level)]);
            features.Add(item);
        }

        yield return ("fcml.constants", constants.Digest.ToString());
        yield return ("fcml.features", Encoding.UTF8.GetString(CanonicalJson.Write(features)));
        yield return ("fcml.label", Encoding.UTF8.GetString(CanonicalJson.Write(LabelOf(study.Data.Label))));
        yield return ("fcml.study", study.Digest.ToString());
    }
}
