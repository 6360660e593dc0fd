using System.Globalization;
using CsCheck;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Studies;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FederatedClinicalMl.Tests.Learning.Onnx;

public sealed class OnnxWriterTests
{
    private static readonly Gen<string> s_number =
        from low in Gen.Int[-50, 50]
        from width in Gen.Int[1, 200]
        from missing in Gen.OneOf("mean", $"{{value: {low}}}", "exclude-row")
        from scale in Gen.OneOf("standardise", "none")
        select $"type: number, unit: mm, range: [{low}, {low + width}], missing: {missing}, scale: {scale}"
            + (scale == "standardise" ? $", constants: {{mean: {low + (width / 3)}, sd: {((width / 4.0) + 0.3).ToString("R", CultureInfo.InvariantCulture)}}}"
                : missing == "mean" ? $", constants: {{mean: {low + (width / 3)}}}" : "");

    private static readonly Gen<string> s_category =
        from count in Gen.Int[2, 4]
        from missing in Gen.OneOf("no-level", "{value: 2}", "exclude-row")
        select $"type: category, levels: [{string.Join(", ", Enumerable.Range(1, count))}], missing: {missing}";

    private static readonly Gen<Study> s_studies =
        from features in Gen.OneOf(s_number, s_category).Array[1, 7]
        from hidden in Gen.Int[1, 12].Array[0, 2]
        from activation in Gen.OneOf("relu", "tanh")
        from seed in Gen.Int[0, 1_000_000]
        from indicators in Gen.Int[0, 127]
        select WithIndicators(indicators, StudyText.Of(
            string.Join('\n', features.Select((feature, i) => $"{{name: f{i}, {feature}}}")),
            hidden.Length == 0 ? "{kind: logistic-regression}" : $"{{kind: mlp, hidden: [{string.Join(", ", hidden)}], activation: {activation}}}",
            seed: seed));

    private static readonly Gen<Study> s_numbers =
        from features in Gen.OneOf(s_number, s_category).Array[1, 7]
        from hidden in Gen.Int[1, 12].Array[0, 2]
        from least in Gen.Int[-100, 100]
        from width in Gen.Int[1, 500]
        from scaled in Gen.Bool
        select StudyText.Of(
            string.Join('\n', features.Select((feature, i) => $"{{name: f{i}, {feature}}}")),
            hidden.Length == 0 ? "{kind: linear-regression}" : $"{{kind: mlp, hidden: [{string.Join(", ", hidden)}]}}",
            label: $"{{name: outcome, unit: d, range: [{least}, {least + width}]{(scaled ? $", constants: {{mean: {least + (width / 3)}, sd: {width}}}" : "")}}}");

    // Within and outside the ranges, on and off the levels, and missing.
    private static readonly Gen<double> s_raw = Gen.OneOf(
        Gen.Double[-60, 260],
        Gen.Int[-1, 6].Select(value => (double)value),
        Gen.OneOf(double.NaN, double.PositiveInfinity, double.NegativeInfinity, 1e300, -0.0));

    [Fact]
    public void Write_any_study_gives_a_graph_that_agrees_with_the_managed_path_on_any_row()
    {
        Gen.Select(s_studies, s_raw.Array[7 * 20]).Sample((study, raw) =>
        {
            var plan = ModelPlan.For(study);
            var constants = PreprocessingConstants.Freeze(study, preparation: null);
            var encoder = new InputEncoder(study, constants);
            var parameters = plan.InitialParameters();
            const int rows = 20;
            raw = raw[..(rows * encoder.RawWidth)];

            var outputs = Run(OnnxWriter.Write(study, constants, parameters, "1.2.3"), study, raw, rows);
            var (logits, probabilities) = (outputs[0], outputs[1]);

            var inputs = new float[encoder.InputWidth];
            var expected = new double[1];
            for (var row = 0; row < rows; row++)
            {
                if (encoder.Encode(raw.AsSpan(row * encoder.RawWidth, encoder.RawWidth), inputs).Excluded)
                {
                    Assert.True(float.IsNaN(probabilities[row]) && float.IsNaN(logits[row]));
                    continue;
                }

                plan.Outputs(parameters, inputs, expected);
                Assert.InRange(Math.Abs(probabilities[row] - (1 / (1 + Math.Exp(-expected[0])))), 0, 1e-6);
                Assert.InRange(Math.Abs(logits[row] - expected[0]), 0, 1e-5 * (1 + Math.Abs(expected[0])));
            }
        }, iter: 150, threads: 1);
    }

