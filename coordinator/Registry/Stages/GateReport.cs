using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What one gate came to.</summary>
/// <param name="Name">Which gate, e.g. <c>auroc</c>.</param>
/// <param name="Passed">Whether the version may pass it.</param>
/// <param name="Sentence">What was measured, against what, for people.</param>
public sealed record GateResult(string Name, bool Passed, string Sentence);

/// <summary>What all gates of a promotion came to. What was not measured has not passed.</summary>
/// <param name="Gates">Each gate.</param>
public sealed record GateReport(ImmutableArray<GateResult> Gates)
{
    /// <summary>Whether there are gates, and every one has passed.</summary>
    public bool Passed => !Gates.IsEmpty && Gates.All(gate => gate.Passed);

    private const int Most = 100;
    private const int Longest = 2000;

    /// <summary>The report as JSON.</summary>
    public JsonArray ToJson() => new([.. Gates.Select(gate => new JsonObject { ["gate"] = gate.Name, ["passed"] = gate.Passed, ["sentence"] = gate.Sentence })]);

    /// <summary>Reads the field <c>gates</c> of an entry.</summary>
    /// <exception cref="FormatException">It is something else.</exception>
    internal static GateReport Read(JsonFields entry) => new([.. entry.List("gates", Most, (node, path) =>
    {
        var fields = new JsonFields(node, path);
        var gate = new GateResult(fields.Text("gate", 63), fields.Flag("passed"), fields.Text("sentence", Longest));
        fields.End();
        return gate;
    })]);
}
