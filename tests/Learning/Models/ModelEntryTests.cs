using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Learning.Models;

public sealed class ModelEntryTests
{
    private static readonly string s_digest = Sha256Digest.Of([1]).ToString();

    [Fact]
    public void Manifest_says_what_it_follows_and_what_it_was_made_on_and_one_of_before_says_neither()
    {
        var whole = ModelEntry.Read(default, Manifest(2, ("parent", s_digest), ("environment", "0.1.0; .NET 10")));
        Assert.Equal((s_digest, "0.1.0; .NET 10"), (whole.Parent.ToString(), whole.Environment));
        Assert.Null(ModelEntry.Read(default, Manifest(2, ("parent", null), ("environment", "0.1.0; .NET 10"))).Parent);
        var before = ModelEntry.Read(default, Manifest(1));
        Assert.Equal((null, null), (before.Parent, before.Environment));
    }

    [Fact]
    public void Manifest_of_another_format_than_its_fields_is_refused()
    {
        Assert.Throws<FormatException>(() => ModelEntry.Read(default, Manifest(1, ("parent", s_digest), ("environment", "x"))));
        Assert.Throws<FormatException>(() => ModelEntry.Read(default, Manifest(2)));
        Assert.Throws<FormatException>(() => ModelEntry.Read(default, Manifest(3, ("parent", null), ("environment", "x"))));
        Assert.Throws<FormatException>(() => ModelEntry.Read(default, Manifest(2, ("parent", "none"), ("environment", "x"))));
        Assert.Throws<FormatException>(() => ModelEntry.Read(default, Manifest(2, ("parent", null), ("environment", new string('x', 513)))));
    }

    private static JsonObject Manifest(int format, params (string Name, string? Value)[] fields)
    {
        var manifest = new JsonObject
        {
            ["format"] = format, ["name"] = "heart", ["run"] = "0123456789abcdef", ["study"] = s_digest, ["initial"] = s_digest, ["registered"] = "2026-11-26T08:00:00.000Z", ["software"] = "0.1.0", ["files"] = new JsonArray(),
        };
        foreach (var (name, value) in fields)
            manifest[name] = value;
        return manifest;
    }
}
