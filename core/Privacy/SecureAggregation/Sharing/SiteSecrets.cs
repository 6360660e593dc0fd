using System.Numerics;
using System.Security.Cryptography;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// All that a site keeps secret in one attempt, derived from its run's root, the terms, and everything else that its update depends on: after a kill it is the same, and
/// nothing of it is ever stored. Elements are <see cref="BigInteger"/>s, whose arithmetic takes a time that depends on them; whoever can time
/// the worker's instructions is on its host.
/// </summary>
internal sealed class SiteSecrets : IDisposable
{
    private readonly Lazy<(BigInteger[] Seed, BigInteger[] Key)> _shares;

    public SiteSecrets(ReadOnlySpan<byte> root, AggregationTerms terms, int me, Sha256Digest inputs)
    {
        // One stream in one order. The shares come last, and lazily: only one step needs them.
        using var stream = KeyStream.Derive(root, "fcml-aggregation-site-v1", new ByteWriter().Part(terms.Info.Span).Byte((byte)me).Digest(inputs).ToArray());
        EncryptionKey = KeyAgreement.Import(ShamirSharing.Draw(stream));
        var maskKey = ShamirSharing.Draw(stream);
        MaskKey = KeyAgreement.Import(maskKey);
        var seed = ShamirSharing.Draw(stream);
        Seed = seed;
        var polynomials = new byte[32];
        stream.Fill(polynomials);
        _shares = new(() =>
        {
            using var randomness = KeyStream.Derive(polynomials, "fcml-aggregation-shares-v1", []);
            return (ShamirSharing.Divide(seed, terms.Threshold, terms.Members.Count, randomness), ShamirSharing.Divide(maskKey, terms.Threshold, terms.Members.Count, randomness));
        });
    }

    /// <summary>The key that shares are sealed with.</summary>
    public ECDiffieHellman EncryptionKey { get; }

    /// <summary>The key that pairwise masks are agreed with.</summary>
    public ECDiffieHellman MaskKey { get; }

    /// <summary>What the self-mask is derived from.</summary>
    public BigInteger Seed { get; }

    /// <summary>Each member's share of the seed.</summary>
    public BigInteger[] SeedShares => _shares.Value.Seed;

    /// <summary>Each member's share of the mask key.</summary>
    public BigInteger[] KeyShares => _shares.Value.Key;

    public void Dispose()
    {
        EncryptionKey.Dispose();
        MaskKey.Dispose();
    }
}
