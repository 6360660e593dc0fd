using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Scoring;

/// <summary>A registry entry's files, as a worker puts them on a shelf.</summary>
internal sealed record Entry(Study Study, Sha256Digest Model, IReadOnlyDictionary<string, byte[]> Files, float[] Parameters);

/// <summary>Small models, written as the registry writes them.</summary>
internal static class Models
{
    private const string Features = """
            - {name: age, unit: a, range: [18, 110], missing: mean, constants: {mean: 54, sd: 9}}
            - {name: pressure, unit: "mm[Hg]", range: [60, 260], missing: exclude-row, constants: {mean: 131, sd: 17}}
            - {name: pain, type: category, levels: [1, 2, 3], missing: no-level}
        """;

    private static readonly SigningKey s_key = SigningKey.Create();

    /// <summary>A study over columns.</summary>
    public static Study Study(string features = Features, long seed = 1, string name = "heart", string subgroups = "", string label = "{name: outcome, above: 0}") => StudyChecker.CheckYaml($$"""
        protocol: 1
        name: {{name}}
        title: A study for tests
        purpose: Show that scoring does what it says.
        ethics: Made-up data
        data:
          dataset: test
          features:
        {{features}}
          label: {{label}}
          split: {test: 0.3, seed: 1}
        model: {kind: mlp, hidden: [5], activation: relu}
        training: {optimizer: sgd, learning-rate: 0.1, batch-size: 16, local-epochs: 1, seed: {{seed}}}
        federation: {strategy: fedavg, rounds: 2, sites: [north, south], quorum: 2, aggregation: plain, weighting: rows}
        evaluation: {every: 1{{subgroups}}}
        """) is { Study: { } study } ? study : throw new InvalidOperationException();

    /// <summary>The same study of a number.</summary>
    public static Study NumberStudy(long seed = 1, string unit = "d", string subgroups = "") =>
        Study(seed: seed, subgroups: subgroups, label: $"{{name: stay, range: [0, 30], unit: {unit}, constants: {{mean: 8, sd: 5}}}}");

    /// <summary>An entry of a study; the seed makes its parameters.</summary>
    public static Entry Entry(long seed = 1, Study? study = null, double? auroc = null, double? error = null)
    {
        study ??= Study(seed: seed);
        var constants = PreprocessingConstants.Freeze(study, preparation: null);
        var parameters = ModelPlan.For(study).InitialParameters();
        return Signed(study, parameters, constants.Canonical.ToArray(), OnnxWriter.Write(study, constants, parameters, "1.2.3"), auroc is not null ? ("auroc", auroc.Value) : error is not null ? ("mae", error.Value) : null);
    }

    /// <summary>An entry whose ONNX file is something else, signed all the same.</summary>
    public static Entry WithOnnx(this Entry entry, byte[] onnx) => Signed(entry.Study, entry.Parameters, entry.Files[ModelFileNames.Constants], onnx, null);

    private static Entry Signed(Study study, float[] parameters, byte[] constants, byte[] onnx, (string Name, double Value)? metric)
    {
        var files = new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            [ModelFileNames.Constants] = constants, [ModelFileNames.Onnx] = onnx, [ModelFileNames.Study] = study.Canonical.ToArray(),
        };
        if (metric is { } known)
            files[ModelFileNames.Metrics] = CanonicalJson.Write(new JsonObject { [known.Name] = known.Value });
        var manifest = ModelManifest.Sign(new JsonObject
        {
            ["format"] = 1,
            ["name"] = study.Name,
            ["run"] = "0123456789abcdef",
            ["study"] = study.Digest.ToString(),
            ["initial"] = Sha256Digest.Of([]).ToString(),
            ["registered"] = "2026-11-01T00:00:00.000Z",
            ["software"] = "0.1.0",
            ["files"] = new JsonArray([.. files.Select(file => new JsonObject { ["name"] = file.Key, ["digest"] = Sha256Digest.Of(file.Value).ToString(), ["length"] = file.Value.Length })]),
        }, s_key);
        files[ModelFileNames.Manifest] = manifest.Write();
        return new Entry(study, manifest.Model, files, parameters);
    }

    /// <summary>What a model must answer for a row, by the managed path: a probability, or a number.</summary>
    public static double? Expected(this Entry entry, params double[] row)
    {
        var encoder = new InputEncoder(entry.Study, PreprocessingConstants.Freeze(entry.Study, preparation: null));
        var inputs = new float[encoder.InputWidth];
        if (encoder.Encode(row, inputs).Excluded)
            return null;
        var logits = new double[1];
        ModelPlan.For(entry.Study).Outputs(entry.Parameters, inputs, logits);
        return entry.Study.Data.Label.Number?.PredictionsOf(logits)[0] ?? 1 / (1 + Math.Exp(-logits[0]));
    }
}
