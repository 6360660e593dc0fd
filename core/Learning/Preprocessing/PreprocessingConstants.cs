using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>The frozen constants of one feature, in its unit.</summary>
/// <param name="Name">The feature.</param>
/// <param name="Mean">Mean; null where the feature is neither standardised nor filled with its mean.</param>
/// <param name="StandardDeviation">Population standard deviation, above 0; null where the feature is not standardised.</param>
public sealed record FeatureConstants(string Name, double? Mean, double? StandardDeviation);

/// <summary>
/// What turns raw values into a network's inputs, the same at every site and in the ONNX graph: frozen before round 1, from the protocol
/// and, where the protocol leaves it open, from the merged moments of the sites' training rows.
/// </summary>
public sealed class PreprocessingConstants
{
    private PreprocessingConstants(ImmutableArray<FeatureConstants> features)
    {
        Features = features;
        var list = new JsonArray();
        foreach (var feature in features)
            list.Add(new JsonObject { ["name"] = feature.Name, ["mean"] = feature.Mean, ["standardDeviation"] = feature.StandardDeviation });
        Canonical = CanonicalJson.Write(new JsonObject { ["features"] = list });
        Digest = Sha256Digest.Of(Canonical.Span);
    }

    /// <summary>One entry per feature of the study, in its order.</summary>
    public ImmutableArray<FeatureConstants> Features { get; }

    /// <summary>Canonical JSON.</summary>
    public ReadOnlyMemory<byte> Canonical { get; }

    /// <summary>SHA-256 of <see cref="Canonical"/>.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>Whether a study needs a preparation round.</summary>
    public static bool NeedPreparation(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Data.Features.Any(feature => feature.NeedsPreparation);
    }

    /// <summary>Freezes the constants of a study.</summary>
    /// <param name="study">The study.</param>
    /// <param name="preparation">The merged reports of the preparation round; null where there was none.</param>
    /// <remarks>A feature that has the same value everywhere has the deviation 0; it becomes 1, as in scikit-learn's StandardScaler.</remarks>
    /// <exception cref="InvalidDataException">A constant that is needed is not there, or is not usable in float32.</exception>
    public static PreprocessingConstants Freeze(Study study, PreparationReport? preparation)
    {
        ArgumentNullException.ThrowIfNull(study);
        return new PreprocessingConstants([.. study.Data.Features.Select(Constants)]);

        FeatureConstants Constants(Feature feature)
        {
            var moments = feature.NeedsPreparation ? preparation?.Of(feature.Name) : null;
            double? mean = !NeedsMean(feature) ? null : feature.Mean ?? moments?.Mean ?? throw Undefined(feature, "mean");
            double? deviation = null;
            if (NeedsDeviation(feature))
            {
                deviation = feature.StandardDeviation ?? moments?.StandardDeviation ?? throw Undefined(feature, "standard deviation");
                if (deviation == 0)
                    deviation = 1;
            }

            if (FaultOf(mean, deviation) is { } fault)
                throw new InvalidDataException($"Feature '{feature.Name}': {fault}.");
            return new FeatureConstants(feature.Name, mean, deviation);
        }
    }

    /// <summary>Reads the constants of a study as they travel, strictly: exactly the constants that the study needs, and the protocol's where it gives them.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static PreprocessingConstants Read(Study study, ReadOnlySpan<byte> canonical)
    {
        ArgumentNullException.ThrowIfNull(study);
        var declared = study.Data.Features;
        var fields = new JsonFields(CanonicalJson.Read(canonical), "constants");
        var index = 0;
        var features = fields.List("features", declared.Length, (node, path) => ReadFeature(declared[index++], node, path));
        fields.End();
        if (features.Length != declared.Length)
            fields.Fail("features", $"have {declared.Length} items, one for each feature of the study");
        var constants = new PreprocessingConstants([.. features]);
        if (!canonical.SequenceEqual(constants.Canonical.Span))
            throw new FormatException("constants must be in canonical form.");
        return constants;
    }

    private static FeatureConstants ReadFeature(Feature feature, JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        if (fields.Text("name", feature.Name.Length) != feature.Name)
            fields.Fail("name", $"be '{feature.Name}'");
        var mean = ReadConstant("mean", NeedsMean(feature), feature.Mean);
        var deviation = ReadConstant("standardDeviation", NeedsDeviation(feature), feature.StandardDeviation);
        fields.End();
        if (FaultOf(mean, deviation) is { } fault)
            throw new FormatException($"{path}: {fault}.");
        return new FeatureConstants(feature.Name, mean, deviation);

        double? ReadConstant(string name, bool needed, double? declared)
        {
            if (!needed)
            {
                if (!fields.IsNull(name))
                    fields.Fail(name, "be null: the study does not use it");
                return null;
            }

            var value = fields.Number(name);
            if (declared is { } fixedValue && value != fixedValue)
                fields.Fail(name, "be the protocol's");
            return value;
        }
    }

    private static bool NeedsMean(Feature feature) =>
        feature.Type == FeatureType.Number && (feature.Scale == FeatureScale.Standardise || feature.Missing == MissingRule.Mean);

    private static bool NeedsDeviation(Feature feature) => feature.Type == FeatureType.Number && feature.Scale == FeatureScale.Standardise;

    private static string? FaultOf(double? mean, double? deviation)
    {
        if (mean is { } m && !float.IsFinite((float)m))
            return "its mean is beyond float32; declare the feature in another unit";
        if (deviation is { } d && !(d > 0 && float.IsNormal((float)d)))
            return "its standard deviation must be above 0 and within float32; declare the feature in another unit";
        return null;
    }

    private static InvalidDataException Undefined(Feature feature, string what) => new(
        $"Feature '{feature.Name}': its {what} is not known: no site released enough values. Give it in the protocol, or leave the feature out.");
}
