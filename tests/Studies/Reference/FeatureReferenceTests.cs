using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Studies.Reference;

public sealed class FeatureReferenceTests
{
    private const string Page = "docs/reference/features.md";

    [Fact]
    public void Reference_tables_areWhatTheCodeGenerates() => Published.PartEqual(Page, "made from the code", ReferenceTables.Of(FeatureShape.Definition));

    [Fact]
    public void Reference_systems_areWhatTheCodeGenerates()
    {
        var text = new StringBuilder("\n| name | stands for |\n|---|---|\n");
        foreach (var name in CodeSystemNames.All)
            text.Append($"| `{name}` | {ReferenceTables.Cell(CodeSystemNames.MeaningOf(name))} |\n");

        Published.PartEqual(Page, "code systems, made from the code", text.ToString());
    }

    [Fact]
    public void Reference_list_isTheBuiltInLibrary()
    {
        var text = new StringBuilder("\n| feature | title | computed as | unit |\n|---|---|---|---|\n");
        foreach (var feature in FeatureLibrary.BuiltIn.Features)
        {
            var value = CanonicalJson.Read(feature.Canonical.Span)!["value"]!.AsObject();
            var unit = value["unit"] is { } given ? $"`{given}{((string?)value["aggregate"] == "slope" ? "/d" : "")}`" : "-";
            text.Append($"| `{feature.Definition.Reference}` | {ReferenceTables.Cell(feature.Definition.Title)} | {Computed(value)} | {unit} |\n");
        }

        Published.PartEqual(Page, "built-in features, made from the code", text.ToString());
    }

    [Fact]
    public void Reference_example_isADefinitionWithoutFaults()
    {
        const string Begin = "```yaml\n";
        var text = Repository.Read(Page).ReplaceLineEndings("\n");
        var from = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;

        Assert.Empty(FeatureLibrary.Read(Page, text[from..text.IndexOf("```", from, StringComparison.Ordinal)]).Faults);
    }

    private static string Computed(JsonObject value)
    {
        var kind = value["aggregate"] ?? value["kind"]!;
        if (value["grid"] is { } grid)
            return $"{kind}, {grid["steps"]} steps of {grid["step"]}";
        return value["window"] is { } window ? $"{kind}, from {window["from"]}{((string?)window["to"] == "0d" ? "" : $" to {window["to"]}")}" : $"{kind}";
    }
}
