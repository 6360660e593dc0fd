using System.Collections.Immutable;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>This site's worker key, those of the others as studies name them, and which of them a steward has confirmed; every confirmation is in the worker's log.</summary>
/// <param name="core">For studies and log.</param>
/// <param name="identity">This worker.</param>
public sealed class MemberDesk(WorkerCore core, WorkerIdentity identity)
{
    private Sha256Digest Own => identity.Key.PublicKey.Fingerprint;

    /// <summary>What is known of the members.</summary>
    /// <param name="only">Of this study alone; null: of every one that names keys.</param>
    /// <exception cref="StewardException">The log is broken.</exception>
    public MembersReply Show(StudyDigest? only = null)
    {
        core.RequireSoundLog();
        var state = core.State;
        var reply = new MembersReply { Site = identity.Site.Value, Fingerprint = Own.ToString() };
        reply.Confirmed.AddRange(state.Members.Select(member => new ConfirmedKey
        {
            Site = member.Key.Value, Fingerprint = member.Value.Fingerprint.ToString(), Steward = member.Value.Steward, Note = member.Value.Note,
            AtUnixSeconds = member.Value.At.ToUnixTimeSeconds(),
        }));
        reply.Renewed.AddRange(state.Renewals.All.Select(renewal => new RenewedKey
        {
            Site = renewal.Site.Value, From = renewal.Old.Fingerprint.ToString(), To = renewal.New.Fingerprint.ToString(), AtUnixSeconds = renewal.At.ToUnixTimeSeconds(),
        }));
        foreach (var record in state.Studies.Values.Where(study => only is null || study.Digest == only).OrderBy(study => study.OfferedAt).ThenBy(study => study.Digest.Value))
        {
            if (core.StudyOf(record.Digest) is not { Federation.Keys.IsEmpty: false } study)
                continue;
            var members = new StudyMembers { Study = record.Digest.ToString(), Name = record.Name };
            members.Members.AddRange(StatesOf(study, state).Select(member => new StudyMember { Site = member.Site.Value, Fingerprint = study.Federation.Keys[member.Site].ToString(), State = member.State }));
            reply.Studies.Add(members);
        }

        return reply;
    }

    /// <summary>What stands for each key that a study names, in the order of the sites: own, confirmed, unconfirmed, or other, where this worker's or the confirmed one is another.</summary>
    /// <param name="study">The study.</param>
    /// <param name="state">The worker's state.</param>
    public ImmutableArray<(SiteId Site, string State)> StatesOf(Study study, WorkerState state)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(state);
        return [.. study.Federation.Keys.Select(key => (key.Key, WordFor(state, key.Key, key.Value)))];
    }

    /// <summary>Records that a steward has compared the key of another site's worker with that site's steward. The last word holds; the log keeps every one.</summary>
    /// <param name="site">The other site.</param>
    /// <param name="fingerprint">All 64 digits, as they were read out.</param>
    /// <param name="steward">Who compared it.</param>
    /// <param name="note">Whom they spoke to, and how.</param>
    /// <exception cref="StewardException">The name or the fingerprint is none, or belongs to somebody else.</exception>
    public MembersReply Confirm(string site, string fingerprint, string steward, string note)
    {
        if (!SiteId.TryParse(site, out var member))
            throw new StewardException($"'{site}' is not a site's name: {Name.Rule}.");
        if (!FingerprintText.TryRead(fingerprint, out var key))
            throw new StewardException($"'{fingerprint}' is not a whole fingerprint: 64 hexadecimal digits, as 'site-worker members show' prints them at '{site}'. A part of one does not do: it can be met by another key.");
        if (member == identity.Site)
            throw new StewardException($"'{site}' is this site: its own key need not be confirmed, and others' stewards compare it with what 'site-worker members show' prints here.");
        if (key == Own)
            throw new StewardException("That is the fingerprint of this site's own worker, which nobody else has. Have the other site's steward read out theirs.");
        core.ConfirmMember(member, key, steward, note);
        return Show();
    }

    private string WordFor(WorkerState state, SiteId site, Sha256Digest named) =>
        site == identity.Site ? state.Renewals.Newest(site, named) == Own ? "own" : "other"
        : !state.Members.TryGetValue(site, out var confirmed) ? "unconfirmed"
        : state.Renewals.Newest(site, confirmed.Fingerprint) == state.Renewals.Newest(site, named) ? "confirmed" : "other";
}
