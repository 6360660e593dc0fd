using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// That a worker's signing key gave way to a new one: a statement signed by the old key, whose holder alone can say so, and by the new one, so that nobody takes another's key for a successor of
/// its own. There is none whose signatures are not right: both ways to one check them (docs/decisions/0025-worker-key-renewal.md).
/// </summary>
public sealed class KeyRenewal
{
    /// <summary>Most renewals of a worker, and so the longest way from one key to another. A worker that has had so many keys is set up anew.</summary>
    public const int Most = 64;

    // A P-256 SubjectPublicKeyInfo has 91 bytes.
    private const int LongestKey = 128;
    private const int SignatureLength = 64;

    private readonly byte[] _signature;
    private readonly byte[] _acceptance;

    private KeyRenewal(SiteId site, int number, VerifyingKey old, VerifyingKey next, DateTimeOffset at, byte[] signature, byte[] acceptance) =>
        (Site, Number, Old, New, At, _signature, _acceptance) = (site, number, old, next, at, signature, acceptance);

    /// <summary>Whose worker.</summary>
    public SiteId Site { get; }

    /// <summary>Which of this worker's renewals, from 1: each has the number after that of the one before.</summary>
    public int Number { get; }

    /// <summary>The key that gave way.</summary>
    public VerifyingKey Old { get; }

    /// <summary>The key that took its place.</summary>
    public VerifyingKey New { get; }

    /// <summary>When, to the second, by the worker's clock.</summary>
    public DateTimeOffset At { get; }

    /// <summary>Renews a key.</summary>
    /// <param name="site">Whose worker.</param>
    /// <param name="number">Which of its renewals, from 1 to <see cref="Most"/>.</param>
    /// <param name="old">The key that gives way.</param>
    /// <param name="next">The key that takes its place.</param>
    /// <param name="at">When.</param>
    public static KeyRenewal Sign(SiteId site, int number, SigningKey old, SigningKey next, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(old);
        ArgumentNullException.ThrowIfNull(next);
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, Most);
        var whole = DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds());
        var statement = CanonicalJson.Write(Statement(site, number, old.PublicKey, next.PublicKey, whole));
        return new KeyRenewal(
            site, number, old.PublicKey, next.PublicKey, whole, old.Sign(SignatureContext.KeyRenewal, statement), next.Sign(SignatureContext.KeyRenewal, statement));
    }

    /// <summary>Reads a renewal that anybody may have sent, and checks both signatures.</summary>
    /// <returns>The renewal; null where it is none. Never throws.</returns>
    public static KeyRenewal? Read(JsonNode? node)
    {
        if (node is not JsonObject json || !SiteId.TryParse(Text(json, "site"), out var site)
            || json["number"] is not JsonValue counted || !counted.TryGetValue(out long number) || number is < 1 or > Most
            || json["at"] is not JsonValue timed || !timed.TryGetValue(out long seconds) || seconds is < 0 or > 253_402_300_799 // the year 9999
            || Bytes(json, "old", LongestKey) is not { } old || Bytes(json, "new", LongestKey) is not { } next
            || Bytes(json, "signature", SignatureLength) is not { Length: SignatureLength } signature || Bytes(json, "acceptance", SignatureLength) is not { Length: SignatureLength } acceptance)
            return null;
        var read = new KeyRenewal(site, (int)number, new VerifyingKey(old), new VerifyingKey(next), DateTimeOffset.FromUnixTimeSeconds(seconds), signature, acceptance);
        if (read.Old.Equals(read.New) || !read.IsWhole(json))
            return null;
        var statement = CanonicalJson.Write(read.Statement());
        return read.Old.Verify(SignatureContext.KeyRenewal, statement, signature) && read.New.Verify(SignatureContext.KeyRenewal, statement, acceptance) ? read : null;
    }

    /// <summary>The renewal as JSON.</summary>
    public JsonObject ToJson()
    {
        var json = Statement();
        json["signature"] = Convert.ToBase64String(_signature);
        json["acceptance"] = Convert.ToBase64String(_acceptance);
        return json;
    }

    /// <summary>Whether the other says the same; each signature of it is another one.</summary>
    public bool SaysTheSame(KeyRenewal other) => other is not null && CanonicalJson.Write(Statement()).AsSpan().SequenceEqual(CanonicalJson.Write(other.Statement()));

    // There is one form, and no other field.
    private bool IsWhole(JsonObject json)
    {
        try
        {
            return CanonicalJson.Write(json).AsSpan().SequenceEqual(CanonicalJson.Write(ToJson()));
        }
        catch (FormatException)
        {
            return false; // it has no canonical form
        }
    }

    private JsonObject Statement() => Statement(Site, Number, Old, New, At);

    private static JsonObject Statement(SiteId site, int number, VerifyingKey old, VerifyingKey next, DateTimeOffset at) => new()
    {
        ["at"] = at.ToUnixTimeSeconds(),
        ["new"] = Convert.ToBase64String(next.SubjectPublicKeyInfo.Span),
        ["number"] = (long)number,
        ["old"] = Convert.ToBase64String(old.SubjectPublicKeyInfo.Span),
        ["site"] = site.Value,
    };

    private static string Text(JsonObject json, string name) => json[name] is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    private static byte[]? Bytes(JsonObject json, string name, int longest)
    {
        var bytes = new byte[longest];
        return Convert.TryFromBase64String(Text(json, name), bytes, out var length) ? bytes[..length] : null;
    }
}
