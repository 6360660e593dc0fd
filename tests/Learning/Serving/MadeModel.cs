using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Learning.Onnx;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Serving;

/// <summary>The served files of a small model, as a registry has them.</summary>
internal static class MadeModel
{
    /// <summary>Its study.</summary>
    internal static Study StudyOf(string name = "heart", int rounds = 2, bool startsByItself = false) => StudyText.Of(
        "{name: age, range: [0, 120], missing: {value: 60}, scale: none}", name: name, rounds: rounds, evaluation: "{every: 1, subgroups: [{feature: age, bands: [40, 65]}]}", startsByItself: startsByItself);

    /// <summary>The same of a number.</summary>
    internal static Study NumberStudyOf(string name = "heart") => StudyText.Of(
        "{name: age, range: [0, 120], missing: {value: 60}, scale: none}", model: "{kind: linear-regression}", name: name, evaluation: "{every: 1, subgroups: [{feature: age, bands: [40, 65]}]}",
        label: "{name: stay, range: [0, 30], unit: d, constants: {mean: 8, sd: 5}}");

    /// <param name="key">Signs the manifest.</param>
    /// <param name="run">Tells models of one line apart.</param>
    /// <param name="name">The line.</param>
    /// <param name="of">The study; null: <see cref="StudyOf"/>.</param>
    internal static (Sha256Digest Model, Dictionary<string, byte[]> Files) Of(SigningKey key, int run = 1, string name = "heart", Study? of = null)
    {
        var study = of ?? StudyOf(name);
        var constants = PreprocessingConstants.Freeze(study, null);
        var files = new Dictionary<string, byte[]>
        {
            [ModelFileNames.Constants] = constants.Canonical.ToArray(),
            [ModelFileNames.Onnx] = OnnxWriter.Write(study, constants, ModelPlan.For(study).InitialParameters(), "1.2.3"),
            [ModelFileNames.Study] = study.Canonical.ToArray(),
            [ModelFileNames.Metrics] = CanonicalJson.Write(new JsonObject { [study.Data.Label.Number is null ? "auroc" : "mae"] = 0.75 }),
        };
        var manifest = ModelManifest.Sign(
            new JsonObject
            {
                ["format"] = 1,
                ["name"] = study.Name,
                ["run"] = run.ToString("x16", System.Globalization.CultureInfo.InvariantCulture),
                ["study"] = study.Digest.ToString(),
                ["initial"] = Sha256Digest.Of([]).ToString(),
                ["registered"] = CanonicalTime.Write(DateTimeOffset.UnixEpoch),
                ["software"] = "1.2.3",
                ["files"] = new JsonArray([.. files.Select(file => new JsonObject { ["name"] = file.Key, ["digest"] = Sha256Digest.Of(file.Value).ToString(), ["length"] = file.Value.Length })]),
            },
            key);
        files[ModelFileNames.Manifest] = manifest.Write();
        return (manifest.Model, files);
    }
}
