using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Durability;

/// <summary>One entry of a <see cref="ChainedLog"/>.</summary>
/// <param name="Sequence">Its number, from 1, without gaps.</param>
/// <param name="At">When it was appended, to the millisecond, in UTC.</param>
/// <param name="Kind">What it records, e.g. "study-approved".</param>
/// <param name="Body">What is recorded; not to be changed.</param>
/// <param name="Previous">Hash of the entry before; all zero for the first.</param>
/// <param name="Hash">SHA-256 of the canonical JSON of everything but the hash itself; the signature is covered.</param>
/// <param name="Line">The entry as stored: canonical JSON.</param>
public sealed record LogEntry(
    long Sequence, DateTimeOffset At, string Kind, JsonObject Body, Sha256Digest Previous, Sha256Digest Hash, ReadOnlyMemory<byte> Line)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    // What is signed: everything but hash and signature. What is hashed: everything but the hash. So a changed byte of an old
    // signature breaks the chain like any other, and the last signature vouches for the whole chain. The three are one text with gaps, so the body is written once.
    internal static LogEntry Make(long sequence, DateTimeOffset at, string kind, JsonObject body, Sha256Digest previous, SigningKey key)
    {
        at = DateTimeOffset.FromUnixTimeMilliseconds(at.ToUnixTimeMilliseconds());
        var written = CanonicalJson.Write(body);
        byte[] before = [.. "{\"at\":"u8, .. CanonicalJson.Write(at.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture)), .. ",\"body\":"u8, .. written];
        byte[] after = [.. ",\"kind\":"u8, .. CanonicalJson.Write(kind), .. ",\"previous\":"u8, .. CanonicalJson.Write(previous.ToString()), .. ",\"sequence\":"u8, .. CanonicalJson.Write(sequence)];
        var signature = key.Sign(SignatureContext.LogEntry, [.. before, .. after, (byte)'}']);
        after = [.. after, .. ",\"signature\":"u8, .. CanonicalJson.Write(Convert.ToBase64String(signature)), (byte)'}'];
        var hash = Sha256Digest.Of([.. before, .. after]);
        byte[] line = [.. before, .. ",\"hash\":"u8, .. CanonicalJson.Write(hash.ToString()), .. after];
        return new LogEntry(sequence, at, kind, (JsonObject)CanonicalJson.Read(written)!, previous, hash, line);
    }

    // Reads a line and holds it against its place in the chain. Signed: what the signature covers.
    internal static LogEntry Parse(ReadOnlyMemory<byte> line, long sequence, Sha256Digest previous, out LogSignature signature)
    {
        if (CanonicalJson.Read(line.Span) is not JsonObject entry || !CanonicalJson.Write(entry).AsSpan().SequenceEqual(line.Span))
            throw new FormatException("it is not a canonical JSON object.");
        var at = Text(entry, "at");
        var kind = Text(entry, "kind");
        if (entry.Count != 7 || entry["body"] is not JsonObject body)
            throw new FormatException("it does not have the members of an entry.");
        if (!DateTimeOffset.TryParseExact(at, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            throw new FormatException($"its time '{at}' is none.");
        if (entry["sequence"] is not JsonValue number || !number.TryGetValue(out long found) || found != sequence)
            throw new FormatException($"its number is {entry["sequence"]?.ToJsonString() ?? "missing"}: an entry was removed, added or moved.");
        if (Text(entry, "previous") != previous.ToString())
            throw new FormatException("it does not follow the entry before it: one of the two was changed.");
        var hash = Text(entry, "hash");
        entry.Remove("hash");
        var computed = Sha256Digest.Of(CanonicalJson.Write(entry));
        if (hash != computed.ToString())
            throw new FormatException("its hash is not that of its content: it was changed.");
        var signed = Text(entry, "signature");
        entry.Remove("signature");
        var bytes = new byte[64];
        if (!Convert.TryFromBase64String(signed, bytes, out var length) || length != bytes.Length)
            throw new FormatException("its signature is malformed.");
        signature = new LogSignature(CanonicalJson.Write(entry), bytes);
        entry.Remove("body");
        return new LogEntry(sequence, time, kind, body, previous, computed, line);
    }

    private static string Text(JsonObject entry, string name) =>
        entry[name] is JsonValue value && value.TryGetValue(out string? text) ? text : throw new FormatException($"its '{name}' is missing or no text.");
}

internal readonly record struct LogSignature(byte[] Signed, byte[] Signature)
{
    public bool IsBy(VerifyingKey key) => key.Verify(SignatureContext.LogEntry, Signed, Signature);
}
