using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// What a site knows of one round's masked step, over all its attempts: a fold over its log. The log's owner keeps one per (run, round, kind of step) and
/// never forgets one,
/// for it is what an attempt is refused by.
/// </summary>
/// <param name="Terms">The terms of the attempt that is under way, the latest one joined.</param>
/// <param name="Inputs">Digest of all else that the update is computed from.</param>
/// <param name="Keys">The site's keys.</param>
public sealed record SiteState(AggregationTerms Terms, Sha256Digest Inputs, KeyAdvertisement Keys)
{
    /// <summary>With whom secrets were shared; null before.</summary>
    public KeyRoster? Roster { get; private init; }

    /// <summary>The site's own shares, as sent; null before.</summary>
    public ShareBatch? Shares { get; private init; }

    /// <summary>The others' shares; null before.</summary>
    public ShareBatch? Delivery { get; private init; }

    /// <summary>The masked vector's head; null before.</summary>
    public MaskedInput? Input { get; private init; }

    /// <summary>What was signed as survivors; null before.</summary>
    public SurvivorSignature? Signature { get; private init; }

    /// <summary>The shares that were given; null before.</summary>
    public UnmaskingShares? Given { get; private init; }

    /// <summary>Of an encrypted round: the site's contribution to its key; null before.</summary>
    public KeyContribution? Contribution { get; private init; }

    /// <summary>Of an encrypted round: its key; null before.</summary>
    public KeyTaken? Key { get; private init; }

    /// <summary>Of an encrypted round: what the site made of the sum; null before.</summary>
    public DecryptedSum? Opened { get; private init; }

    /// <summary>Who masks with whom; none before shares, or the key, were taken.</summary>
    public MemberSet Sharers => Delivery is not null ? MemberSet.Of(Delivery.Shares.Select(share => share.Sender)) : Key is not null ? Terms.Members.All : default;

    /// <summary>The state after an entry.</summary>
    /// <exception cref="FormatException">The entry cannot follow: the log is not this round's, or not sound.</exception>
    public static SiteState Apply(SiteState? state, SiteEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return (state, entry) switch
        {
            (null, AttemptJoined e) => new SiteState(e.Terms, e.Inputs, e.Keys),
            ({ Given: null }, AttemptJoined e) when e.Terms.IsAttemptOf(state.Terms) && e.Terms.Step.Attempt > state.Terms.Step.Attempt => new SiteState(e.Terms, e.Inputs, e.Keys),
            ({ Roster: null }, SecretsShared e) => state with { Roster = e.Roster, Shares = e.Shares },
            ({ Shares: not null, Delivery: null }, SharesTaken e) => state with { Delivery = e.Delivery },
            ({ Roster: null }, KeyContributed e) => state with { Roster = e.Roster, Contribution = e.Contribution },
            ({ Contribution: not null, Key: null }, KeyTaken e) => state with { Key = e },
            ({ Sharers.Count: > 0, Input: null }, InputSealed e) => state with { Input = e.Input },
            ({ Key: not null, Input: not null, Opened: null }, SumOpened e) => state with { Opened = e.Opened },
            ({ Delivery: not null, Input: not null, Signature: null }, SurvivorsSigned e) => state with { Signature = e.Signature },
            ({ Signature: not null, Given: null }, SharesGiven e) => state with { Given = e.Shares },
            _ => throw new FormatException($"The log's entry '{entry.GetType().Name}' cannot follow what stands before it in its round."),
        };
    }
}
