using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FederatedClinicalMl.Studies;

/// <summary>
/// A submitter's detached signature over a study's canonical bytes, for the purpose <see cref="SignatureContext.Study"/>. Whether the
/// signer may submit studies (whose certificate it is, who issued it, whether it was revoked) is for the caller to decide.
/// </summary>
public static class StudySignature
{
    /// <summary>Signs with a key.</summary>
    /// <returns>64 bytes, IEEE P1363.</returns>
    public static byte[] Sign(Study study, SigningKey key) => key.Sign(SignatureContext.Study, study.Canonical.Span);

    /// <summary>Signs with the private key of a submitter's client certificate.</summary>
    /// <returns>64 bytes, IEEE P1363.</returns>
    /// <exception cref="CryptographicException">The certificate has no ECDSA P-256 private key.</exception>
    public static byte[] Sign(Study study, X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey();
        return key is { KeySize: 256 }
            ? key.SignData(SignatureContext.Bind(SignatureContext.Study, study.Canonical.Span), HashAlgorithmName.SHA256)
            : throw new CryptographicException($"The certificate '{certificate.Subject}' has no ECDSA P-256 private key; studies are signed with one.");
    }

    /// <summary>Whether <paramref name="signature"/> over these canonical bytes was made with <paramref name="key"/>.</summary>
    public static bool Verify(ReadOnlySpan<byte> canonical, ReadOnlySpan<byte> signature, VerifyingKey key) =>
        key.Verify(SignatureContext.Study, canonical, signature);

    /// <summary>Whether <paramref name="signature"/> over these canonical bytes was made with the key of <paramref name="certificate"/>.</summary>
    public static bool Verify(ReadOnlySpan<byte> canonical, ReadOnlySpan<byte> signature, X509Certificate2 certificate) =>
        Verify(canonical, signature, new VerifyingKey(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
}
