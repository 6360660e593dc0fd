using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// What whoever has taken a release hands back to its site, with every step that it asks for later: the newest ledger head that it has seen, as the site has signed it, countersigned. A site whose log lacks that
/// head runs on a restored backup or a clone.
/// </summary>
/// <param name="Own">The head, signed by the site's worker.</param>
/// <param name="Countersigned">The same, signed by the other.</param>
/// <param name="By">The other's key.</param>
public sealed record LedgerReceipt(SignedHead Own, SignedHead Countersigned, VerifyingKey By)
{
    /// <summary>Most bytes of its JSON.</summary>
    public const int MaximumLength = 2048;

    /// <summary>Countersigns a head.</summary>
    public static LedgerReceipt For(SignedHead own, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(own);
        ArgumentNullException.ThrowIfNull(key);
        return new LedgerReceipt(own, SignedHead.Sign(own.Site, own.Head, key), key.PublicKey);
    }

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(new JsonObject
    {
        ["by"] = Convert.ToBase64String(By.SubjectPublicKeyInfo.Span),
        ["countersigned"] = Countersigned.ToJson(),
        ["own"] = Own.ToJson(),
        ["site"] = Own.Site.Value,
    });

    /// <summary>Reads a receipt, strictly. Its signatures are still to be checked.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static LedgerReceipt Read(ReadOnlySpan<byte> json)
    {
        if (json.Length > MaximumLength)
            throw new FormatException($"A ledger's receipt has at most {MaximumLength} bytes.");
        var fields = new JsonFields(CanonicalJson.Read(json), "receipt");
        var site = SiteId.TryParse(fields.Text("site", 63), out var parsed) ? parsed : throw new FormatException("receipt.site must be a site name.");
        var receipt = new LedgerReceipt(SignedHead.Read(site, fields.Object("own")), SignedHead.Read(site, fields.Object("countersigned")), new VerifyingKey(Key(fields)));
        fields.End();
        return receipt;
    }

    private static byte[] Key(JsonFields fields)
    {
        var text = fields.Text("by", 256);
        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text, key, out var length) ? key[..length] : throw new FormatException("receipt.by must be base64.");
    }
}
