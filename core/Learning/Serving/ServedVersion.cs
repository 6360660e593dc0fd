using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>A version that sites answer with.</summary>
/// <param name="Version">The version.</param>
/// <param name="Model">SHA-256 of its canonical manifest.</param>
public sealed record ServedVersion(ModelVersion Version, Sha256Digest Model)
{
    /// <summary>The JSON form: <c>{"model", "version"}</c>.</summary>
    public JsonObject ToJson() => new() { ["model"] = Model.ToString(), ["version"] = Version.ToString() };

    /// <summary>Reads the fields <c>version</c> and <c>model</c> of an object.</summary>
    /// <exception cref="FormatException">They are something else.</exception>
    public static ServedVersion Read(JsonFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        if (!ModelVersion.TryParse(fields.Text("version", 32), out var version))
            fields.Fail("version", "be a version: three numbers, such as 1.2.0");
        return new ServedVersion(version, ServedDigest.Read(fields, "model"));
    }
}

/// <summary>A version that is tried beside the one in production.</summary>
/// <param name="Served">The version.</param>
/// <param name="Rollout">How far it is let in.</param>
public sealed record ServedCandidate(ServedVersion Served, Rollout Rollout)
{
    /// <summary>The JSON form: <c>{"mode", "model", "percent", "version"}</c>.</summary>
    public JsonObject ToJson()
    {
        var json = Served.ToJson();
        json["mode"] = Rollout.Mode.Word();
        json["percent"] = Rollout.Percent;
        return json;
    }

    /// <summary>Reads the fields of an object.</summary>
    /// <exception cref="FormatException">They are something else.</exception>
    public static ServedCandidate Read(JsonFields fields) => new(ServedVersion.Read(fields), Rollout.Read(fields));
}

/// <summary>Digests in what is served.</summary>
internal static class ServedDigest
{
    internal static Sha256Digest Read(JsonFields fields, string name) =>
        fields.Text(name, 64) is var text && Sha256Digest.TryParse(text, out var digest) && digest.ToString() == text
            ? digest : throw new FormatException($"{fields.PathOf(name)} must be 64 lower-case hexadecimal digits.");
}
