using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// The public key of which every site holds one part of the secret, and nobody the whole: the sum of p_i = -(a s_i + e_i) for a common a (Mouchet, Troncoso-Pastoriza, Bossuat, Hubaux 2021,
/// "Multiparty homomorphic encryption from ring-learning-with-errors", protocol 1). Each site commits to its part before it sees another's, and adds the parts up itself: who chose last
/// could otherwise choose the sum, and with it a secret that it knows.
/// </summary>
public sealed class CollectiveKey
{
    private readonly ulong[] _common;
    private readonly byte[] _epoch;

    /// <summary>The key of an epoch. Its a is the expansion of a hash of the epoch, so that nobody chooses it.</summary>
    /// <param name="parameters">The study's ring.</param>
    /// <param name="epoch">What names the epoch, the same at every site: the study, the run, the members, the epoch's number.</param>
    public CollectiveKey(BfvParameters parameters, ReadOnlySpan<byte> epoch)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Parameters = parameters;
        _epoch = SHA512.HashData([.. "fcml-bfv-epoch-v1\n"u8, .. parameters.Id, .. epoch]);
        _common = new ulong[parameters.PolynomialWords];
        SeedExpansion.Fill(parameters, _epoch, SeedFunction.Shake256, _common);
    }

    /// <summary>The ring.</summary>
    public BfvParameters Parameters { get; }

    /// <summary>A site's part p_i, packed. One stream makes one part: a second part of one secret with other noise weakens it.</summary>
    /// <param name="secret">The site's secret of this epoch.</param>
    /// <param name="stream">A stream of this part alone.</param>
    public byte[] MakePart(BfvSecretKey secret, KeyStream stream)
    {
        ArgumentNullException.ThrowIfNull(secret);
        Parameters.RequireSame(secret.Parameters);
        var part = new PolynomialVector(Parameters, Parameters.Degree);
        secret.EncryptZero(_common, stream).CopyTo(part.Polynomial(0));
        return PackedVector.Write(part, PackedKind.KeyPart);
    }

    /// <summary>What a site publishes before any part is shown: SHA-256 of the epoch, its name and its part, 32 bytes. It hides the part because the part is as good as uniform.</summary>
    /// <param name="site">What names the site, so that another's commitment cannot be given as one's own.</param>
    /// <param name="part">The site's part.</param>
    public byte[] Commit(ReadOnlySpan<byte> site, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, site.Length);
        return SHA256.HashData([.. "fcml-bfv-part-v1\n"u8, .. _epoch, .. length, .. site, .. part]);
    }

    /// <summary>Whether a part is the one that a site has committed to.</summary>
    public bool Opens(ReadOnlySpan<byte> commitment, ReadOnlySpan<byte> site, ReadOnlySpan<byte> part) =>
        CryptographicOperations.FixedTimeEquals(commitment, Commit(site, part));

    /// <summary>Whether bytes that may come from anybody are a part of this key, and the one that a site has committed to.</summary>
    public bool IsPart(ReadOnlySpan<byte> commitment, ReadOnlySpan<byte> site, ReadOnlySpan<byte> part)
    {
        var layout = new PackedLayout(PackedKind.KeyPart, Parameters, Parameters.Degree);
        return part.Length == layout.Length && part.StartsWith(layout.Header.Span) && layout.IsBlock(part[layout.Header.Length..]) && Opens(commitment, site, part);
    }

    /// <summary>The public key of all parts, in whatever order.</summary>
    /// <param name="parts">One of each site, opened.</param>
    /// <exception cref="FormatException">A part is not one of these parameters.</exception>
    /// <exception cref="ArgumentException">There is none.</exception>
    public BfvPublicKey Combine(IReadOnlyCollection<byte[]> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0)
            throw new ArgumentException("A collective key has the part of every site.", nameof(parts));
        var sum = new PolynomialVector(Parameters, Parameters.Degree);
        foreach (var part in parts)
            sum.Add(PackedVector.Read(Parameters, Parameters.Degree, part, PackedKind.KeyPart));
        return new BfvPublicKey(Parameters, sum.Polynomial(0), _common);
    }
}
