using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a profile counts and sums, and on which grids: public, the same at every site, so that profiles can be merged.</summary>
public sealed class ProfileDesign
{
    /// <summary>Equally wide bins over a number's plausible range.</summary>
    public const int Bins = 64;

    /// <summary>Frequencies of the sketch of all numbers.</summary>
    public const int Frequencies = 64;

    /// <summary>Most features.</summary>
    public const int MaximumFeatures = 2000;

    private ProfileDesign(ImmutableArray<ProfileFeature> features, ImmutableArray<int> correlated, string seed)
    {
        (Features, Correlated, Seed) = (features, correlated, seed);
        Numbers = [.. Enumerable.Range(0, features.Length).Where(i => features[i].Kind == ProfileFeatureKind.Number)];
        CorrelatedGrids = [.. correlated.Select(i => MomentGrid.For(features[i].Minimum, features[i].Maximum))];
        // The median heuristic (Gretton et al. 2012) for features of unit variance that do not depend on each other.
        Basis = Numbers.IsEmpty ? null : FourierBasis.Of(seed, Numbers.Length, Frequencies, Math.Sqrt(2 * Numbers.Length));
    }

    /// <summary>The features, in the order of a row.</summary>
    public ImmutableArray<ProfileFeature> Features { get; }

    /// <summary>Indices of the numbers whose pairwise correlations are kept, rising.</summary>
    public ImmutableArray<int> Correlated { get; }

    /// <summary>Label of the sketch's random frequencies.</summary>
    public string Seed { get; }

    /// <summary>Indices of the numbers, rising.</summary>
    public ImmutableArray<int> Numbers { get; }

    /// <summary>The basis of the sketch of all numbers; null where there are none.</summary>
    public FourierBasis? Basis { get; }

    internal ImmutableArray<MomentGrid> CorrelatedGrids { get; }

    /// <summary>A design.</summary>
    /// <param name="features">1 to <see cref="MaximumFeatures"/>, of different names, in the order of a row.</param>
    /// <param name="correlated">Names of the numbers whose pairwise correlations are kept, at most <see cref="CorrelationSums.MaximumFeatures"/>: few, as each
    /// pair is a test.</param>
    /// <param name="seed">Label of the sketch's random frequencies.</param>
    /// <exception cref="ArgumentException">It is not so.</exception>
    public static ProfileDesign Of(ImmutableArray<ProfileFeature> features, ImmutableArray<string> correlated, string seed)
    {
        if (features.Length is < 1 or > MaximumFeatures || features.DistinctBy(feature => feature.Name, StringComparer.Ordinal).Count() < features.Length)
            throw new ArgumentException($"A profile is of 1 to {MaximumFeatures} features of different names.", nameof(features));
        int[] indices = [.. Enumerable.Range(0, features.Length)
            .Where(i => features[i].Kind == ProfileFeatureKind.Number && correlated.Contains(features[i].Name, StringComparer.Ordinal))];
        if (indices.Length != correlated.Length || indices.Length > CorrelationSums.MaximumFeatures)
            throw new ArgumentException($"Correlations are kept of at most {CorrelationSums.MaximumFeatures} different features that are numbers.", nameof(correlated));
        if (seed is not { Length: <= ProfileFeature.MaximumName } || seed.Contains('\n', StringComparison.Ordinal))
            throw new ArgumentException($"A seed is one line of at most {ProfileFeature.MaximumName} characters.", nameof(seed));
        return new ProfileDesign(features, [.. indices], seed);
    }

    /// <summary>Whether profiles of both can be merged and compared.</summary>
    public bool IsSameAs(ProfileDesign other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return ReferenceEquals(this, other) || CanonicalJson.Write(ToJson()).AsSpan().SequenceEqual(CanonicalJson.Write(other.ToJson()));
    }

    /// <summary>JSON with the fields features, correlated (indices) and seed.</summary>
    public JsonObject ToJson() => new()
    {
        ["features"] = new JsonArray([.. Features.Select(feature => (JsonNode)feature.ToJson())]),
        ["correlated"] = new JsonArray([.. Correlated.Select(index => (JsonNode)index)]),
        ["seed"] = Seed,
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static ProfileDesign Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var features = fields.List("features", MaximumFeatures, ProfileFeature.Read);
        var correlated = fields.List("correlated", CorrelationSums.MaximumFeatures, (item, at) => (int)JsonFields.Integer(item, at, 0, features.Length - 1));
        var seed = fields.Text("seed", ProfileFeature.MaximumName);
        fields.End();
        try
        {
            return Of([.. features], [.. correlated.Select(index => features[index].Name)], seed);
        }
        catch (ArgumentException fault)
        {
            throw new FormatException($"{path} is not the design of a profile.", fault);
        }
    }
}
