using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>The file <c>manifest.json</c>: <c>{"key": base64, "manifest": {...}, "signature": base64}</c>.</summary>
/// <param name="Content">The manifest.</param>
/// <param name="Canonical">Its canonical bytes, which are signed and whose digest is the model's version.</param>
/// <param name="Key">The key that signed it. It says who claims to have made the entry; trust in it comes from elsewhere.</param>
/// <param name="Signature">The signature, 64 bytes.</param>
public sealed record ModelManifest(JsonObject Content, ReadOnlyMemory<byte> Canonical, VerifyingKey Key, ReadOnlyMemory<byte> Signature)
{
    /// <summary>Most bytes of the file.</summary>
    public const int MaximumLength = 1 << 20;

    private const int MaximumKey = 200;

    /// <summary>The model's version.</summary>
    public Sha256Digest Model => Sha256Digest.Of(Canonical.Span);

    /// <summary>What the manifest says.</summary>
    /// <exception cref="FormatException">The content is no manifest.</exception>
    public ModelEntry Entry => ModelEntry.Read(Model, Content);

    /// <summary>Signs a manifest.</summary>
    public static ModelManifest Sign(JsonObject content, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var canonical = CanonicalJson.Write(content);
        return new ModelManifest(content, canonical, key.PublicKey, key.Sign(SignatureContext.Model, canonical));
    }

    /// <summary>Whether a key has signed it.</summary>
    public bool IsBy(VerifyingKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Verify(SignatureContext.Model, Canonical.Span, Signature.Span);
    }

    /// <summary>Reads the file. Its signature is still to be checked (<see cref="IsBy"/>).</summary>
    /// <exception cref="FormatException">The bytes are no signed manifest.</exception>
    public static ModelManifest Read(ReadOnlySpan<byte> file)
    {
        var fields = new JsonFields(CanonicalJson.Read(file), ModelFileNames.Manifest);
        var content = fields.Node("manifest") as JsonObject ?? throw new FormatException($"{fields.PathOf("manifest")} must be an object.");
        var key = ReadKey(fields);
        var signature = Signed(fields);
        fields.End();
        return new ModelManifest(content, CanonicalJson.Write(content), key, signature);
    }

    /// <summary>The field <c>signature</c> of an object.</summary>
    /// <exception cref="FormatException">It is no signature.</exception>
    public static byte[] Signed(JsonFields fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var signature = new byte[64];
        if (!Convert.TryFromBase64String(fields.Text("signature", 88), signature, out var length) || length != signature.Length)
            fields.Fail("signature", "be 64 bytes in base64");
        return signature;
    }

    private static VerifyingKey ReadKey(JsonFields fields)
    {
        var key = new byte[MaximumKey];
        if (!Convert.TryFromBase64String(fields.Text("key", MaximumKey), key, out var length))
            fields.Fail("key", "be a public key in base64");
        return new VerifyingKey(key[..length]);
    }

    /// <summary>The file's bytes.</summary>
    public byte[] Write() => CanonicalJson.Write(new JsonObject
    {
        ["key"] = Convert.ToBase64String(Key.SubjectPublicKeyInfo.Span),
        ["manifest"] = Content.DeepClone(),
        ["signature"] = Convert.ToBase64String(Signature.Span),
    });
}
