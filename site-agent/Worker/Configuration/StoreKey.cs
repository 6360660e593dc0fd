using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// The key under which the event stores are sealed, from the systemd credential <see cref="Credential"/>, or else from a file in the worker's
/// folder. On Windows there is the file only: a key that DPAPI protects is not built.
/// </summary>
/// <param name="key">32 secret bytes.</param>
public sealed class StoreKey(byte[] key)
{
    /// <summary>Name of the systemd credential: 32 bytes, or 64 hexadecimal digits.</summary>
    public const string Credential = "fcml-store-key";

    /// <summary>What 'init' writes into the file: a new key, hexadecimal.</summary>
    public static string New() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SealedDisk.KeyLength));

    /// <summary>The key of a worker.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="credentials">Where systemd puts credentials ($CREDENTIALS_DIRECTORY); null: there are none.</param>
    /// <exception cref="WorkerSetupException">There is none, it is none, or other accounts can read it.</exception>
    public static StoreKey Open(WorkerFolder folder, string? credentials)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (credentials is not null && Path.Join(credentials, Credential) is var handed && File.Exists(handed))
            return Read(handed);
        if (!File.Exists(folder.StoreKey))
        {
            throw new WorkerSetupException(
                $"'{folder.StoreKey}' is not there, nor was a credential {Credential} handed over. Put the key back. If it is lost, or this worker is from before there was one: "
                + $"remove '{folder.Events}', run 'site-worker init' again, and import each export again.");
        }

        WorkerFolder.RequirePrivate(folder.StoreKey);
        return Read(folder.StoreKey);
    }

    /// <summary>The disk of a dataset's event store.</summary>
    /// <param name="folder">The store's folder.</param>
    public IDisk Seal(string folder) => new SealedDisk(
        new FileDisk(folder, ownerOnly: true), key,
        $"Restore '{folder}' and its key from one backup; or, where it or the key is lost, remove that folder and import the export again.");

    private static StoreKey Read(string path)
    {
        var content = File.ReadAllBytes(path);
        if (content.Length == SealedDisk.KeyLength)
            return new StoreKey(content);
        var text = Encoding.ASCII.GetString(content).Trim();
        return text.Length == 2 * SealedDisk.KeyLength && text.All(char.IsAsciiHexDigit)
            ? new StoreKey(Convert.FromHexString(text))
            : throw new WorkerSetupException($"'{path}' is no key of event stores: it must be {SealedDisk.KeyLength} bytes or {2 * SealedDisk.KeyLength} hexadecimal digits. Put the right one back.");
    }
}
