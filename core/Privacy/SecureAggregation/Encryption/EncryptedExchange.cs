using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// What site and coordinator check alike of an encrypted round's messages. The round goes in four steps, each of all members: keys (with a commitment to the part of a collective key),
/// contributions to the key, masked and encrypted vectors, what each makes of the sum. docs/reference/homomorphic.md.
/// </summary>
public static class EncryptedExchange
{
    /// <summary>The index of the member that makes a consortium's key: the first of the list, so that there is nothing to choose.</summary>
    public const int Maker = 0;

    /// <summary>More bytes than all contributions to a round's key can have.</summary>
    public static long LongestDelivery(EncryptionPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var longest = plan.Mode == EncryptionMode.Consortium ? plan.Sites * ConsortiumKey.WrappedLength : PackedVector.HeaderLength + PackedVector.PolynomialLength(plan.Parameters);
        return (long)plan.Sites * (longest + 256);
    }

    /// <summary>Whether a site's keys are what the round needs, beside others that were taken before.</summary>
    public static AggregationRefusal? Keys(EncryptionPlan plan, AggregationTerms terms, KeyAdvertisement keys)
    {
        ArgumentNullException.ThrowIfNull(keys);
        return MessageCheck.Signed(terms, keys, _ => keys.SigningKey) ?? MessageCheck.Keys(terms, [], [keys]) ?? Commitment(plan, terms, keys);
    }

    /// <summary>Whether keys that are right each by itself go together: all members', no public key twice.</summary>
    public static AggregationRefusal? Together(AggregationTerms terms, KeyRoster roster)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(roster);
        return MessageCheck.Ascending(roster.Keys) ?? MessageCheck.Enough(roster.Keys.Length, terms.Members.Count, "sites") ?? MessageCheck.Keys(terms, [], roster.Keys);
    }

    /// <summary>Whether a contribution is its sender's, was made for this roster, and is what the round's key needs of that member.</summary>
    public static AggregationRefusal? Contribution(EncryptionPlan plan, AggregationTerms terms, KeyRoster roster, KeyContribution contribution)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(roster);
        return Contribution(plan, terms, roster, roster.Digest(), contribution);
    }

    /// <summary>Whether a vector's head is its sender's.</summary>
    public static AggregationRefusal? Input(AggregationTerms terms, KeyRoster roster, MaskedInput input)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(input);
        return MessageCheck.Signed(terms, input, sender => KeyOf(roster, sender)) ?? (input.Sharers == terms.Members.All ? null
            : Fault(terms, AggregationFault.AskedOtherwise, input.Sender, "masked with others than all members"));
    }

    /// <summary>Whether what is said of a sum is its sender's, and of this sum.</summary>
    public static AggregationRefusal? Opened(AggregationTerms terms, KeyRoster roster, Sha256Digest sum, DecryptedSum opened)
    {
        ArgumentNullException.ThrowIfNull(terms);
        ArgumentNullException.ThrowIfNull(opened);
        return MessageCheck.Signed(terms, opened, sender => KeyOf(roster, sender)) ?? (opened.Sum == sum ? null
            : Fault(terms, AggregationFault.AskedOtherwise, opened.Sender, "opened another sum"));
    }

    /// <summary>Whether there is a commitment where the round's key needs one, and only there.</summary>
    internal static AggregationRefusal? Commitment(EncryptionPlan plan, AggregationTerms terms, KeyAdvertisement keys) => keys.Commitment.IsEmpty == (plan.Mode == EncryptionMode.Consortium) ? null
        : Fault(terms, AggregationFault.ContributionWrong, keys.Sender, "does not commit to a part of the key as the study asks");

    /// <summary>Every member's contribution, in order; null with the refusal.</summary>
    internal static ImmutableArray<KeyContribution>? Contributions(
        EncryptionPlan plan, AggregationTerms terms, KeyRoster roster, ReadOnlySpan<byte> delivery, out AggregationRefusal? refusal)
    {
        var contributions = MessageList.Split<KeyContribution>(delivery);
        var digest = roster.Digest();
        refusal = contributions is not { } all ? new(AggregationFault.ContributionWrong, null, "What was given as the contributions to the round's key cannot be read.")
            : MessageCheck.Ascending(all)
                ?? MessageCheck.Enough(all.Length, terms.Members.Count, "contributions")
                ?? all.Select(contribution => Contribution(plan, terms, roster, digest, contribution)).FirstOrDefault(fault => fault is not null);
        return refusal is null ? contributions : null;
    }

    private static AggregationRefusal? Contribution(EncryptionPlan plan, AggregationTerms terms, KeyRoster roster, Sha256Digest digest, KeyContribution contribution)
    {
        if (MessageCheck.Signed(terms, contribution, sender => KeyOf(roster, sender)) is { } refusal)
            return refusal;
        if (contribution.Roster != digest)
            return Fault(terms, AggregationFault.WrongSenders, contribution.Sender, "was given another roster than this one");
        var isRight = plan.Mode == EncryptionMode.Consortium
            ? contribution.Material.Length == (contribution.Sender == Maker ? terms.Members.Count * ConsortiumKey.WrappedLength : 0)
            : new CollectiveKey(plan.Parameters, terms.Info.Span).IsPart(
                roster.Keys[contribution.Sender].Commitment.Span, NameOf(terms, contribution.Sender), contribution.Material.Span);
        return isRight ? null : Fault(terms, AggregationFault.ContributionWrong, contribution.Sender, "contributed what is no part of the round's key, or not the one that it committed to");
    }

    /// <summary>What names a member in a commitment.</summary>
    internal static byte[] NameOf(AggregationTerms terms, int member) => System.Text.Encoding.ASCII.GetBytes(terms.Members.Members[member].Site.Value);

    // All members are in the roster, in order.
    private static ReadOnlyMemory<byte>? KeyOf(KeyRoster roster, int sender) => sender < roster.Keys.Length ? roster.Keys[sender].SigningKey : null;

    private static AggregationRefusal Fault(AggregationTerms terms, AggregationFault fault, int sender, string what)
    {
        var site = terms.Members.Members[sender].Site;
        return new(fault, site, $"'{site}' {what}.");
    }
}
