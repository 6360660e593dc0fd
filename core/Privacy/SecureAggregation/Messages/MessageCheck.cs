using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>What site and coordinator check alike of signed messages.</summary>
internal static class MessageCheck
{
    /// <summary>A message of these terms by a member, signed with the key that the list names.</summary>
    public static AggregationRefusal? Signed(AggregationTerms terms, SignedMessage message, Func<int, ReadOnlyMemory<byte>?> keyOf)
    {
        if (message.Terms != terms.Digest)
            return new(AggregationFault.OtherTerms, null, "A message is of other terms: of another step or attempt, or its sender was told something else.");
        if (message.Sender >= terms.Members.Count || keyOf(message.Sender) is not { } spki)
            return new(AggregationFault.WrongSenders, null, $"A message names sender {message.Sender}, who does not take part.");
        var member = terms.Members.Members[message.Sender];
        var key = terms.Members.KeyOf(message.Sender, spki);
        return key.Fingerprint != member.Fingerprint
                ? new(
                    AggregationFault.ForeignKey, member.Site,
                    $"A message in the name of '{member.Site}' comes with the key {key.Fingerprint.Short}; the study names {member.Fingerprint.Short}. "
                    + "Compare fingerprints with the site's steward.")
            : !message.IsSignedBy(key) ? new(AggregationFault.SignatureWrong, member.Site, $"A message in the name of '{member.Site}' is not signed by its worker.")
            : null;
    }

    /// <summary>That senders stand in ascending order, each once.</summary>
    public static AggregationRefusal? Ascending(IEnumerable<SignedMessage> messages)
    {
        var last = -1;
        foreach (var message in messages)
        {
            if (message.Sender <= last)
                return new(AggregationFault.WrongSenders, null, "Messages of a list are not in the order of their senders, each once.");
            last = message.Sender;
        }

        return null;
    }

    /// <summary>That every public key that is added is a point, and stands there once: who repeats another's has not made it.</summary>
    public static AggregationRefusal? Keys(AggregationTerms terms, IEnumerable<KeyAdvertisement> known, IEnumerable<KeyAdvertisement> added)
    {
        var seen = known.SelectMany(PublicKeys).Select(X).ToHashSet();
        foreach (var advertisement in added)
        {
            foreach (var key in PublicKeys(advertisement))
            {
                var site = terms.Members.Members[advertisement.Sender].Site;
                if (!KeyAgreement.IsPoint(key.Span) || !seen.Add(X(key)))
                    return new(AggregationFault.KeyWrong, site, $"A public key of '{site}' is no point of P-256, or is used already.");
            }
        }

        return null;
    }

    /// <summary>That so many are enough.</summary>
    public static AggregationRefusal? Enough(int count, int least, string what) => count >= least ? null
        : new(AggregationFault.TooFew, null, $"{count} {what} are fewer than the {least} that this step needs.");

    private static IEnumerable<ReadOnlyMemory<byte>> PublicKeys(KeyAdvertisement advertisement) => [advertisement.EncryptionKey, advertisement.MaskKey];

    // A point and its negative have one x, and agree on the same secrets.
    private static Sha256Digest X(ReadOnlyMemory<byte> key) => new(key.Span[..32]);
}
