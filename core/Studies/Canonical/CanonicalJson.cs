using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// JSON in one canonical form of bytes: RFC 8785 (JSON Canonicalization Scheme), on the data model of I-JSON (RFC 7493). Numbers are
/// IEEE 754 doubles; an integer that a double cannot hold is refused in both directions rather than rounded (RFC 8785 appendix D:
/// such integers travel as strings).
/// </summary>
public static class CanonicalJson
{
    /// <summary>How deep arrays and objects may nest, in both directions.</summary>
    public const int MaximumDepth = 64;

    /// <summary>The canonical UTF-8 bytes of <paramref name="node"/>.</summary>
    /// <exception cref="FormatException">A number is not finite or not held exactly by a double, a string is not valid Unicode, or the depth is above 64.</exception>
    public static byte[] Write(JsonNode? node) => CanonicalJsonWriter.Write(node);

    /// <summary>
    /// Reads JSON strictly: valid UTF-8 without byte order mark, no duplicate names, comments or trailing commas, no lone surrogates,
    /// depth at most 64. The text need not be canonical: who needs that compares the bytes with <see cref="Write"/> of the result.
    /// </summary>
    /// <exception cref="FormatException">The bytes are not such JSON; the message says in which line and column (in bytes).</exception>
    public static JsonNode? Read(ReadOnlySpan<byte> utf8) => CanonicalJsonReader.Read(utf8);
}
