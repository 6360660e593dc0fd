using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// One mechanism with the exact numbers that it ran with: what the worker's ledger writes down before anything is computed. Equal charges have equal
/// canonical bytes. What is protected is one PATIENT: data with and without all of a patient's rows.
/// </summary>
public abstract record PrivacyCharge
{
    // An int, so that no product of counts in the ledger leaves the 2^53 that JSON holds exactly.
    private protected PrivacyCharge(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        Steps = steps;
    }

    /// <summary>How often the mechanism ran, each time with noise (and a sample) of its own; from 1.</summary>
    public int Steps { get; }

    /// <summary>The charge as JSON, for <see cref="Studies.CanonicalJson"/>; fractions are strings, in lowest terms.</summary>
    public abstract JsonObject ToJson();

    /// <summary>Reads what <see cref="ToJson"/> made.</summary>
    /// <param name="node">The charge.</param>
    /// <param name="path">Where it is, for messages.</param>
    /// <exception cref="FormatException">A field is missing, unknown or outside of what a charge may hold.</exception>
    public static PrivacyCharge Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        try
        {
            PrivacyCharge charge = fields.Text("mechanism", 20) switch
            {
                GaussianCharge.Mechanism => GaussianCharge.Read(fields),
                PureCharge.Mechanism => PureCharge.Read(fields),
                _ => throw new FormatException($"{fields.PathOf("mechanism")} is none that this version can account for."),
            };
            fields.End();
            return charge;
        }
        catch (ArgumentOutOfRangeException outside)
        {
            throw new FormatException($"{path} is no charge: {outside.Message}", outside);
        }
    }

    /// <summary>An upper bound of the Renyi divergence, all steps together, at an order from 2.</summary>
    internal abstract double Divergence(int order);

    private protected static Rational Fraction(JsonFields fields, string name) => RationalBounds.Parse(fields.Text(name, 400), fields.PathOf(name));

    private protected static int Count(JsonFields fields) => (int)fields.Integer("steps", 1, int.MaxValue);
}
