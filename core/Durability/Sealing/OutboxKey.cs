using System.Text;

namespace FederatedClinicalMl.Durability;

/// <summary>
/// The key under which a site's releases are sealed between worker and gateway: from the systemd credential <see cref="Credential"/>, which both
/// services are given, or else from a file in the folder that they share. It opens nothing else. Losing it loses nothing: what cannot be opened is
/// computed again (docs/decisions/0017-sealed-outbox.md).
/// </summary>
/// <param name="key">32 secret bytes.</param>
public sealed class OutboxKey(byte[] key)
{
    /// <summary>Name of the systemd credential.</summary>
    public const string Credential = "fcml-outbox-key";

    /// <summary>Name of the file in the shared folder.</summary>
    public const string FileName = "outbox.key";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode NotForIt = UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>The key's file in a shared folder.</summary>
    public static string PathIn(string exchange) => Path.Join(exchange, FileName);

    /// <summary>The key, for the gateway.</summary>
    /// <param name="exchange">The folder that it shares with the worker.</param>
    /// <param name="credentials">Where systemd puts credentials; null: there are none.</param>
    /// <exception cref="KeyFileException">There is none, it is none, or accounts can read it that should not.</exception>
    /// <exception cref="UnauthorizedAccessException">This account may not read it.</exception>
    public static OutboxKey Open(string exchange, string? credentials)
    {
        if (KeyFile.HandedOver(credentials, Credential) is { } handed)
            return new OutboxKey(KeyFile.Read(handed, KeyScope.Machine));
        var path = PathIn(exchange);
        if (!File.Exists(path))
            throw new KeyFileException($"'{path}' is not there, nor was a credential {Credential} handed over. Start site-worker, which makes it; or give both services the same credential.");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & NotForIt) != 0)
            throw new KeyFileException($"'{path}' is open to other accounts than the worker's and the gateway's. Run: chmod 640 {path}");
        return new OutboxKey(KeyFile.Read(path, KeyScope.Machine));
    }

    /// <summary>The key, for the worker, which makes the file where there is neither file nor credential.</summary>
    /// <param name="exchange">The folder that it shares with the gateway.</param>
    /// <param name="credentials">Where systemd puts credentials; null: there are none.</param>
    /// <param name="forGroup">Whether the gateway has an account of its own, and reads the file as a member of the folder's group.</param>
    /// <inheritdoc cref="Open"/>
    public static OutboxKey OpenOrMake(string exchange, string? credentials, bool forGroup)
    {
        var path = PathIn(exchange);
        if (KeyFile.HandedOver(credentials, Credential) is null)
        {
            if (!File.Exists(path))
                Make(exchange, forGroup ? OwnerOnly | UnixFileMode.GroupRead : OwnerOnly);
            KeyFile.Protect(path, KeyScope.Machine);
        }

        return Open(exchange, credentials);
    }

    /// <summary>The shared folder as a disk whose files are sealed.</summary>
    public IDisk Seal(IDisk exchange) => new SealedDisk(
        exchange, key, $"Worker and gateway must have one key: hand the same credential {Credential} to both services, or to neither, and restart both. The worker makes the file again.");

    private static void Make(string exchange, UnixFileMode mode)
    {
        var disk = new FileDisk(exchange);
        var temporary = PathIn(exchange) + DurableFile.TemporarySuffix;
        File.Delete(temporary); // left by a worker that was killed: it may have another mode
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = mode;
        using (var file = new FileStream(temporary, options))
        {
            file.Write(Encoding.ASCII.GetBytes(KeyFile.New()));
            file.Flush(flushToDisk: true);
        }

        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(temporary, mode); // whatever the umask took away
        disk.Rename(FileName + DurableFile.TemporarySuffix, FileName);
        disk.SyncDirectory("");
    }
}
