using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>How far a privacy ledger has come: its last entry, which vouches for every one before it.</summary>
/// <param name="Sequence">The entry's number in the worker's log; 0 where there is none.</param>
/// <param name="Digest">The entry's hash; all zero where there is none.</param>
public readonly record struct LedgerHead(long Sequence, Sha256Digest Digest)
{
    /// <summary>Whether a log lacks this head: it is a restored backup, or a clone that went another way.</summary>
    /// <param name="hashOf">Hash of the log's entry of a number; null where it has none.</param>
    public bool IsBehind(Func<long, Sha256Digest?> hashOf) => Sequence > 0 && hashOf(Sequence) != Digest;

    /// <inheritdoc/>
    public override string ToString() => $"{Sequence}:{Digest}";
}

/// <summary>A site's head, signed: by its own worker, as each release under differential privacy carries it, or by whoever has seen it.</summary>
/// <param name="Site">The site.</param>
/// <param name="Head">Its ledger's head.</param>
/// <param name="Signature">Over canonical JSON <c>{"digest", "sequence", "site"}</c>, for <see cref="SignatureContext.LedgerHead"/>.</param>
public sealed record SignedHead(SiteId Site, LedgerHead Head, ReadOnlyMemory<byte> Signature)
{
    /// <summary>Bytes of the signature.</summary>
    public const int SignatureLength = 64;

    /// <summary>Greatest number of an entry: every number up to it is one in JSON.</summary>
    public const long MaximumSequence = 1L << 53;

    /// <summary>Signs a site's head.</summary>
    public static SignedHead Sign(SiteId site, LedgerHead head, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new SignedHead(site, head, key.Sign(SignatureContext.LedgerHead, Statement(site, head)));
    }

    /// <summary>Whether a key has signed it.</summary>
    public bool IsBy(VerifyingKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Verify(SignatureContext.LedgerHead, Statement(Site, Head), Signature.Span);
    }

    /// <summary>The head without its site, as JSON: <c>{"digest", "sequence", "signature"}</c>.</summary>
    public JsonObject ToJson() => new() { ["digest"] = Head.Digest.ToString(), ["sequence"] = Head.Sequence, ["signature"] = Convert.ToBase64String(Signature.Span) };

    /// <summary>Reads what <see cref="ToJson"/> gives. Its signature is still to be checked.</summary>
    /// <param name="site">Whose head it is said to be.</param>
    /// <param name="fields">The object.</param>
    /// <exception cref="FormatException">It is something else.</exception>
    public static SignedHead Read(SiteId site, JsonFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var signature = new byte[SignatureLength];
        if (!Convert.TryFromBase64String(fields.Text("signature", 88), signature, out var written) || written != SignatureLength)
            fields.Fail("signature", $"be {SignatureLength} bytes in base64");
        var digest = Sha256Digest.TryParse(fields.Text("digest", 64), out var parsed) ? parsed : throw new FormatException($"{fields.PathOf("digest")} must be 64 hexadecimal digits.");
        var head = new SignedHead(site, new LedgerHead(fields.Integer("sequence", 1, MaximumSequence), digest), signature);
        fields.End();
        return head;
    }

    private static byte[] Statement(SiteId site, LedgerHead head) =>
        CanonicalJson.Write(new JsonObject { ["digest"] = head.Digest.ToString(), ["sequence"] = head.Sequence, ["site"] = site.Value });
}
