using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// An entry of a site's log. It holds the request, as far as later steps need it, and the very message that answers it: signatures are random, so only what is
/// stored can be sent again. No secret stands in it: those are derived from the run's root.
/// </summary>
public abstract record SiteEntry
{
    /// <summary>The entry's bytes, in one form.</summary>
    public byte[] Encode()
    {
        var writer = new ByteWriter().Byte((byte)Kind);
        Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads an entry.</summary>
    /// <returns>Null where the bytes are none: the log is not sound.</returns>
    public static SiteEntry? Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new ByteReader(bytes);
        SiteEntry? entry = (EntryKind)reader.Byte() switch
        {
            EntryKind.AttemptJoined => AggregationTerms.Read(ref reader) is { } terms ? new AttemptJoined(terms, reader.Digest(), Part<KeyAdvertisement>(ref reader)!) : null,
            EntryKind.SecretsShared => new SecretsShared(Part<KeyRoster>(ref reader)!, Part<ShareBatch>(ref reader)!),
            EntryKind.SharesTaken => new SharesTaken(Part<ShareBatch>(ref reader)!),
            EntryKind.InputSealed => new InputSealed(Part<MaskedInput>(ref reader)!),
            EntryKind.SurvivorsSigned => new SurvivorsSigned(Part<SurvivorSignature>(ref reader)!),
            EntryKind.KeyContributed => new KeyContributed(Part<KeyRoster>(ref reader)!, Part<KeyContribution>(ref reader)!),
            EntryKind.KeyTaken => new KeyTaken(reader.Digest(), reader.Part().ToArray()),
            EntryKind.SumOpened => new SumOpened(Part<DecryptedSum>(ref reader)!),
            EntryKind.SharesGiven => new SharesGiven(Part<UnmaskingShares>(ref reader)!),
            _ => null,
        };
        return reader.IsAtEnd ? entry : null;
    }

    private protected enum EntryKind : byte
    {
        AttemptJoined = 1,
        SecretsShared = 2,
        SharesTaken = 3,
        InputSealed = 4,
        SurvivorsSigned = 5,
        SharesGiven = 6,
        KeyContributed = 7,
        KeyTaken = 8,
        SumOpened = 9,
    }

    private protected abstract EntryKind Kind { get; }

    private protected abstract void Write(ByteWriter writer);

    private static T? Part<T>(ref ByteReader reader)
        where T : AggregationMessage
    {
        var part = AggregationMessage.Read(reader.Part()) as T;
        reader.Require(part is not null);
        return part;
    }
}

/// <summary>An attempt was joined.</summary>
/// <param name="Terms">Its terms.</param>
/// <param name="Inputs">Digest of all else that the update is computed from.</param>
/// <param name="Keys">What the site answers.</param>
public sealed record AttemptJoined(AggregationTerms Terms, Sha256Digest Inputs, KeyAdvertisement Keys) : SiteEntry
{
    private protected override EntryKind Kind => EntryKind.AttemptJoined;

    private protected override void Write(ByteWriter writer)
    {
        Terms.Write(writer);
        writer.Digest(Inputs).Part(Keys.Encode());
    }
}

/// <summary>Secrets were shared with everyone in a roster.</summary>
/// <param name="Roster">The roster.</param>
/// <param name="Shares">What the site answers.</param>
public sealed record SecretsShared(KeyRoster Roster, ShareBatch Shares) : SiteEntry
{
    private protected override EntryKind Kind => EntryKind.SecretsShared;

    private protected override void Write(ByteWriter writer) => writer.Part(Roster.Encode()).Part(Shares.Encode());
}

/// <summary>The others' shares were taken: who masks with whom is settled. Nothing is answered yet.</summary>
/// <param name="Delivery">The shares, still sealed.</param>
public sealed record SharesTaken(ShareBatch Delivery) : SiteEntry
{
    private protected override EntryKind Kind => EntryKind.SharesTaken;

    private protected override void Write(ByteWriter writer) => writer.Part(Delivery.Encode());
}

/// <summary>From here on this masked vector, and no other, is the site's in this attempt. It was durable before.</summary>
/// <param name="Input">What the site answers, with the vector.</param>
public sealed record InputSealed(MaskedInput Input) : SiteEntry
{
    private protected override EntryKind Kind => EntryKind.InputSealed;

    private protected override void Write(ByteWriter writer) => writer.Part(Input.Encode());
}

/// <summary>Of an encrypted round: a contribution to its key was made for a roster.</summary>
/// <param name="Roster">The roster.</param>
/// <param name="Contribution">What the site answers.</param>
public sealed record KeyContributed(KeyRoster Roster, KeyContribution Contribution) : SiteEntry
{
    private protected override EntryKind Kind => EntryKind.KeyContributed;

    private protected override void Write(ByteWriter writer) => writer.Part(Roster.Encode()).Part(Contribution.Encode());
}

/// <summary>Of an encrypted round: its key was taken. Nothing is answered yet.</summary>
/// <param name="Delivery">SHA-256 of everybody's contributions: the file is sent again whenever it is needed.</param>
/// <param name="Wrapped">Of a consortium's key: the key, as it was wrapped for this site; empty otherwise.</param>
public sealed record KeyTaken(Sha256Digest Delivery, ReadOnlyMemory<byte> Wrapped) : SiteEntry
{
    private protected override EntryKind Kind => EntryKind.KeyTaken;

    private protected override void Write(ByteWriter writer) => writer.Digest(Delivery).Part(Wrapped.Span);
}

/// <summary>Of an encrypted round: what the site makes of this sum, and of no other in this attempt.</summary>
/// <param name="Opened">What the site answers.</param>
public sealed record SumOpened(DecryptedSum Opened) : SiteEntry
{
    private protected override EntryKind Kind => EntryKind.SumOpened;

    private protected override void Write(ByteWriter writer) => writer.Part(Opened.Encode());
}

/// <summary>A survivor set was signed; another of this attempt never will be.</summary>
/// <param name="Signature">What the site answers.</param>
public sealed record SurvivorsSigned(SurvivorSignature Signature) : SiteEntry
{
    private protected override EntryKind Kind => EntryKind.SurvivorsSigned;

    private protected override void Write(ByteWriter writer) => writer.Part(Signature.Encode());
}

/// <summary>Shares were given that unmask the sum. The site joins no other attempt of this round.</summary>
/// <param name="Shares">What the site answers.</param>
public sealed record SharesGiven(UnmaskingShares Shares) : SiteEntry
{
    private protected override EntryKind Kind => EntryKind.SharesGiven;

    private protected override void Write(ByteWriter writer) => writer.Part(Shares.Encode());
}
