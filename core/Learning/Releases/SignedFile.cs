using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>A statement that people hand on as a file: <c>{"key": base64, "signature": base64, "statement": {...}}</c>, canonical JSON.</summary>
internal static class SignedFile
{
    private const int LongestKey = 200;
    private const int SignatureLength = 64;

    /// <summary>Signs a statement.</summary>
    /// <param name="context">The purpose (<see cref="SignatureContext"/>).</param>
    /// <param name="statement">What is stated.</param>
    /// <param name="key">Signs.</param>
    public static byte[] Sign(string context, JsonObject statement, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return CanonicalJson.Write(new JsonObject
        {
            ["key"] = Convert.ToBase64String(key.PublicKey.SubjectPublicKeyInfo.Span),
            ["signature"] = Convert.ToBase64String(key.Sign(context, CanonicalJson.Write(statement))),
            ["statement"] = statement,
        });
    }

    /// <summary>Reads a file that anybody may have written, and checks that the key that it names has signed it.</summary>
    /// <param name="context">The purpose.</param>
    /// <param name="file">The file.</param>
    /// <param name="read">Reads the statement, given the key; whatever it leaves is a fault.</param>
    /// <exception cref="FormatException">It is something else, or not signed by the key that it names; the message says what.</exception>
    public static T Read<T>(string context, ReadOnlySpan<byte> file, Func<JsonFields, VerifyingKey, T> read)
    {
        var fields = new JsonFields(CanonicalJson.Read(file), "file");
        var key = new VerifyingKey(Bytes(fields, "key", LongestKey));
        var signature = Bytes(fields, "signature", SignatureLength);
        var signed = CanonicalJson.Write(fields.Node("statement"));
        var statement = fields.Object("statement");
        fields.End();
        statement.Integer("format", 1, 1);
        var stated = read(statement, key);
        statement.End();
        return key.Verify(context, signed, signature) ? stated : throw new FormatException($"The statement is not signed by the key {key.Fingerprint} that it names: it was changed.");
    }

    private static byte[] Bytes(JsonFields fields, string name, int longest)
    {
        var bytes = new byte[longest];
        if (!Convert.TryFromBase64String(fields.Text(name, 2 * longest), bytes, out var length))
            fields.Fail(name, $"be at most {longest} bytes in base64");
        return bytes[..length];
    }
}
