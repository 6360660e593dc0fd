using System.Security.Cryptography;
using System.Text;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The one key of a consortium: 32 secret bytes, from which every member derives the same ternary secret. They are made at one site and wrapped to each member's key agreement key, which that
/// member's worker key has signed.
/// </summary>
/// <remarks>
/// Wrapping: ECDH on P-256 with a key of its own for each wrapping (SP 800-56A, one-pass), HKDF-SHA256 of the shared secret with both points and the context in its info, AES-256-GCM under the key that comes out. That key
/// encrypts once, so that its nonce is zero. Bytes: 1, the point (65, uncompressed), 32 encrypted, 16 of tag.
/// </remarks>
public static class ConsortiumKey
{
    /// <summary>Bytes of the secret; from the operating system's generator.</summary>
    public const int RootLength = 32;

    /// <summary>Bytes of a wrapped secret.</summary>
    public const int WrappedLength = 1 + PointLength + RootLength + TagLength;

    private const byte Version = 1;
    private const int PointLength = 65;
    private const int TagLength = 16;
    private const int NonceLength = 12;
    private const string CurveName = "1.2.840.10045.3.1.7"; // P-256

    /// <summary>The secret key that every member derives.</summary>
    /// <param name="parameters">The study's ring: another one makes another key.</param>
    /// <param name="root">The consortium's 32 secret bytes.</param>
    public static BfvSecretKey Derive(BfvParameters parameters, ReadOnlySpan<byte> root)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        using var stream = KeyStream.Derive(root, "fcml-bfv-consortium-v1", parameters.Id);
        return BfvSecretKey.Generate(parameters, stream);
    }

    /// <summary>Wraps the secret for one member.</summary>
    /// <param name="root">The consortium's 32 secret bytes.</param>
    /// <param name="member">The member's P-256 key agreement key.</param>
    /// <param name="context">What the key is for: the study, the key epoch, the member, the maker.</param>
    /// <exception cref="ArgumentException">The secret has another length, or the key is on another curve.</exception>
    public static byte[] Wrap(ReadOnlySpan<byte> root, ECDiffieHellmanPublicKey member, ReadOnlySpan<byte> context)
    {
        ArgumentNullException.ThrowIfNull(member);
        if (root.Length != RootLength)
            throw new ArgumentException($"A consortium's secret has {RootLength} bytes.", nameof(root));
        var recipient = member.ExportParameters();
        if (recipient.Curve.Oid.Value != CurveName)
            throw new ArgumentException("A member's key agreement key is on the curve P-256.", nameof(member));

        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var wrapped = new byte[WrappedLength];
        wrapped[0] = Version;
        var point = wrapped.AsSpan(1, PointLength);
        Point(ephemeral.PublicKey.ExportParameters()).CopyTo(point);
        using var aes = Key(ephemeral, member, point, Point(recipient), context);
        aes.Encrypt(stackalloc byte[NonceLength], root, wrapped.AsSpan(1 + PointLength, RootLength), wrapped.AsSpan(1 + PointLength + RootLength));
        return wrapped;
    }

    /// <summary>Unwraps the secret.</summary>
    /// <param name="wrapped">The bytes, which may come from anybody: who made them is another message's matter, signed by the maker.</param>
    /// <param name="key">This member's private key agreement key.</param>
    /// <param name="context">What <see cref="Wrap"/> was given.</param>
    /// <exception cref="FormatException">They were not wrapped for this key and context, or were changed.</exception>
    public static byte[] Unwrap(ReadOnlySpan<byte> wrapped, ECDiffieHellman key, ReadOnlySpan<byte> context)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (wrapped.Length != WrappedLength || wrapped[0] != Version || wrapped[1] != 4)
            throw new FormatException($"A wrapped consortium key has {WrappedLength} bytes of version {Version}.");
        var point = wrapped.Slice(1, PointLength);
        var root = new byte[RootLength];
        try
        {
            using var ephemeral = ECDiffieHellman.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = point.Slice(1, 32).ToArray(), Y = point.Slice(33, 32).ToArray() },
            });
            using var aes = Key(key, ephemeral.PublicKey, point, Point(key.PublicKey.ExportParameters()), context);
            aes.Decrypt(stackalloc byte[NonceLength], wrapped.Slice(1 + PointLength, RootLength), wrapped[(1 + PointLength + RootLength)..], root);
        }
        catch (CryptographicException) // a point that is not on the curve, or a tag that does not fit
        {
            throw new FormatException("These bytes are no consortium key that was wrapped for this member and this study: have them sent again, and compare fingerprints.");
        }

        return root;
    }

    private static AesGcm Key(ECDiffieHellman own, ECDiffieHellmanPublicKey other, ReadOnlySpan<byte> ephemeral, ReadOnlySpan<byte> recipient, ReadOnlySpan<byte> context)
    {
        var shared = own.DeriveRawSecretAgreement(other);
        var key = new byte[32];
        byte[] info = [.. Encoding.ASCII.GetBytes("fcml-bfv-wrap-v1\n"), .. ephemeral, .. recipient, .. context]; // only the last has a length of its own
        HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, key, salt: default, info);
        CryptographicOperations.ZeroMemory(shared);
        var aes = new AesGcm(key, TagLength);
        CryptographicOperations.ZeroMemory(key);
        return aes;
    }

    private static byte[] Point(ECParameters parameters) => [4, .. parameters.Q.X!, .. parameters.Q.Y!];
}
