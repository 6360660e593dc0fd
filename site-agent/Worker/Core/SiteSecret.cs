using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// A key that never leaves the worker, for fingerprints of patient data: a plain hash of a small table, or of a pseudonym, confirms
/// guesses; HMAC-SHA256 (RFC 2104) under this key does not. Each purpose has its own derived key (HKDF, RFC 5869).
/// </summary>
public sealed class SiteSecret
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 32;

    private readonly byte[] _pseudonyms;
    private readonly byte[] _data;

    /// <summary>Takes over 32 secret bytes.</summary>
    public SiteSecret(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Length)
            throw new ArgumentException($"A site secret has {Length} bytes; here are {secret.Length}.", nameof(secret));
        var key = secret.ToArray();
        _pseudonyms = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, Length, info: "fcml-pseudonyms-v1"u8.ToArray());
        _data = HKDF.DeriveKey(HashAlgorithmName.SHA256, key, Length, info: "fcml-data-v1"u8.ToArray());
    }

    /// <summary>What stands for a patient's pseudonym in the worker's log.</summary>
    public Sha256Digest OfPseudonym(string pseudonym) => new(HMACSHA256.HashData(_pseudonyms, Encoding.UTF8.GetBytes(pseudonym)));

    /// <summary>Starts a fingerprint of data; the one who asked disposes it.</summary>
    public IncrementalHash BeginDataFingerprint() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _data);

    /// <summary>The fingerprint of what <paramref name="append"/> appends.</summary>
    public Sha256Digest FingerprintOf(Action<IncrementalHash> append)
    {
        ArgumentNullException.ThrowIfNull(append);
        using var hash = BeginDataFingerprint();
        append(hash);
        return Sha256Digest.Of(hash);
    }
}
