using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>Of an encrypted round, step 2: what a site contributes to the round's key. By it every member has signed one roster.</summary>
/// <param name="Terms">Digest of the terms.</param>
/// <param name="Sender">The site.</param>
/// <param name="Roster">Digest of the roster that the site was given.</param>
/// <param name="Material">
/// Of a collective key the site's part, packed; of a consortium's key, from the member that makes it (<see cref="EncryptedExchange.Maker"/>), the key wrapped for each member in order; else nothing.
/// </param>
public sealed record KeyContribution(Sha256Digest Terms, int Sender, Sha256Digest Roster, ReadOnlyMemory<byte> Material) : SignedMessage(Terms, Sender)
{
    private protected override MessageKind Kind => MessageKind.KeyContribution;

    internal static KeyContribution Read(ref ByteReader reader) => Signed(new KeyContribution(reader.Digest(), reader.Byte(), reader.Digest(), reader.Part().ToArray()), ref reader);

    private protected override void WriteClaim(ByteWriter writer) => writer.Digest(Roster).Part(Material.Span);
}

/// <summary>Of an encrypted round, step 4: what a site makes of the sum, which travels before it or is signed by its digest alone.</summary>
/// <param name="Terms">Digest of the terms.</param>
/// <param name="Sender">The site.</param>
/// <param name="Sum">SHA-256 of the sum that the site was given.</param>
/// <param name="Payload">SHA-256 of what it makes of it: of a collective key its share, else the sum's words.</param>
public sealed record DecryptedSum(Sha256Digest Terms, int Sender, Sha256Digest Sum, Sha256Digest Payload) : SignedMessage(Terms, Sender)
{
    /// <summary>Bytes of the message.</summary>
    public const int Length = 2 + Sha256Digest.Length + 1 + (2 * Sha256Digest.Length) + SignatureLength;

    private protected override MessageKind Kind => MessageKind.DecryptedSum;

    internal static DecryptedSum Read(ref ByteReader reader) => Signed(new DecryptedSum(reader.Digest(), reader.Byte(), reader.Digest(), reader.Digest()), ref reader);

    private protected override void WriteClaim(ByteWriter writer) => writer.Digest(Sum).Digest(Payload);
}
