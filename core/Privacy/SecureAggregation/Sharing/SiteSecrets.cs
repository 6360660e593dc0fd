using System.Numerics;
using System.Security.Cryptography;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// All that a site keeps secret in one attempt, derived from its run's root, the terms, and everything else that its update depends on: after a kill it is
/// the same, and
/// nothing of it is ever stored. Elements are <see cref="BigInteger"/>s, whose arithmetic takes a time that depends on them; whoever can time
/// the worker's instructions is on its host.
/// </summary>
internal sealed class SiteSecrets : IDisposable
{
    private readonly Lazy<(BigInteger[] Seed, BigInteger[] Key)> _shares;
    private readonly Dictionary<Sha256Digest, byte[]> _agreed = [];
    private readonly ECDiffieHellman _encryptionKey;
    private readonly ECDiffieHellman _maskKey;

    public SiteSecrets(ReadOnlySpan<byte> root, AggregationTerms terms, int me, Sha256Digest inputs)
    {
        // One stream in one order. The shares come last, and lazily: only one step needs them.
        using var stream = KeyStream.Derive(root, "fcml-aggregation-site-v1", new ByteWriter().Part(terms.Info.Span).Byte((byte)me).Digest(inputs).ToArray());
        _encryptionKey = KeyAgreement.Import(ShamirSharing.Draw(stream));
        var maskKey = ShamirSharing.Draw(stream);
        _maskKey = KeyAgreement.Import(maskKey);
        var seed = ShamirSharing.Draw(stream);
        Seed = seed;
        var polynomials = new byte[32];
        stream.Fill(polynomials);
        stream.Fill(EncryptionRoot);
        _shares = new(() =>
        {
            using var randomness = KeyStream.Derive(polynomials, "fcml-aggregation-shares-v1", []);
            return (ShamirSharing.Divide(seed, terms.Threshold, terms.Members.Count, randomness), ShamirSharing.Divide(maskKey, terms.Threshold, terms.Members.Count, randomness));
        });
    }

    /// <summary>The public half of the key that shares are sealed with.</summary>
    public byte[] EncryptionKey => KeyAgreement.PublicOf(_encryptionKey);

    /// <summary>The public half of the key that pairwise masks are agreed with.</summary>
    public byte[] MaskKey => KeyAgreement.PublicOf(_maskKey);

    /// <summary>What everything of an encrypted round is derived from, beside its masks.</summary>
    public byte[] EncryptionRoot { get; } = new byte[32];

    /// <summary>The key that shares are sealed with, and a consortium's key is wrapped for.</summary>
    public ECDiffieHellman EncryptionKeyPair => _encryptionKey;

    /// <summary>What the self-mask is derived from.</summary>
    public BigInteger Seed { get; }

    /// <summary>Each member's share of the seed.</summary>
    public BigInteger[] SeedShares => _shares.Value.Seed;

    /// <summary>Each member's share of the mask key.</summary>
    public BigInteger[] KeyShares => _shares.Value.Key;

    /// <summary>What this site and another seal shares for each other with.</summary>
    public ReadOnlySpan<byte> SealingSecret(ReadOnlyMemory<byte> theirs) => Agreed(_encryptionKey, theirs.Span);

    /// <summary>What this site and another derive their mask from.</summary>
    public ReadOnlySpan<byte> MaskSecret(ReadOnlyMemory<byte> theirs) => Agreed(_maskKey, theirs.Span);

    public void Dispose()
    {
        _encryptionKey.Dispose();
        _maskKey.Dispose();
        foreach (var secret in _agreed.Values)
            CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(EncryptionRoot);
    }

    // No public key is in a roster twice, so none stands for sealing and for masks.
    private byte[] Agreed(ECDiffieHellman mine, ReadOnlySpan<byte> theirs)
    {
        var name = Sha256Digest.Of(theirs);
        if (!_agreed.TryGetValue(name, out var secret))
            _agreed.Add(name, secret = KeyAgreement.Agree(mine, theirs));
        return secret;
    }
}
