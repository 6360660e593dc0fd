using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>Step 1: the public halves of the keys that a site made for this attempt, and the key that it signs with.</summary>
/// <param name="Terms">Digest of the terms.</param>
/// <param name="Sender">The site.</param>
/// <param name="SigningKey">DER SubjectPublicKeyInfo, 91 bytes; its fingerprint must be the member's.</param>
/// <param name="EncryptionKey">P-256 point for sealing shares: x and y, 64 bytes.</param>
/// <param name="MaskKey">P-256 point for agreeing on masks: x and y, 64 bytes.</param>
/// <param name="Commitment">Where a round is encrypted under a collective key: SHA-256 that commits to the site's part of it (<see cref="CollectiveKey.Commit"/>), before any part is shown; empty otherwise.</param>
/// <param name="Attachment">
/// What else the worker tells every member, under the same signature: at most <see cref="LongestAttachment"/> bytes, mostly none. Nothing here looks into it, and nothing of the round depends on it.
/// </param>
public sealed record KeyAdvertisement(
    Sha256Digest Terms, int Sender, ReadOnlyMemory<byte> SigningKey, ReadOnlyMemory<byte> EncryptionKey, ReadOnlyMemory<byte> MaskKey, ReadOnlyMemory<byte> Commitment = default,
    ReadOnlyMemory<byte> Attachment = default)
    : SignedMessage(Terms, Sender)
{
    /// <summary>Bytes of a P-256 SubjectPublicKeyInfo.</summary>
    public const int SigningKeyLength = 91;

    /// <summary>Most bytes of an attachment: those of 256 sites together still fit one roster.</summary>
    public const int LongestAttachment = 2048;

    private protected override MessageKind Kind => !Attachment.IsEmpty ? MessageKind.KeysWithAttachment : Commitment.IsEmpty ? MessageKind.KeyAdvertisement : MessageKind.CommittedKeys;

    internal static KeyAdvertisement Read(ref ByteReader reader, MessageKind kind)
    {
        var keys = new KeyAdvertisement(reader.Digest(), reader.Byte(), reader.Raw(SigningKeyLength), reader.Raw(KeyAgreement.PointLength), reader.Raw(KeyAgreement.PointLength));
        if (kind == MessageKind.CommittedKeys)
            keys = keys with { Commitment = reader.Raw(Sha256Digest.Length) };
        if (kind == MessageKind.KeysWithAttachment)
        {
            keys = keys with { Commitment = reader.Part().ToArray(), Attachment = reader.Part().ToArray() };
            reader.Require(keys.Commitment.Length is 0 or Sha256Digest.Length && keys.Attachment.Length is > 0 and <= LongestAttachment);
        }

        return Signed(keys, ref reader);
    }

    private protected override void WriteClaim(ByteWriter writer)
    {
        writer.Raw(SigningKey.Span).Raw(EncryptionKey.Span).Raw(MaskKey.Span);
        if (Attachment.IsEmpty)
            writer.Raw(Commitment.Span);
        else
            writer.Part(Commitment.Span).Part(Attachment.Span);
    }
}

/// <summary>Step 2: one recipient's shares of a site's seed and mask key, sealed for it.</summary>
/// <param name="Terms">Digest of the terms.</param>
/// <param name="Sender">The site whose secrets are shared.</param>
/// <param name="Recipient">The site that is to keep the shares; every site seals one for itself too.</param>
/// <param name="Roster">Digest of the roster that the sender was given.</param>
/// <param name="Seed">Commitment to the seed.</param>
/// <param name="SeedShare">Commitment to the recipient's share of the seed.</param>
/// <param name="KeyShare">Commitment to the recipient's share of the private mask key. That key itself is committed to by its public half.</param>
/// <param name="Ciphertext">Both shares under AES-256-GCM, with the tag: 80 bytes.</param>
public sealed record SealedShare(
    Sha256Digest Terms, int Sender, int Recipient, Sha256Digest Roster, Sha256Digest Seed, Sha256Digest SeedShare, Sha256Digest KeyShare, ReadOnlyMemory<byte> Ciphertext)
    : SignedMessage(Terms, Sender)
{
    private protected override MessageKind Kind => MessageKind.SealedShare;

    /// <summary>All that it says beside the ciphertext.</summary>
    internal byte[] Unsealed() => (this with { Ciphertext = default }).Body();

    internal static SealedShare Read(ref ByteReader reader) => Signed(
        new SealedShare(
            reader.Digest(), reader.Byte(), reader.Byte(), reader.Digest(), reader.Digest(), reader.Digest(), reader.Digest(), reader.Raw(ShareSealing.CiphertextLength)), ref reader);

    private protected override void WriteClaim(ByteWriter writer) =>
        writer.Byte(checked((byte)Recipient)).Digest(Roster).Digest(Seed).Digest(SeedShare).Digest(KeyShare).Raw(Ciphertext.Span);
}

