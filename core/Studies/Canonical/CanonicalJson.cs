using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>JSON in one canonical form of bytes: RFC 8785 (JSON Canonicalization Scheme).</summary>
public static class CanonicalJson
{
    /// <summary>The canonical UTF-8 bytes of <paramref name="node"/>.</summary>
    /// <exception cref="FormatException">A number is not finite, or a string is not valid Unicode.</exception>
    public static byte[] Write(JsonNode? node) => throw new NotImplementedException();

    /// <summary>Reads JSON strictly (no duplicate names, comments or trailing commas; depth at most 64).</summary>
    /// <exception cref="FormatException">The bytes are not such JSON; the message says where.</exception>
    public static JsonNode? Read(ReadOnlySpan<byte> utf8) => throw new NotImplementedException();
}
