using System.Collections.Immutable;

namespace FederatedClinicalMl.Learning;

/// <summary>Names of the files of a registry's entry.</summary>
public static class ModelFileNames
{
    /// <summary>The signed manifest: <c>{"key": base64, "manifest": {...}, "signature": base64}</c>.</summary>
    public const string Manifest = "manifest.json";

    /// <summary>The parameters: little-endian float32.</summary>
    public const string Parameters = "parameters.bin";

    /// <summary>The frozen preprocessing constants: canonical JSON.</summary>
    public const string Constants = "constants.json";

    /// <summary>The study: canonical JSON.</summary>
    public const string Study = "study.json";

    /// <summary>The signed round records: canonical JSON <c>[{"record": {...}, "signature": base64}]</c>.</summary>
    public const string Rounds = "rounds.json";

    /// <summary>The model as an ONNX graph; absent for a benchmark model.</summary>
    public const string Onnx = "model.onnx";

    /// <summary>The last evaluation's metrics; absent where nothing was evaluated.</summary>
    public const string Metrics = "metrics.json";

    /// <summary>The sites' own metrics of the model; absent where the study asks for none.</summary>
    public const string SiteMetrics = "sitemetrics.json";

    /// <summary>What a site needs to score with any model, the manifest first: it says what the others are. <see cref="ModelEntry.Served"/> is what it gets.</summary>
    public static ImmutableArray<string> Served { get; } = [Manifest, Constants, Onnx, Study];
}
