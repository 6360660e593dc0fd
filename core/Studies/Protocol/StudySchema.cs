using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// The study protocol as JSON Schema (draft 2020-12), made from the description that <see cref="StudyChecker"/> checks by, so that an
/// editor completes and explains what the checker accepts. The checker knows more: what one value means for another.
/// </summary>
public static class StudySchema
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, NewLine = "\n" };

    /// <summary>The schema's text, as published in docs/reference/study-protocol.schema.json.</summary>
    public static string Json() => Json(
        StudyShape.Whole, $"urn:fcml:study-protocol:{StudyShape.Protocol}", $"Study protocol, version {StudyShape.Protocol}",
        "What a federated study asks of hospitals: a declaration, never code. Reference: docs/reference/study-protocol.md.");

    /// <summary>The schema of a whole file.</summary>
    internal static string Json(MapShape whole, string id, string title, string description)
    {
        var schema = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["$id"] = id, ["title"] = title, ["description"] = description };
        foreach (var (key, value) in whole.Schema())
            schema[key] = value?.DeepClone();
        return schema.ToJsonString(s_indented) + "\n";
    }
}
