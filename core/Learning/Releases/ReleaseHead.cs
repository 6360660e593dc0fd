using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// What a release's file begins with; the payload follows at once. The same bytes at rest, on the wire and in staging.
/// <list type="table">
/// <item><term>8 bytes</term><description><c>FCMLREL1</c></description></item>
/// <item><term>4 bytes</term><description>m, little-endian, 1 to 65,536</description></item>
/// <item><term>m bytes</term><description>canonical JSON <c>{"manifest":{...},"signature":base64}</c>; the worker signs the canonical manifest</description></item>
/// </list>
/// </summary>
public sealed class ReleaseHead
{
    /// <summary>Bytes before the JSON.</summary>
    public const int PrefixLength = 12;

    /// <summary>Most bytes of the JSON.</summary>
    public const int MaximumJsonLength = 64 << 10;

    private const int SignatureLength = 64;

    private readonly byte[] _signature;

    private ReleaseHead(ReleaseManifest manifest, byte[] signature, byte[] bytes)
    {
        Manifest = manifest;
        _signature = signature;
        Bytes = bytes;
        Digest = Sha256Digest.Of(bytes.AsSpan(PrefixLength));
    }

    private static ReadOnlySpan<byte> Magic => "FCMLREL1"u8;

    /// <summary>What the release says of itself.</summary>
    public ReleaseManifest Manifest { get; }

    /// <summary>The whole head; the payload starts at its length.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The release digest: SHA-256 of the JSON bytes, which name the payload by its own digest.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>Length of the whole file.</summary>
    public long FileLength => Bytes.Length + Manifest.PayloadLength;

    /// <summary>Signs a manifest.</summary>
    /// <exception cref="FormatException">The manifest is not one that <see cref="Read"/> would take.</exception>
    public static ReleaseHead Sign(ReleaseManifest manifest, SigningKey key)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(key);
        ReleaseManifest.Read(manifest.ToJson());
        var signature = key.Sign(SignatureContext.Release, CanonicalJson.Write(manifest.ToJson()));
        var json = CanonicalJson.Write(new JsonObject { ["manifest"] = manifest.ToJson(), ["signature"] = Convert.ToBase64String(signature) });
        return new ReleaseHead(manifest, signature, Frame(json));
    }

    /// <summary>The head whose JSON bytes are these, as a worker keeps them in its log.</summary>
    /// <exception cref="FormatException">The bytes are no head's.</exception>
    public static ReleaseHead FromJson(ReadOnlySpan<byte> json) => Read(Frame(json));

    /// <summary>Whether the worker that holds this key signed the manifest.</summary>
    public bool IsSignedBy([NotNullWhen(true)] VerifyingKey? key) =>
        key is not null && key.Verify(SignatureContext.Release, CanonicalJson.Write(Manifest.ToJson()), _signature);

    /// <summary>The length of the whole head, from its first <see cref="PrefixLength"/> bytes.</summary>
    /// <exception cref="FormatException">This is no release, or its head is too long.</exception>
    public static int LengthOf(ReadOnlySpan<byte> prefix)
    {
        if (prefix.Length < PrefixLength || !prefix.StartsWith(Magic))
            throw new FormatException("This is no release: it does not begin with FCMLREL1.");
        var length = BinaryPrimitives.ReadUInt32LittleEndian(prefix[Magic.Length..]);
        if (length is 0 or > MaximumJsonLength)
            throw new FormatException($"The release's head must hold 1 to {MaximumJsonLength} bytes of JSON.");
        return PrefixLength + (int)length;
    }

    /// <summary>Reads a head that arrived. Its signature is still to be checked: <see cref="IsSignedBy"/>.</summary>
    /// <param name="bytes">The file's beginning; what follows the head is not looked at.</param>
    /// <exception cref="FormatException">The bytes are no head; the message says why.</exception>
    public static ReleaseHead Read(ReadOnlySpan<byte> bytes)
    {
        var length = LengthOf(bytes);
        if (bytes.Length < length)
            throw new FormatException($"The release's head has {length} bytes; here are {bytes.Length}.");
        var json = bytes[PrefixLength..length];
        var node = CanonicalJson.Read(json);
        var fields = new JsonFields(node, "head");
        var manifest = ReleaseManifest.Read(fields.Node("manifest"));
        var signature = new byte[SignatureLength];
        if (!Convert.TryFromBase64String(fields.Text("signature", 88), signature, out var written) || written != SignatureLength)
            fields.Fail("signature", $"be {SignatureLength} bytes in base64");
        fields.End();
        if (!json.SequenceEqual(CanonicalJson.Write(node))) // one release, one digest
            throw new FormatException("The release's head is not in canonical form.");
        return new ReleaseHead(manifest, signature, bytes[..length].ToArray());
    }

    private static byte[] Frame(ReadOnlySpan<byte> json)
    {
        var bytes = new byte[PrefixLength + json.Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(Magic.Length), (uint)json.Length);
        json.CopyTo(bytes.AsSpan(PrefixLength));
        return bytes;
    }
}
