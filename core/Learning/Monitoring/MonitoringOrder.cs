using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>Of which version a site is asked what it did: what a site is given with the order of a monitoring step. Canonical JSON <c>{"line","model","version"}</c>.</summary>
/// <param name="Line">The line.</param>
/// <param name="Served">The version, and its manifest's digest.</param>
public sealed record MonitoringOrder(string Line, ServedVersion Served)
{
    /// <summary>Most bytes.</summary>
    public const int MaximumLength = 1024;

    /// <summary>Canonical JSON.</summary>
    public byte[] Write()
    {
        var json = new JsonObject();
        WriteTo(json);
        return CanonicalJson.Write(json);
    }

    /// <summary>Reads an order, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else, or too many.</exception>
    public static MonitoringOrder Read(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaximumLength)
            throw new FormatException($"monitoring has {json.Length} bytes; at most {MaximumLength} are read.");
        var fields = new JsonFields(CanonicalJson.Read(json), "monitoring");
        var order = Read(fields);
        fields.End();
        return order;
    }

    internal static MonitoringOrder Read(JsonFields fields)
    {
        var line = fields.Text("line", 63);
        if (!Name.IsName(line))
            fields.Fail("line", $"be a model's name: {Name.Rule}");
        return new MonitoringOrder(line, ServedVersion.Read(fields));
    }

    internal void WriteTo(JsonObject json)
    {
        json["line"] = Line;
        json["model"] = Served.Model.ToString();
        json["version"] = Served.Version.ToString();
    }
}
