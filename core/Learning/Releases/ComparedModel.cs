using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>All that a model's scores depend on: two entries of the registry that agree in it score alike.</summary>
/// <param name="Study">Its study.</param>
/// <param name="Parameters">SHA-256 of its parameters.</param>
/// <param name="Constants">SHA-256 of its preprocessing constants.</param>
public sealed record ComparedModel(StudyDigest Study, Sha256Digest Parameters, Sha256Digest Constants)
{
    /// <summary>The JSON form.</summary>
    public JsonObject ToJson() => new() { ["constants"] = Constants.ToString(), ["parameters"] = Parameters.ToString(), ["study"] = Study.ToString() };

    internal static ComparedModel Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var model = new ComparedModel(new StudyDigest(Sha256Digest.Parse(fields.Text("study", 64))), Sha256Digest.Parse(fields.Text("parameters", 64)), Sha256Digest.Parse(fields.Text("constants", 64)));
        fields.End();
        return model;
    }
}

/// <summary>
/// What a site is given with the order of a comparison, beside the candidate's parameters and constants and the other model's parameters as a file: whose parameters those are. Canonical JSON
/// <c>{"constants":{...},"study":"..."}</c>.
/// </summary>
/// <param name="Study">The other model's study, which the site knows and has approved, or not.</param>
/// <param name="Constants">Canonical JSON of the other model's preprocessing constants.</param>
public sealed record ComparisonOrder(StudyDigest Study, ReadOnlyMemory<byte> Constants)
{
    /// <summary>Most bytes, as a step's inputs are bounded.</summary>
    public const int MaximumLength = 1 << 20;

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(new JsonObject { ["constants"] = CanonicalJson.Read(Constants.Span), ["study"] = Study.ToString() });

    /// <summary>Reads an order, strictly; the constants are looked at by whoever uses them.</summary>
    /// <exception cref="FormatException">The bytes are something else, or too many.</exception>
    public static ComparisonOrder Read(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaximumLength)
            throw new FormatException($"comparison has {json.Length} bytes; at most {MaximumLength} are read.");
        var fields = new JsonFields(CanonicalJson.Read(json), "comparison");
        var order = new ComparisonOrder(new StudyDigest(Sha256Digest.Parse(fields.Text("study", 64))), CanonicalJson.Write(fields.Node("constants")));
        fields.End();
        return order;
    }
}
