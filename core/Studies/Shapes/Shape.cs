using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// The shape of a value of the protocol: one description from which the checker, the JSON Schema and the reference tables are made, so
/// that they cannot disagree.
/// </summary>
internal abstract record Shape
{
    /// <summary>What is expected, as a fault's message and the reference say it, e.g. "a whole number from 1 to 100".</summary>
    public abstract string Expectation { get; }

    /// <summary>Checks and normalises (defaults filled in, one form per meaning). Null where a fault was reported.</summary>
    public abstract JsonNode? Check(DeclarationNode node, string path, FaultList faults);

    /// <summary>JSON Schema, draft 2020-12.</summary>
    public abstract JsonObject Schema();

    protected JsonNode? Refuse(DeclarationNode node, string path, FaultList faults, string? hint = null)
    {
        if (node is not DeclaredAmiss)
            faults.Add(node.Mark, path, $"{Expectation} is expected; here is {node.Description}.{(hint is null ? "" : " " + hint)}");
        return null;
    }
}

/// <summary>One key of a map.</summary>
/// <param name="Key">The key, in lower-case words joined by hyphens.</param>
/// <param name="Shape">Shape of its value.</param>
/// <param name="Meaning">What it means and what its choice trades, for the schema and the reference.</param>
/// <param name="Default">The value that a missing key stands for; null: none.</param>
/// <param name="Required">Whether the key must be there.</param>
/// <param name="Rival">A key that excludes this one; where it is present, the default is not filled in.</param>
internal sealed record Field(string Key, Shape Shape, string Meaning, JsonNode? Default = null, bool Required = false, string? Rival = null);
