using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A message of secure aggregation: a record with exactly one form of bytes, of bounded length. First a byte for the protocol's version and one for the kind;
/// then
/// fields of fixed width, big-endian; in lists their count, and each part with its length before it.
/// </summary>
public abstract record AggregationMessage
{
    /// <summary>No message is longer; longer bytes are not looked at.</summary>
    public const int MaximumLength = 1 << 20;

    private const byte Version = 1;

    private protected abstract MessageKind Kind { get; }

    /// <summary>The message's bytes.</summary>
    public virtual byte[] Encode() => Body();

    /// <summary>
    /// Reads bytes that anybody may have sent. What comes back has the right shape, and its bytes are these; whose it is, and whether it fits, is for
    /// <see cref="SiteMachine"/> and <see cref="ServerMachine"/> to decide.
    /// </summary>
    /// <returns>The message; null where the bytes are none. Never throws.</returns>
    public static AggregationMessage? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaximumLength)
            return null;
        var reader = new ByteReader(bytes);
        reader.Expect(Version);
        AggregationMessage? message = (MessageKind)reader.Byte() switch
        {
            MessageKind.KeyAdvertisement or MessageKind.CommittedKeys or MessageKind.KeysWithAttachment => KeyAdvertisement.Read(ref reader, (MessageKind)bytes[1]),
            MessageKind.KeyContribution => KeyContribution.Read(ref reader),
            MessageKind.DecryptedSum => DecryptedSum.Read(ref reader),
            MessageKind.SealedShare => SealedShare.Read(ref reader),
            MessageKind.MaskedInput => MaskedInput.Read(ref reader),
            MessageKind.SurvivorSignature => SurvivorSignature.Read(ref reader),
            MessageKind.UnmaskingShares => UnmaskingShares.Read(ref reader),
            MessageKind.KeyRoster => new KeyRoster(ReadList<KeyAdvertisement>(ref reader, MemberList.MaximumCount)),
            MessageKind.ShareBatch => new ShareBatch(ReadList<SealedShare>(ref reader, MemberList.MaximumCount)),
            MessageKind.SurvivorSet => SurvivorSet.Read(ref reader),
            MessageKind.SurvivorProof => new SurvivorProof(ReadList<SurvivorSignature>(ref reader, MemberList.MaximumCount)),
            _ => null,
        };
        return message is not null && reader.IsAtEnd ? message : null;
    }

    /// <summary>Whether both have the same bytes.</summary>
    public bool IsSameAs(AggregationMessage? other) => other is not null && Encode().AsSpan().SequenceEqual(other.Encode());

    private protected abstract void WriteFields(ByteWriter writer);

    private protected byte[] Body()
    {
        var writer = new ByteWriter().Byte(Version).Byte((byte)Kind);
        WriteFields(writer);
        return writer.ToArray();
    }

    private protected static void WriteList<T>(ByteWriter writer, ImmutableArray<T> items)
        where T : AggregationMessage
    {
        writer.Count(items.Length);
        foreach (var item in items)
            writer.Part(item.Encode());
    }

    private static ImmutableArray<T> ReadList<T>(ref ByteReader reader, int most)
        where T : AggregationMessage
    {
        var count = reader.Count(1, most);
        var items = ImmutableArray.CreateBuilder<T>();
        for (var i = 0; i < count; i++)
        {
            var part = reader.Part();
            reader.Require(part.Length > 1 && part[1] is < (byte)MessageKind.KeyRoster or > (byte)MessageKind.SurvivorProof); // lists hold no lists: no depth
            if (!reader.Ok || Read(part) is not T item)
            {
                reader.Require(false);
                return [];
            }

            items.Add(item);
        }

        return items.ToImmutable();
    }
}

/// <summary>The kinds of messages, as on the wire. From the roster to the proof they are the coordinator's, and a site's batch of shares; the others are signed.</summary>
internal enum MessageKind : byte
{
    KeyAdvertisement = 1,
    SealedShare = 2,
    MaskedInput = 3,
    SurvivorSignature = 4,
    UnmaskingShares = 5,
    KeyRoster = 6,
    ShareBatch = 7,
    SurvivorSet = 8,
    SurvivorProof = 9,
    CommittedKeys = 10,
    KeyContribution = 11,
    DecryptedSum = 12,
    KeysWithAttachment = 13,
}

/// <summary>
/// What a worker says, signed with its key over all of it: the kind is in the bytes, the terms too, so that it is worth nothing as anything else or elsewhere.
/// ECDSA draws at random here: signing again gives other bytes. Whoever sends one has stored it before, and repeats what is stored.
/// </summary>
/// <param name="Terms">Digest of the terms (<see cref="AggregationTerms.Digest"/>).</param>
/// <param name="Sender">Index of the site that says it.</param>
public abstract record SignedMessage(Sha256Digest Terms, int Sender) : AggregationMessage
{
    /// <summary>Bytes of a signature.</summary>
    public const int SignatureLength = 64;

    /// <summary>IEEE P1363, for the purpose <see cref="SignatureContext.SecureAggregation"/>.</summary>
    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <inheritdoc/>
    public sealed override byte[] Encode() => [.. Body(), .. Signature.Span];

    /// <summary>Whether this key signed it.</summary>
    public bool IsSignedBy(VerifyingKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Verify(SignatureContext.SecureAggregation, Body(), Signature.Span);
    }

    internal static T Sign<T>(T message, SigningKey key)
        where T : SignedMessage => (T)((SignedMessage)message with { Signature = key.Sign(SignatureContext.SecureAggregation, message.Body()) });

    private protected static T Signed<T>(T message, ref ByteReader reader)
        where T : SignedMessage => (T)((SignedMessage)message with { Signature = reader.Raw(SignatureLength) });

    private protected sealed override void WriteFields(ByteWriter writer)
    {
        writer.Digest(Terms).Byte(checked((byte)Sender));
        WriteClaim(writer);
    }

    private protected abstract void WriteClaim(ByteWriter writer);
}