/// <summary>Step 3: the head of a masked vector, which travels and is stored beside it.</summary>
/// <param name="Terms">Digest of the terms.</param>
/// <param name="Sender">The site.</param>
/// <param name="Sharers">The sites with which the vector is masked.</param>
/// <param name="Payload">SHA-256 of the masked vector, <see cref="AggregationTerms.PayloadLength"/> bytes.</param>
public sealed record MaskedInput(Sha256Digest Terms, int Sender, MemberSet Sharers, Sha256Digest Payload) : SignedMessage(Terms, Sender)
{
    /// <summary>Bytes of the message: version and kind, terms, sender, sharers, payload, signature.</summary>
    public const int Length = 2 + Sha256Digest.Length + 1 + 32 + Sha256Digest.Length + SignatureLength;

    private protected override MessageKind Kind => MessageKind.MaskedInput;

    internal static MaskedInput Read(ref ByteReader reader) => Signed(new MaskedInput(reader.Digest(), reader.Byte(), reader.Set(), reader.Digest()), ref reader);

    private protected override void WriteClaim(ByteWriter writer) => writer.Set(Sharers).Digest(Payload);
}

/// <summary>Step 4: that a site takes these, and no others, as masked with and as survivors.</summary>
/// <param name="Terms">Digest of the terms.</param>
/// <param name="Sender">The site, a survivor.</param>
/// <param name="Sharers">The sites whose shares were delivered.</param>
/// <param name="Survivors">Those whose masked vectors are in the sum.</param>
public sealed record SurvivorSignature(Sha256Digest Terms, int Sender, MemberSet Sharers, MemberSet Survivors) : SignedMessage(Terms, Sender)
{
    private protected override MessageKind Kind => MessageKind.SurvivorSignature;

    internal static SurvivorSignature Read(ref ByteReader reader) =>
        Signed(new SurvivorSignature(reader.Digest(), reader.Byte(), reader.Set(), reader.Set()), ref reader);

    private protected override void WriteClaim(ByteWriter writer) => writer.Set(Sharers).Set(Survivors);
}

/// <summary>Step 5: for each sharer, ascending, one share: of its seed where it survived, of its private mask key where it did not.</summary>
/// <param name="Terms">Digest of the terms.</param>
/// <param name="Sender">The site, a survivor that signed.</param>
/// <param name="Sharers">The sites whose shares were delivered.</param>
/// <param name="Survivors">Those whose masked vectors are in the sum.</param>
/// <param name="Shares">32 bytes for each sharer.</param>
public sealed record UnmaskingShares(Sha256Digest Terms, int Sender, MemberSet Sharers, MemberSet Survivors, ReadOnlyMemory<byte> Shares) : SignedMessage(Terms, Sender)
{
    private protected override MessageKind Kind => MessageKind.UnmaskingShares;

    internal static UnmaskingShares Read(ref ByteReader reader)
    {
        var (terms, sender, sharers, survivors) = (reader.Digest(), reader.Byte(), reader.Set(), reader.Set());
        return Signed(new UnmaskingShares(terms, sender, sharers, survivors, reader.Raw(sharers.Count * ShamirSharing.Length)), ref reader);
    }

    private protected override void WriteClaim(ByteWriter writer) => writer.Set(Sharers).Set(Survivors).Raw(Shares.Span);
}