    [Fact]
    public void Write_a_study_of_a_number_gives_a_graph_that_predicts_it_in_its_unit_and_range()
    {
        Gen.Select(s_numbers, s_raw.Array[7 * 20], Gen.Float[0.1f, 3]).Sample((study, raw, gain) =>
        {
            var (plan, number) = (ModelPlan.For(study), study.Data.Label.Number!);
            var constants = PreprocessingConstants.Freeze(study, preparation: null);
            var encoder = new InputEncoder(study, constants);
            var parameters = plan.InitialParameters().Select(value => value * gain).ToArray();
            const int rows = 20;
            raw = raw[..(rows * encoder.RawWidth)];
            var file = OnnxWriter.Write(study, constants, parameters, "1.2.3");
            OnnxReader.Check(file, study, constants);

            var predictions = Assert.Single(Run(file, study, raw, rows));

            var inputs = new float[encoder.InputWidth];
            var expected = new double[1];
            for (var row = 0; row < rows; row++)
            {
                if (encoder.Encode(raw.AsSpan(row * encoder.RawWidth, encoder.RawWidth), inputs).Excluded)
                {
                    Assert.True(float.IsNaN(predictions[row]));
                    continue;
                }

                plan.Outputs(parameters, inputs, expected);
                Assert.InRange(predictions[row], (float)number.Minimum, (float)number.Maximum);
                Assert.InRange(Math.Abs(predictions[row] - number.PredictionsOf(expected)[0]), 0, 1e-4 * ((number.StandardDeviation * (1 + Math.Abs(expected[0]))) + Math.Abs(number.Mean)));
            }
        }, iter: 100, threads: 1);
    }

    [Fact]
    public void Write_a_study_of_a_number_names_its_unit_and_another_kinds_file_is_not_taken_for_it()
    {
        const string Feature = "{name: age, unit: a, range: [0, 120], scale: none, missing: exclude-row}";
        var (number, other) = (StudyText.Of(Feature, "{kind: linear-regression}", label: "{name: stay, range: [0, 60], unit: d}"), StudyText.Of(Feature));
        var constants = PreprocessingConstants.Freeze(number, preparation: null);
        var file = OnnxWriter.Write(number, constants, new float[2], "1.2.3");
        using var session = new InferenceSession(file);

        Assert.Equal("""{"name":"stay","range":[0,60],"unit":"d"}""", session.ModelMetadata.CustomMetadataMap["fcml.label"]);
        Assert.Equal([OnnxWriter.PredictionOutput], session.OutputNames);
        Assert.Contains("outputs", Assert.Throws<FormatException>(() => OnnxReader.Check(file, other, constants)).Message, StringComparison.Ordinal);
        Assert.Contains("outputs", Assert.Throws<FormatException>(() => OnnxReader.Check(OnnxWriter.Write(other, constants, new float[2], "1"), number, constants)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Write_names_the_study_its_features_and_their_units_in_the_file()
    {
        var study = StudyText.Of("""
            {name: age, unit: a, range: [0, 120], scale: none, missing: exclude-row}
            {name: kind, type: category, levels: [1, 2.5], missing: no-level}
            """);
        var constants = PreprocessingConstants.Freeze(study, preparation: null);
        using var session = new InferenceSession(OnnxWriter.Write(study, constants, new float[4], "1.2.3"));

        var metadata = session.ModelMetadata;
        Assert.Equal(study.Digest.ToString(), metadata.CustomMetadataMap["fcml.study"]);
        Assert.Equal(constants.Digest.ToString(), metadata.CustomMetadataMap["fcml.constants"]);
        Assert.Equal("""[{"name":"age","range":[0,120],"unit":"a"},{"levels":[1,2.5],"name":"kind","unit":"1"}]""", metadata.CustomMetadataMap["fcml.features"]);
        Assert.Equal("""{"above":0,"name":"outcome"}""", metadata.CustomMetadataMap["fcml.label"]);
        Assert.Equal(["age", "kind"], session.InputNames);
        Assert.Equal([OnnxWriter.LogitOutput, OnnxWriter.ProbabilityOutput], session.OutputNames);
    }

    [Fact]
    public void Write_the_same_model_twice_gives_the_same_bytes()
    {
        s_studies.Sample(study =>
        {
            var constants = PreprocessingConstants.Freeze(study, preparation: null);
            var parameters = ModelPlan.For(study).InitialParameters();
            Assert.Equal(OnnxWriter.Write(study, constants, parameters, "1"), OnnxWriter.Write(study, constants, parameters, "1"));
        }, iter: 20);
    }

    [Fact]
    public void Write_what_is_no_network_of_the_study_is_an_error()
    {
        var study = StudyText.Of("{name: age, unit: a, range: [0, 120], scale: none, missing: exclude-row}");
        var constants = PreprocessingConstants.Freeze(study, preparation: null);
        Assert.Throws<ArgumentException>(() => OnnxWriter.Write(study, constants, new float[3], "1"));
        var benchmark = StudyText.Benchmark(3);
        Assert.Throws<ArgumentException>(() => OnnxWriter.Write(benchmark, PreprocessingConstants.Freeze(benchmark, null), new float[3], "1"));
    }

    // Only features over events are declared with indicators; to the model they are numbers like any other.
    private static Study WithIndicators(int mask, Study study) => study with
    {
        Data = study.Data with { Features = [.. study.Data.Features.Select((feature, i) => feature with { Indicator = feature.Type == FeatureType.Number && ((mask >> i) & 1) == 1 })] },
    };

    private static float[][] Run(byte[] model, Study study, double[] raw, int rows)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1 };
        using var session = new InferenceSession(model, options);
        var width = study.Data.Features.Length;
        var inputs = study.Data.Features.Select((feature, i) => NamedOnnxValue.CreateFromTensor(
            feature.Name,
            new DenseTensor<float>(Enumerable.Range(0, rows).Select(row => (float)raw[(row * width) + i]).ToArray(), [rows, 1]))).ToArray();
        using var outputs = session.Run(inputs);
        return [.. outputs.Select(output => output.AsEnumerable<float>().ToArray())];
    }
}
