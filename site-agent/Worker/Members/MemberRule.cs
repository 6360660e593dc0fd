using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// With whom this site's update is summed under masks. The coordinator says who takes part, and a mask agreed with a key of its own hides nothing from it: so each
/// member's key has to be the one that the approved study names, and the one that this site's steward has compared out of band, or one to which that key has led by renewals that the log holds.
/// </summary>
internal static class MemberRule
{
    /// <summary>The policy's key.</summary>
    public const string Key = "members";

    /// <summary>What is to be said of a study's members before it is approved; null where it sums plainly.</summary>
    public static PolicyFinding? Study(SitePolicy policy, Study study, WorkerIdentity identity, WorkerState state)
    {
        if (!study.Federation.IsMasked)
            return null;
        var keys = study.Federation.Keys;
        if (keys.IsEmpty)
            return new(Key, false, "Updates are summed under masks, and the study names no worker keys (federation.keys), so that nobody could tell with whom. It has to be submitted again: 'fcml study submit' fills them in.");
        if (!keys.TryGetValue(identity.Site, out var own))
            return new(Key, false, $"The study names no worker key of this site, '{identity.Site}'. It has to be submitted again with it.");
        var ours = identity.Key.PublicKey.Fingerprint;
        if (state.Renewals.Newest(identity.Site, own) != ours)
        {
            return new(Key, false, $"The study gives this site the worker key {own}; this worker's is {ours}. The coordinator put another in its place, or knows one from before this worker was set up. Find out which; the study has to be submitted again.");
        }

        var contradicted = Others(study, identity.Site).Select(other => Contradiction(state, other)).FirstOrDefault(fault => fault is not null);
        if (contradicted is not null)
            return new(Key, false, contradicted);
        var unconfirmed = policy.Members == MembersRule.Named ? [] : Others(study, identity.Site).Where(other => !state.Members.ContainsKey(other.Key)).Select(other => other.Key).ToList();
        return new(Key, true, $"The study names the worker keys of {keys.Count} sites, this one's rightly. {(policy.Members == MembersRule.Named
            ? "The policy does not ask that a steward has compared the others (members: named)."
            : unconfirmed.Count == 0 ? "A steward has compared all others."
            : $"NOT CONFIRMED: {string.Join(", ", unconfirmed)}. No masked round is joined before their fingerprints were compared with their stewards: 'site-worker members show'.")}");
    }

    /// <summary>Why the attempt of a masked round is not joined, or not gone on with; null where it is. The study has passed <see cref="Study"/>.</summary>
    public static string? Refusal(SitePolicy policy, Study study, SiteId site, WorkerState state, AggregationTerms terms) =>
        Refusal(policy, study, site, state, terms.Members) ?? (terms.LeastHonest < policy.MinimumHonestSurvivors
            ? $"Of {terms.Members.Count} members at least {terms.LeastHonest} would be in the sum beyond the {terms.Declared.Colluders} that are assumed to collude; this site's policy wants {policy.MinimumHonestSurvivors} ({PolicyCheck.MinimumHonestSurvivors})."
            : null);

    /// <summary>The same of a list of which no terms were made: those of invented members may be none.</summary>
    public static string? Refusal(SitePolicy policy, Study study, SiteId site, WorkerState state, MemberList members)
    {
        foreach (var (member, fingerprint) in members.Members)
        {
            if (!study.Federation.Keys.TryGetValue(member, out var named))
                return $"The order's list of members has '{member}', which the approved study does not name.";
            if (state.Renewals.Newest(member, named) is var newest && newest != fingerprint)
            {
                return newest == named
                    ? $"The order's list of members gives '{member}' the worker key {fingerprint}; the approved study names {named}, and has not signed that it was renewed. The coordinator put another in its place, or the worker of '{member}' was set up anew: with a new key the study has to be submitted and approved again."
                    : $"The order's list of members gives '{member}' the worker key {fingerprint}; the one that the approved study names, {named}, was renewed to {newest}. A run that was started before that goes on without '{member}'; the next one names the new key.";
            }

            // That no named key is another than this worker's own, or than what a steward confirmed, was asked of the study when the order was permitted.
            if (policy.Members == MembersRule.Confirmed && member != site && !state.Members.ContainsKey(member))
            {
                return $"No steward of this site has confirmed the worker key of '{member}' (members: confirmed). Have the steward of '{member}' read out its fingerprint, past the coordinator, and record it with 'site-worker members confirm {member} FINGERPRINT'.";
            }
        }

        return null;
    }

    private static IEnumerable<KeyValuePair<SiteId, Sha256Digest>> Others(Study study, SiteId site) => study.Federation.Keys.Where(key => key.Key != site);

    private static string? Contradiction(WorkerState state, KeyValuePair<SiteId, Sha256Digest> named) =>
        state.Members.TryGetValue(named.Key, out var confirmed) && state.Renewals.Newest(named.Key, confirmed.Fingerprint) != state.Renewals.Newest(named.Key, named.Value)
            ? $"The study gives '{named.Key}' the worker key {named.Value}; {confirmed.Steward} confirmed {confirmed.Fingerprint} for it. Compare again with the steward of '{named.Key}'. If the key is a new one, 'site-worker members confirm' records that."
            : null;
}
