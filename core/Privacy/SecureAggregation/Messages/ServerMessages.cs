using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>Asks for step 2: the keys of all who take part, by ascending sender.</summary>
/// <param name="Keys">One of each site.</param>
public sealed record KeyRoster(ImmutableArray<KeyAdvertisement> Keys) : AggregationMessage
{
    private protected override MessageKind Kind => MessageKind.KeyRoster;

    /// <summary>Who is in it.</summary>
    public MemberSet Members => MemberSet.Of(Keys.Select(key => key.Sender));

    /// <summary>SHA-256 of the roster's bytes.</summary>
    public Sha256Digest Digest() => Sha256Digest.Of(Encode());

    private protected override void WriteFields(ByteWriter writer) => WriteList(writer, Keys);
}

/// <summary>
/// A site's answer in step 2, one share for every member of the roster; and what asks for step 3, one share of every sender. By ascending sender, then
/// recipient.
/// </summary>
/// <param name="Shares">The sealed shares.</param>
public sealed record ShareBatch(ImmutableArray<SealedShare> Shares) : AggregationMessage
{
    private protected override MessageKind Kind => MessageKind.ShareBatch;

    private protected override void WriteFields(ByteWriter writer) => WriteList(writer, Shares);
}

/// <summary>Asks for step 4. What the coordinator says is not signed: it counts once enough sites have signed the same.</summary>
/// <param name="Terms">Digest of the terms.</param>
/// <param name="Sharers">The sites whose shares were delivered.</param>
/// <param name="Survivors">Those whose masked vectors are in the sum.</param>
public sealed record SurvivorSet(Sha256Digest Terms, MemberSet Sharers, MemberSet Survivors) : AggregationMessage
{
    private protected override MessageKind Kind => MessageKind.SurvivorSet;

    internal static SurvivorSet Read(ref ByteReader reader) => new(reader.Digest(), reader.Set(), reader.Set());

    private protected override void WriteFields(ByteWriter writer) => writer.Digest(Terms).Set(Sharers).Set(Survivors);
}

/// <summary>Asks for step 5: signatures of at least the threshold's sites on one survivor set, by ascending sender.</summary>
/// <param name="Signatures">The signatures.</param>
public sealed record SurvivorProof(ImmutableArray<SurvivorSignature> Signatures) : AggregationMessage
{
    private protected override MessageKind Kind => MessageKind.SurvivorProof;

    private protected override void WriteFields(ByteWriter writer) => WriteList(writer, Signatures);
}
