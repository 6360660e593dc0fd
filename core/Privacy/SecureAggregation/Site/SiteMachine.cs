using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// A site's side of secure aggregation (Bonawitz et al. 2017, figure 4, active adversaries): no clock, no I/O, and no randomness but that of signatures. The
/// coordinator is not
/// trusted with anything but delivering.
/// <para>
/// Rules that privacy rests on: each step is answered once, and what is asked again otherwise is refused; the first parameters asked about in a round win; a
/// survivor
/// set is signed once, and shares are given for it alone, after a threshold's signatures on the same; for each site either the seed's share or the key's, by
/// that set;
/// after shares were given no other attempt of the round is joined.
/// </para>
/// Not for use by several threads at once. Dispose it when the round is over: it keeps the attempt's secrets in memory.
/// </summary>
/// <param name="key">The worker's signing key.</param>
/// <param name="root">The run's root: at least 32 secret bytes.</param>
/// <param name="site">The site.</param>
public sealed class SiteMachine(SigningKey key, ReadOnlyMemory<byte> root, SiteId site) : IDisposable
{
    // Derived anew they would be the same; kept, since every step of an attempt needs them and key agreement is what a step costs.
    private (AggregationTerms Terms, Sha256Digest Inputs, SiteSecrets Secrets)? _kept;

    /// <summary>What follows from a command.</summary>
    /// <param name="state">The round's state; null where no attempt was joined.</param>
    /// <param name="command">The command.</param>
    public SiteDecision Decide(SiteState? state, SiteCommand command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return (state, command) switch
        {
            (_, JoinAttempt join) => Join(state, join),
            (null, _) => Refuse(AggregationFault.OutOfOrder, "No attempt of this round was joined."),
            (_, ShareSecrets share) => Share(state, share.Roster),
            (_, TakeShares take) => Take(state, take.Delivery),
            (_, SealInput seal) => Seal(state, seal.Payload),
            (_, ContributeKey contribute) => Contribute(state, contribute.Plan, contribute.Roster),
            (_, TakeKey take) => Take(state, take.Plan, take.Delivery.Span),
            (_, SealOpened opened) => Seal(state, opened),
            (_, SignSurvivors sign) => Sign(state, sign.Set),
            (_, GiveShares give) => Give(state, give.Proof),
            _ => throw new ArgumentException($"'{command.GetType().Name}' is no command of a site.", nameof(command)),
        };
    }

