using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Members of a masked or encrypted round under differential privacy witness each other's ledgers: each attaches its head, and the newest that it has seen of the others, to the keys with which it joins. So a
/// worker that was restored from a backup is found out although the coordinator was restored too, or keeps back what it has seen. docs/reference/ledger.md
/// </summary>
/// <param name="journal">The worker's log.</param>
/// <param name="ledger">The privacy ledger.</param>
/// <param name="identity">Who this worker is.</param>
internal sealed class HeadExchange(WorkerJournal journal, PrivacyLedger ledger, WorkerIdentity identity)
{
    /// <summary>What this worker attaches to its keys in an attempt; nothing where the attempt has no place for it, and is about to be refused.</summary>
    public byte[] Say(AggregationTerms terms)
    {
        var members = terms.Members;
        var me = members.IndexOf(identity.Site);
        if (me < 0)
            return [];
        var seen = HeadStatements.Named(members.Count, me, terms.Step.Round)
            .Select(other => (Member: other, Head: journal.State.PeerHeads.GetValueOrDefault(members.Members[other].Fingerprint)))
            .Where(other => other.Head is { } head && head.Site == members.Members[other.Member].Site)
            .Select(other => (other.Member, other.Head!));
        return HeadStatements.Write(seen.Append((me, ledger.Head())));
    }

    /// <summary>
    /// Hears what the members of a roster say, before anything of the round is charged. What each says of itself is remembered where it is newer; what it says of this site is held against this log as
    /// the coordinator's receipts are. Of what it says of others nothing is taken: they speak for themselves.
    /// </summary>
    /// <param name="terms">The attempt.</param>
    /// <param name="roster">Its roster, of which the signatures were checked.</param>
    /// <param name="ignored">Hears what is not heard, and why; for the operators of the site.</param>
    /// <exception cref="StepDeclinedException">This log lacks a head of this ledger.</exception>
    /// <exception cref="IOException">The disk refused.</exception>
    public void Hear(AggregationTerms terms, KeyRoster roster, Action<string>? ignored)
    {
        var newer = new SortedDictionary<Sha256Digest, SignedHead>();
        foreach (var keys in roster.Keys.Where(keys => terms.Members.Members[keys.Sender].Site != identity.Site))
        {
            var peer = terms.Members.Members[keys.Sender];
            if (HeadStatements.Read(keys.Attachment.Span, terms.Members) is not { } statements)
            {
                ignored?.Invoke($"What '{peer.Site}' says of ledger heads cannot be read, or names no member.");
                continue;
            }

            foreach (var (member, head) in statements)
            {
                if (member == keys.Sender && !head.IsBy(new VerifyingKey(keys.SigningKey.ToArray())))
                    ignored?.Invoke($"'{peer.Site}' gives for its own a ledger head that its worker has not signed.");
                else if (member == keys.Sender && (!journal.State.PeerHeads.TryGetValue(peer.Fingerprint, out var known) || known.Head.Sequence < head.Head.Sequence))
                    newer[peer.Fingerprint] = head;
                if (head.Site == identity.Site && !ledger.HearOwn(head, peer.Fingerprint))
                    ignored?.Invoke($"'{peer.Site}' shows a ledger head of this site that this worker has not signed.");
            }
        }

        if (newer.Count > 0)
            journal.Append(WorkerEntries.PeerHeads, WorkerEntries.SeenHeads(newer));
        ledger.RequireNotBehind();
    }
}
