using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The key under which the event stores are sealed, from the systemd credential <see cref="Credential"/>, or else from a file in the worker's
/// folder, which Windows protects for the worker's account from its first start on.
/// </summary>
/// <param name="key">32 secret bytes.</param>
public sealed class StoreKey(byte[] key)
{
    /// <summary>Name of the systemd credential.</summary>
    public const string Credential = "fcml-store-key";

    /// <summary>The key of a worker.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="credentials">Where systemd puts credentials ($CREDENTIALS_DIRECTORY); null: there are none.</param>
    /// <exception cref="WorkerSetupException">There is none, or other accounts can read it.</exception>
    /// <exception cref="KeyFileException">It is none, or was protected for another account.</exception>
    public static StoreKey Open(WorkerFolder folder, string? credentials)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (KeyFile.HandedOver(credentials, Credential) is { } handed)
            return new StoreKey(KeyFile.Read(handed, KeyScope.Account));
        if (!File.Exists(folder.StoreKey))
        {
            throw new WorkerSetupException(
                $"'{folder.StoreKey}' is not there, nor was a credential {Credential} handed over. Put the key back. If it is lost, or this worker is from before there was one: "
                + $"remove '{folder.Events}', run 'site-worker init' again, and import each export again.");
        }

        WorkerFolder.RequirePrivate(folder.StoreKey);
        KeyFile.Protect(folder.StoreKey, KeyScope.Account);
        return new StoreKey(KeyFile.Read(folder.StoreKey, KeyScope.Account));
    }

    /// <summary>The worker's own folder as a disk on which roots of randomness are sealed. That they are of one key with the stores gives nobody one for another: the log commits to each.</summary>
    public IDisk SealRoots(IDisk worker) => new SealedDisk(worker, key, "Restore the worker's folder and its key from one backup; or let the run end: nothing more of it is released.");

    /// <summary>The worker's own folder as a disk on which the contents of releases are sealed.</summary>
    public IDisk SealContents(IDisk worker) => new SealedDisk(worker, key, "Restore contents/ of the worker's folder, and its key, from one backup; 'site-worker replay' computes a release again, but no comparison and nothing of what models did here.");

    /// <summary>The disk of a dataset's event store.</summary>
    /// <param name="folder">The store's folder.</param>
    public IDisk Seal(string folder) => new SealedDisk(
        new FileDisk(folder, ownerOnly: true), key,
        $"Restore '{folder}' and its key from one backup; or, where it or the key is lost, remove that folder and import the export again.");
}