    /// <summary>
    /// The masks of the site's vector, once shares were taken. The masked vector is made durable, and only then answered for with <see cref="SealInput"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">Shares were not taken.</exception>
    public MaskSet Masks(SiteState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state is not { Roster: { } roster, Sharers.Count: > 0 })
            throw new InvalidOperationException("Masks are known once the others' shares, or the round's key, were taken.");
        var (me, sharers) = (state.Keys.Sender, state.Sharers);
        var secrets = Secrets(state);
        var masks = new MaskSet(state.Terms);
        if (state.Delivery is not null)
            masks.AddSelf(me, secrets.Seed, negative: false); // of an encrypted round the masks of all pairs are all: nobody could take off another
        foreach (var other in roster.Keys.Where(keys => keys.Sender != me && sharers.Contains(keys.Sender)))
            masks.AddPair(me, other.Sender, secrets.MaskSecret(other.MaskKey).ToArray(), removed: false);
        return masks;
    }

    /// <summary>Of an encrypted round: a masked vector, encrypted. It is answered for with <see cref="SealInput"/> once it is durable, or can only be made again the same.</summary>
    /// <param name="plan">How the round is encrypted.</param>
    /// <param name="state">A state in which the key was taken.</param>
    /// <param name="delivery">Everybody's contributions, once more.</param>
    /// <param name="vector">The words under the round's masks.</param>
    /// <returns>Packed bytes (<see cref="EncryptionPlan.Upload"/>).</returns>
    /// <exception cref="FormatException">The contributions are not those from which the key was taken.</exception>
    public byte[] Encrypt(EncryptionPlan plan, SiteState state, ReadOnlySpan<byte> delivery, ReadOnlySpan<byte> vector)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Encryption(plan, state).Encrypt(state, delivery, vector);
    }

    /// <summary>
    /// Of an encrypted round: what the site makes of a sum. Of a consortium's key the sum's words without masks (none are left in it), of a collective one a share. It is shown to nobody
    /// before <see cref="SealOpened"/> is logged.
    /// </summary>
    /// <param name="plan">How the round is encrypted.</param>
    /// <param name="state">A state in which the key was taken.</param>
    /// <param name="sum">What the coordinator says is the sum; anybody may have made it.</param>
    /// <exception cref="FormatException">It is no sum of these parameters.</exception>
    public byte[] Open(EncryptionPlan plan, SiteState state, ReadOnlySpan<byte> sum)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Encryption(plan, state).Open(state, sum);
    }

    /// <summary>Forgets the secrets that it keeps. It can be used again: they are derived anew.</summary>
    public void Dispose()
    {
        _kept?.Secrets.Dispose();
        _kept = null;
    }

    private SiteDecision Join(SiteState? state, JoinAttempt join)
    {
        var terms = join.Terms;
        var me = terms.Members.IndexOf(site);
        if (me < 0 || terms.Members.Members[me].Fingerprint != key.PublicKey.Fingerprint)
            return Refuse(
                AggregationFault.NotAMember, $"The study's members do not name '{site}' with this worker's key {key.PublicKey.Fingerprint.Short}. It needs a study that does.");
        if (state is not null)
        {
            if (state.Terms.Equals(terms) && state.Inputs == join.Inputs)
                return SiteDecision.Repeat(state.Keys);
            if (terms.Declared.Parameters != state.Terms.Declared.Parameters)
                return Refuse(AggregationFault.ParametersChanged, "The round was begun with other parameters. The first ones win.");
            if (!terms.IsAttemptOf(state.Terms) || state.Inputs != join.Inputs)
                return Refuse(AggregationFault.RoundChanged, "The round was begun on other terms, or on other data of this site. Start another round.");
            if (state.Given is not null || terms.Step.Attempt < state.Terms.Step.Attempt)
                return Refuse(AggregationFault.AttemptOver, "This site gave shares that unmask the round, or joined a later attempt of it.");
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(join.Attachment.Length, KeyAdvertisement.LongestAttachment, nameof(join));
        var secrets = Secrets(terms, me, join.Inputs);
        var commitment = join.Plan is { } plan ? Encryption(plan, terms, me, secrets).Commitment() : default;
        var keys = SignedMessage.Sign(
            new KeyAdvertisement(terms.Digest, me, key.PublicKey.SubjectPublicKeyInfo, secrets.EncryptionKey, secrets.MaskKey, commitment, join.Attachment), key);
        return new SiteDecision(new AttemptJoined(terms, join.Inputs, keys), keys, null);
    }

    private SiteDecision Share(SiteState state, KeyRoster roster)
    {
        if (state.Roster is not null)
            return Again(state.Roster, roster, state.Shares);
        var terms = state.Terms;
        if (Check(state, roster) is { } refusal)
            return SiteDecision.Refuse(refusal);

        var secrets = Secrets(state);
        var (me, digest) = (state.Keys.Sender, roster.Digest());
        var seed = Commitments.OfSeed(terms, me, secrets.Seed);
        var shares = new ShareBatch([.. roster.Keys.Select(recipient =>
        {
            var to = recipient.Sender;
            var (seedShare, keyShare) = (secrets.SeedShares[to], secrets.KeyShares[to]);
            var head = new SealedShare(
                terms.Digest, me, to, digest, seed, Commitments.OfSeedShare(terms, me, to, seedShare), Commitments.OfKeyShare(terms, me, to, keyShare), default);
            return SignedMessage.Sign(ShareSealing.Seal(terms, head, secrets.SealingSecret(recipient.EncryptionKey), seedShare, keyShare), key);
        })]);
        return new SiteDecision(new SecretsShared(roster, shares), shares, null);
    }

    private SiteDecision Take(SiteState state, ShareBatch delivery)
    {
        if (state is not { Roster: { } roster, Shares: not null })
            return Refuse(AggregationFault.OutOfOrder, "Shares are taken after the site has shared its own secrets.");
        if (state.Delivery is not null)
            return Again(state.Delivery, delivery, null);
        var (terms, me, digest) = (state.Terms, state.Keys.Sender, roster.Digest());
        var secrets = Secrets(state);
        var refusal = MessageCheck.Ascending(delivery.Shares)
            ?? Own(state.Shares!.Shares.First(share => share.Recipient == me), delivery.Shares.FirstOrDefault(share => share.Sender == me))
            ?? MessageCheck.Enough(delivery.Shares.Length, terms.LeastSurvivors, "sharers")
            ?? FirstOf(delivery.Shares, share => MessageCheck.Signed(terms, share, sender => KeysOf(roster, sender)?.SigningKey)
                ?? (share.Recipient == me && share.Roster == digest ? null
                    : Fault(state, AggregationFault.WrongSenders, share.Sender, "sealed a share for another site, or was given another roster than this one"))
                ?? (ShareSealing.Open(terms, share, secrets.SealingSecret(KeysOf(roster, share.Sender)!.EncryptionKey)) is not null ? null
                    : Fault(state, AggregationFault.ShareWrong, share.Sender, "sealed a share that does not open, or is not what it committed to")));
        return refusal is not null ? SiteDecision.Refuse(refusal) : new SiteDecision(new SharesTaken(delivery), null, null);
    }

    private SiteDecision Seal(SiteState state, Sha256Digest payload)
    {
        if (state.Sharers.Count == 0)
            return Refuse(AggregationFault.OutOfOrder, "A vector is masked after the others' shares, or the round's key, were taken.");
        if (state.Input is { } sealedInput)
        {
            return sealedInput.Payload == payload ? SiteDecision.Repeat(sealedInput)
                : Refuse(
                    AggregationFault.AskedOtherwise,
                    "Another masked vector was answered for in this attempt: the update was computed again, and differs. Two vectors under one mask would tell their difference.");
        }

        var input = SignedMessage.Sign(new MaskedInput(state.Terms.Digest, state.Keys.Sender, state.Sharers, payload), key);
        return new SiteDecision(new InputSealed(input), input, null);
    }

    private SiteDecision Sign(SiteState state, SurvivorSet set)
    {
        if (state is not { Input: not null, Delivery: not null })
            return Refuse(AggregationFault.OutOfOrder, "Survivors are signed after the site's own masked vector.");
        if (set.Terms != state.Terms.Digest)
            return Refuse(AggregationFault.OtherTerms, "The survivor set is of another step or attempt.");
        if (state.Signature is { } signature)
        {
            return signature.Sharers == set.Sharers && signature.Survivors == set.Survivors ? SiteDecision.Repeat(signature)
                : Refuse(AggregationFault.AskedOtherwise, "Another survivor set was signed in this attempt.");
        }

        if (set.Sharers != state.Sharers || !set.Survivors.IsWithin(set.Sharers) || !set.Survivors.Contains(state.Keys.Sender))
            return Refuse(AggregationFault.WrongSenders, "The survivor set is not of the sites that this site masked with, or lacks this site.");
        if (MessageCheck.Enough(set.Survivors.Count, state.Terms.LeastSurvivors, "survivors") is { } few)
            return SiteDecision.Refuse(few);
        signature = SignedMessage.Sign(new SurvivorSignature(state.Terms.Digest, state.Keys.Sender, set.Sharers, set.Survivors), key);
        return new SiteDecision(new SurvivorsSigned(signature), signature, null);
    }

    private SiteDecision Give(SiteState state, SurvivorProof proof)
    {
        if (state is not { Signature: { } mine, Roster: { } roster, Delivery: { } delivery })
            return Refuse(AggregationFault.OutOfOrder, "Shares are given after the survivors were signed.");
        var terms = state.Terms;
        var refusal = MessageCheck.Ascending(proof.Signatures)
            ?? FirstOf(proof.Signatures, signature => MessageCheck.Signed(terms, signature, sender => mine.Survivors.Contains(sender) ? KeysOf(roster, sender)?.SigningKey : null)
                ?? (signature.Sharers == mine.Sharers && signature.Survivors == mine.Survivors ? null
                    : Fault(state, AggregationFault.AskedOtherwise, signature.Sender, "signed another survivor set than this site")))
            ?? MessageCheck.Enough(proof.Signatures.Length, terms.Threshold, "signatures on one survivor set");
        if (refusal is not null)
            return SiteDecision.Refuse(refusal);
        if (state.Given is { } given)
            return SiteDecision.Repeat(given);

        var secrets = Secrets(state);
        var shares = new byte[delivery.Shares.Length * ShamirSharing.Length];
        for (var i = 0; i < delivery.Shares.Length; i++)
        {
            var dealt = delivery.Shares[i];
            var opened = ShareSealing.Open(terms, dealt, secrets.SealingSecret(KeysOf(roster, dealt.Sender)!.EncryptionKey))
                ?? throw new InvalidOperationException("A share that was taken no longer opens: the log, or the run's root, has changed.");
            ShamirSharing.Write(mine.Survivors.Contains(dealt.Sender) ? opened.Seed : opened.Key, shares.AsSpan(i * ShamirSharing.Length, ShamirSharing.Length));
        }

        given = SignedMessage.Sign(new UnmaskingShares(terms.Digest, state.Keys.Sender, mine.Sharers, mine.Survivors, shares), key);
        return new SiteDecision(new SharesGiven(given), given, null);
    }

    private SiteDecision Contribute(SiteState state, EncryptionPlan plan, KeyRoster roster)
    {
        if (state.Roster is not null)
            return Again(state.Roster, roster, state.Contribution);
        if ((Check(state, roster) ?? FirstOf(roster.Keys, keys => EncryptedExchange.Commitment(plan, state.Terms, keys))) is { } refusal)
            return SiteDecision.Refuse(refusal);
        var contribution = SignedMessage.Sign(
            new KeyContribution(state.Terms.Digest, state.Keys.Sender, roster.Digest(), Encryption(plan, state).Material(roster)), key);
        return new SiteDecision(new KeyContributed(roster, contribution), contribution, null);
    }

    private SiteDecision Take(SiteState state, EncryptionPlan plan, ReadOnlySpan<byte> delivery)
    {
        if (state is not { Roster: { } roster, Contribution: { } mine })
            return Refuse(AggregationFault.OutOfOrder, "A key is taken after the site has contributed to it.");
        var digest = Sha256Digest.Of(delivery);
        if (state.Key is { } known)
        {
            return known.Delivery == digest ? SiteDecision.Repeat(null)
                : Refuse(AggregationFault.AskedOtherwise, "Another key was taken in this attempt. Each is taken once.");
        }

        if (EncryptedExchange.Contributions(plan, state.Terms, roster, delivery, out var refusal) is not { } contributions)
            return SiteDecision.Refuse(refusal!);
        if (Own(mine, contributions[state.Keys.Sender]) is { } foreign)
            return SiteDecision.Refuse(foreign);
        var wrapped = Encryption(plan, state).Wrapped(contributions);
        if (!wrapped.IsEmpty && Encryption(plan, state).Unwrap(roster, wrapped.Span) is null)
            return SiteDecision.Refuse(Fault(state, AggregationFault.ContributionWrong, EncryptedExchange.Maker, "wrapped a key that does not open"));
        return new SiteDecision(new KeyTaken(digest, wrapped), null, null);
    }

    private SiteDecision Seal(SiteState state, SealOpened opened)
    {
        if (state is not { Key: not null, Input: not null })
            return Refuse(AggregationFault.OutOfOrder, "A sum is opened after the site's own encrypted vector.");
        if (state.Opened is { } before)
        {
            return before.Sum == opened.Sum && before.Payload == opened.Payload ? SiteDecision.Repeat(before)
                : Refuse(AggregationFault.AskedOtherwise, "Another sum was opened in this attempt. One is, and no other: two would tell their difference.");
        }

        var message = SignedMessage.Sign(new DecryptedSum(state.Terms.Digest, state.Keys.Sender, opened.Sum, opened.Payload), key);
        return new SiteDecision(new SumOpened(message), message, null);
    }

    private static AggregationRefusal? Check(SiteState state, KeyRoster roster)
    {
        var terms = state.Terms;
        return MessageCheck.Ascending(roster.Keys)
            ?? Own(state.Keys, roster.Keys.FirstOrDefault(keys => keys.Sender == state.Keys.Sender))
            ?? MessageCheck.Enough(roster.Keys.Length, terms.LeastSurvivors, "sites")
            ?? FirstOf(roster.Keys, keys => MessageCheck.Signed(terms, keys, _ => keys.SigningKey))
            ?? MessageCheck.Keys(terms, [], roster.Keys);
    }

    private SiteEncryption Encryption(EncryptionPlan plan, SiteState state) => Encryption(plan, state.Terms, state.Keys.Sender, Secrets(state));

    private static SiteEncryption Encryption(EncryptionPlan plan, AggregationTerms terms, int me, SiteSecrets secrets) => new(plan, terms, me, secrets);

    private SiteSecrets Secrets(SiteState state) => Secrets(state.Terms, state.Keys.Sender, state.Inputs);

    private SiteSecrets Secrets(AggregationTerms terms, int me, Sha256Digest inputs)
    {
        if (_kept is { } kept && kept.Terms.Equals(terms) && kept.Inputs == inputs)
            return kept.Secrets;
        Dispose();
        var secrets = new SiteSecrets(root.Span, terms, me, inputs);
        _kept = (terms, inputs, secrets);
        return secrets;
    }

    private static KeyAdvertisement? KeysOf(KeyRoster roster, int sender) => roster.Keys.FirstOrDefault(keys => keys.Sender == sender);

    private static SiteDecision Again(AggregationMessage before, AggregationMessage now, AggregationMessage? reply) => before.IsSameAs(now) ? SiteDecision.Repeat(reply)
        : Refuse(AggregationFault.AskedOtherwise, "This step was answered for another request of the same attempt. Each is answered once.");

    private static AggregationRefusal? Own(AggregationMessage mine, AggregationMessage? given) => mine.IsSameAs(given) ? null
        : new(AggregationFault.WrongSenders, null, "This site's own message is missing, or is not the one that it sent.");

    private static AggregationRefusal? FirstOf<T>(IEnumerable<T> items, Func<T, AggregationRefusal?> check) => items.Select(check).FirstOrDefault(refusal => refusal is not null);

    private static AggregationRefusal Fault(SiteState state, AggregationFault fault, int sender, string what)
    {
        var named = state.Terms.Members.Members[sender].Site;
        return new(fault, named, $"'{named}' {what}.");
    }

    private static SiteDecision Refuse(AggregationFault fault, string sentence) => SiteDecision.Refuse(new(fault, null, sentence));
}
