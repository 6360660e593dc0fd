using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>
/// The secret under which predictions are sealed and inputs are fingerprinted, from the systemd credential <see cref="Credential"/>, or else from a file in the program's folder. Each purpose has
/// a key of its own, derived from it (HKDF, RFC 5869).
/// </summary>
/// <param name="secret">32 secret bytes.</param>
internal sealed class ScoringKey(byte[] secret)
{
    /// <summary>Name of the systemd credential.</summary>
    public const string Credential = "fcml-scoring-key";

    /// <summary>Key of the prediction log.</summary>
    public byte[] Predictions { get; } = Derive(secret, "fcml-predictions-v1"u8);

    /// <summary>Key of the fingerprints of inputs.</summary>
    public byte[] Fingerprints { get; } = Derive(secret, "fcml-inputs-v1"u8);

    private readonly byte[] _pseudonyms = Derive(secret, "fcml-scoring-pseudonyms-v1"u8);

    /// <summary>The key of a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="credentials">Where systemd puts credentials; null: there are none.</param>
    public static ScoringKey Open(ScoringFolder folder, string? credentials)
    {
        if (KeyFile.HandedOver(credentials, Credential) is { } handed)
            return new ScoringKey(KeyFile.Read(handed, KeyScope.Account));
        ScoringFolder.RequirePrivate(folder.Key);
        KeyFile.Protect(folder.Key, KeyScope.Account);
        return new ScoringKey(KeyFile.Read(folder.Key, KeyScope.Account));
    }

    /// <summary>What stands for an identifier of the EHR in the log, where a caller knows no pseudonym.</summary>
    public string PseudonymOf(string identifier) => Convert.ToHexStringLower(HMACSHA256.HashData(_pseudonyms, Encoding.UTF8.GetBytes(identifier)));

    private static byte[] Derive(byte[] secret, ReadOnlySpan<byte> purpose)
    {
        var key = new byte[SealedDisk.KeyLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], info: purpose);
        return key;
    }
}
