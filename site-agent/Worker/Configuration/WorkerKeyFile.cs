using System.Text;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The worker's signing key on its disk, and its renewal, with the worker stopped. In this order, each durable before the next: the new key beside the old one; the log's entry
/// <c>key-renewed</c>, which is the switch; the new key in the old one's place, by which the old one is gone; <c>key-erased</c>, the first entry that the new key signs. Whatever is killed in
/// between, <see cref="Recover"/> finds by the log whether the key was renewed, and ends it or forgets it.
/// </summary>
public static class WorkerKeyFile
{
    /// <summary>The file's name: PKCS#8 PEM.</summary>
    public const string FileName = "worker.key";

    // What a renewal makes before the log says that it is one.
    private const string Next = FileName + ".next";

    /// <summary>Gives the worker a new key.</summary>
    /// <param name="disk">The worker's folder, locked.</param>
    /// <param name="site">The site.</param>
    /// <param name="steward">Who renews it.</param>
    /// <param name="note">The steward's words; stay at the site.</param>
    /// <param name="time">The clock of the log.</param>
    /// <returns>The renewal, and how many releases wait for the coordinator's last word that the old key has signed.</returns>
    /// <exception cref="StewardException">The log is broken, or the worker has had as many keys as it may.</exception>
    /// <exception cref="WorkerSetupException">The key of a renewal that was cut off is gone.</exception>
    /// <exception cref="IOException">The disk refused: as after a kill.</exception>
    public static (KeyRenewal Renewal, int Unsettled) Renew(IDisk disk, SiteId site, string steward, string note, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(disk);
        Recover(disk, time);
        KeyRenewal renewal;
        int unsettled;
        using (var old = Read(disk, FileName))
        using (var journal = WorkerJournal.Open(disk, WorkerCore.LogPath, old, time))
        using (var next = SigningKey.Create())
        {
            journal.RequireSound();
            var number = journal.State.Renewals.To(site, old.PublicKey.Fingerprint) is [.., var last] ? last.Number + 1 : 1;
            if (number > KeyRenewal.Most)
                throw new StewardException($"This worker's key was renewed {KeyRenewal.Most} times, and no more renewals are followed by others. Set the worker up anew, in a new folder, and have the site enrolled again.");
            unsettled = journal.State.Unsettled().Count();
            renewal = KeyRenewal.Sign(site, number, old, next, time.GetUtcNow());
            DurableFile.Write(disk, Next, Encoding.ASCII.GetBytes(next.ToPem()));
            journal.Append(WorkerEntries.KeyRenewed, WorkerEntries.RenewedKey(renewal, steward, note));
        }

        Recover(disk, time);
        return (renewal, unsettled);
    }

    /// <summary>Ends a renewal that was cut off after the log had it, and forgets one that was cut off before. A log that is broken says neither: then nothing is changed.</summary>
    /// <param name="disk">The worker's folder, locked.</param>
    /// <param name="time">The clock of the log.</param>
    /// <exception cref="WorkerSetupException">The log names a key that is not there.</exception>
    public static void Recover(IDisk disk, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(disk);
        if (!disk.Exists(FileName))
            return; // the folder is not set up, which is said when its key is read
        using (var present = Read(disk, FileName))
        {
            try
            {
                if (disk.Exists(WorkerCore.LogPath) && ChainedLog.Read(disk, WorkerCore.LogPath, present.PublicKey) is [.., { Kind: WorkerEntries.KeyRenewed } last])
                {
                    Finish(disk, present, KeyRenewal.Read(last.Body["renewal"])!, time);
                    return;
                }
            }
            catch (LogBrokenException)
            {
                return; // the worker says so, and does nothing
            }
        }

        Forget(disk, Next + DurableFile.TemporarySuffix, Next);
    }

    private static void Finish(IDisk disk, SigningKey present, KeyRenewal renewal, TimeProvider time)
    {
        if (!renewal.New.Equals(present.PublicKey))
        {
            using var next = disk.Exists(Next) ? Read(disk, Next) : null;
            if (next?.PublicKey.Equals(renewal.New) != true)
                throw new WorkerSetupException($"The log says that the worker's key was renewed to {renewal.New.Fingerprint}, and '{Next}' is not there, or is another. Put it back; where it is lost, the worker is set up anew and the site enrolled again.");
            // Before the old key goes: who was killed before the entry was durable has left one that could vanish.
            WorkerJournal.Open(disk, WorkerCore.LogPath, next, time).Dispose();
            disk.Rename(Next, FileName);
        }

        disk.SyncDirectory("");
        using var key = Read(disk, FileName);
        using var journal = WorkerJournal.Open(disk, WorkerCore.LogPath, key, time);
        if (journal.Broken is null)
            journal.Append(WorkerEntries.KeyErased, WorkerEntries.ErasedKey(renewal.Old.Fingerprint));
    }

    private static void Forget(IDisk disk, params IEnumerable<string> names)
    {
        foreach (var name in names.Where(disk.Exists).ToList())
        {
            disk.Delete(name);
            disk.SyncDirectory("");
        }
    }

    private static SigningKey Read(IDisk disk, string name) => SigningKey.FromPem(Encoding.ASCII.GetString(DurableFile.Read(disk, name, 4096)));
}
