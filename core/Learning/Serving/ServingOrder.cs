using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What a coordinator wants sites to serve of a line of models. It wants; what a site puts on its shelf, its worker decides.</summary>
/// <param name="Coordinator">The coordinator's id.</param>
/// <param name="Line">The line's name.</param>
/// <param name="Sequence">Number of the entry of the coordinator's log since which it is so: of two orders the greater one holds.</param>
/// <param name="Serves">What is served.</param>
/// <param name="At">Time of that entry.</param>
public sealed record ServingOrder(string Coordinator, string Line, long Sequence, ServedModels Serves, DateTimeOffset At)
{
    /// <summary>Most bytes of a signed order.</summary>
    public const int MaximumLength = 4096;

    private const int LongestCoordinator = 64;

    /// <summary>SHA-256 of what is signed: two orders of one digest say the same.</summary>
    public Sha256Digest Digest => Sha256Digest.Of(CanonicalJson.Write(ToJson()));

    /// <summary>Signs the order.</summary>
    /// <returns><c>{"key": base64, "signature": base64, "statement": {...}}</c>, canonical JSON.</returns>
    public byte[] Sign(SigningKey key) => SignedFile.Sign(SignatureContext.Serving, ToJson(), key);

    /// <summary>Reads an order that anybody may have made, and checks that the key that it names has signed it. Whether that is a key to follow is for the reader to know.</summary>
    /// <exception cref="FormatException">It is no order, or not signed by the key that it names; the message says what.</exception>
    public static (ServingOrder Order, VerifyingKey Signer) Read(ReadOnlySpan<byte> file) => file.Length > MaximumLength ? throw new FormatException($"A serving order has at most {MaximumLength} bytes.")
        : SignedFile.Read(SignatureContext.Serving, file, (statement, key) =>
        {
            var order = new ServingOrder(
                statement.Text("coordinator", LongestCoordinator), statement.Text("line", 63), statement.Integer("sequence", 1, 1L << 53), ServedModels.Read(statement),
                CanonicalTime.TryRead(statement.Text("at", CanonicalTime.Length), out var at) ? at : throw new FormatException($"{statement.PathOf("at")} must be a time in UTC with milliseconds."));
            if (order.Coordinator.Length == 0 || !order.Coordinator.All(char.IsAsciiLetterOrDigit))
                statement.Fail("coordinator", "be letters and digits");
            return Name.IsName(order.Line) ? (order, key) : throw new FormatException($"{statement.PathOf("line")} must be a model's name: {Name.Rule}.");
        });

    private JsonObject ToJson()
    {
        var json = new JsonObject { ["at"] = CanonicalTime.Write(At), ["coordinator"] = Coordinator, ["format"] = 1, ["line"] = Line, ["sequence"] = Sequence };
        Serves.WriteTo(json);
        return json;
    }
}
