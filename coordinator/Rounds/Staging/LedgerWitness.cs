using System.Collections.Concurrent;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Remembers for each site the newest head of its privacy ledger that it has seen in a release, over all studies and runs, and countersigns it: <c>ledgers/SITE.json</c>. The site is handed it back with each
/// step under differential privacy, so that a worker that was restored from a backup finds out before it spends again (docs/reference/ledger.md).
/// </summary>
/// <param name="disk">The coordinator's folder.</param>
/// <param name="key">Countersigns.</param>
public sealed class LedgerWitness(IDisk disk, SigningKey key)
{
    /// <summary>The folder, which belongs into a backup: without it a restored worker would not find out.</summary>
    internal const string Folder = "ledgers";

    private readonly ConcurrentDictionary<SiteId, LedgerReceipt?> _known = new();
    private readonly Lock _writing = new();

    /// <summary>Takes note of a head, durably. One that is not newer than another of the same worker's, whichever of its keys has signed it, changes nothing; a site that enrolled anew, with another key, has another ledger.</summary>
    /// <param name="head">The head.</param>
    /// <param name="worker">The key that it is signed with.</param>
    /// <param name="renewals">How that key came of those before it.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    public void See(SignedHead head, VerifyingKey worker, KeyRenewals renewals)
    {
        ArgumentNullException.ThrowIfNull(head);
        ArgumentNullException.ThrowIfNull(renewals);
        lock (_writing)
        {
            if (Of(head.Site) is { } known && known.Own.Head.Sequence >= head.Head.Sequence && renewals.KeysOf(head.Site, worker).Any(known.Own.IsBy))
                return;
            var receipt = LedgerReceipt.For(head, key);
            disk.CreateDirectory(Folder);
            DurableFile.Write(disk, PathOf(head.Site), receipt.Write());
            _known[head.Site] = receipt;
        }
    }

    /// <summary>The newest head that was seen of a site, countersigned; null where none was.</summary>
    public LedgerReceipt? Of(SiteId site) => _known.GetOrAdd(
        site, (_, path) => disk.Exists(path) ? LedgerReceipt.Read(DurableFile.Read(disk, path, LedgerReceipt.MaximumLength)) : null, PathOf(site));

    private static string PathOf(SiteId site) => $"{Folder}/{site}.json";
}
