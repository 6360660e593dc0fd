using System.Numerics;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Seals a recipient's two shares: AES-256-GCM (NIST SP 800-38D) under a key that HKDF-SHA256 derives from the agreed secret, the terms and all that the
/// message
/// says beside the ciphertext. So each key seals one plaintext only, which the same secrets always give; the nonce is constant, sealing again gives the same
/// bytes, and
/// what stands beside the ciphertext is authenticated with it.
/// </summary>
internal static class ShareSealing
{
    private const int TagLength = 16;

    /// <summary>Bytes of a sealed pair.</summary>
    public const int CiphertextLength = (2 * ShamirSharing.Length) + TagLength;

    public static SealedShare Seal(AggregationTerms terms, SealedShare head, ReadOnlySpan<byte> secret, BigInteger seedShare, BigInteger keyShare)
    {
        var ciphertext = new byte[CiphertextLength];
        byte[] plaintext = [.. ShamirSharing.Bytes(seedShare), .. ShamirSharing.Bytes(keyShare)];
        using var gcm = Cipher(terms, head, secret);
        gcm.Encrypt(new byte[12], plaintext, ciphertext.AsSpan(..^TagLength), ciphertext.AsSpan(^TagLength..));
        CryptographicOperations.ZeroMemory(plaintext);
        return head with { Ciphertext = ciphertext };
    }

    /// <summary>The two shares; null where it does not open, or does not hold what its sender committed to.</summary>
    public static (BigInteger Seed, BigInteger Key)? Open(AggregationTerms terms, SealedShare share, ReadOnlySpan<byte> secret)
    {
        var plaintext = new byte[2 * ShamirSharing.Length];
        using var gcm = Cipher(terms, share, secret);
        try
        {
            gcm.Decrypt(new byte[12], share.Ciphertext.Span[..^TagLength], share.Ciphertext.Span[^TagLength..], plaintext);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        var fits = ShamirSharing.TryRead(plaintext.AsSpan(..ShamirSharing.Length), out var seed) & ShamirSharing.TryRead(plaintext.AsSpan(ShamirSharing.Length..), out var key);
        CryptographicOperations.ZeroMemory(plaintext);
        return fits && Commitments.OfSeedShare(terms, share.Sender, share.Recipient, seed) == share.SeedShare
            && Commitments.OfKeyShare(terms, share.Sender, share.Recipient, key) == share.KeyShare
            ? (seed, key) : null;
    }

    private static AesGcm Cipher(AggregationTerms terms, SealedShare head, ReadOnlySpan<byte> secret)
    {
        var info = new ByteWriter().Text("fcml-share-seal-v1").Part(terms.Info.Span).Part(head.Unsealed()).ToArray();
        var key = new byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: default, info);
        try
        {
            return new AesGcm(key, TagLength);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
