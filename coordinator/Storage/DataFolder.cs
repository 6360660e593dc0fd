using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>
/// A coordinator's data folder, held for this process until disposed. Who the coordinator is, is in two places that must agree: the
/// database names its id and its authority, and <c>authority/</c> holds the keys.
/// </summary>
public sealed class DataFolder : IDisposable
{
    private const string AuthorityCertificate = "authority/authority.crt";
    private const string AuthorityKey = "authority/authority.key";
    private const string ServerCertificateFile = "authority/server.crt";
    private const string ServerKeyFile = "authority/server.key";
    private const string CoordinatorKey = "authority/coordinator.key";
    private const string LockFile = "coordinator.lock";

    private readonly IDisposable _held;

    private DataFolder(FileDisk disk, IDisposable held, CoordinatorDatabase database, SigningKey key, StoredIdentity identity)
    {
        Disk = disk;
        _held = held;
        Database = database;
        Key = key;
        Identity = identity;
    }

    /// <summary>The folder as a disk.</summary>
    public FileDisk Disk { get; }

    /// <summary>The database in it.</summary>
    public CoordinatorDatabase Database { get; }

    /// <summary>The coordinator's signing key: round records, registry entries, audit log.</summary>
    public SigningKey Key { get; }

    /// <summary>Who the coordinator is.</summary>
    public StoredIdentity Identity { get; }

    /// <summary>Makes a new coordinator in an empty or missing folder.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="hosts">Names and addresses by which clients will reach it, at least one.</param>
    /// <param name="port">Its port.</param>
    /// <param name="authority">Certificate and key (PEM) of an authority to use; null: a new one is made.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="DataFolderException">The folder is not empty.</exception>
    /// <exception cref="ArgumentException">The given authority cannot serve; the folder was not touched. Also <see cref="CryptographicException"/>.</exception>
    public static DataFolder Create(string path, IReadOnlyList<string> hosts, int port, (string Certificate, string Key)? authority, TimeProvider time)
    {
        RefuseUnlessEmpty(path);
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

        // Before the folder: an authority that is refused must not leave one that the next attempt finds in use.
        using var made = authority is { } given
            ? CertificateAuthority.FromPem(given.Certificate, given.Key, time)
            : CertificateAuthority.Create(id, time);
        var disk = new FileDisk(path);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(disk.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var held = disk.Lock(LockFile);
        try
        {
            var key = SigningKey.Create();
            disk.CreateDirectory("authority");
            var pem = made.ToPem();
            WriteSecret(disk, AuthorityKey, pem.Key);
            WriteSecret(disk, AuthorityCertificate, pem.Certificate);
            WriteSecret(disk, CoordinatorKey, key.ToPem());

            // Last: a folder without this row is not a coordinator, whatever a crash left in it.
            var identity = new StoredIdentity(id, Sha256Digest.Of(made.Der.Span), hosts, port);
            var database = CoordinatorDatabase.Open(Path.Combine(disk.Root, CoordinatorDatabase.FileName));
            new IdentityStore(database).Write(identity);
            return new DataFolder(disk, held, database, key, identity);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Opens a coordinator's folder.</summary>
    /// <exception cref="DataFolderException">It is none, is in use, or holds another coordinator's authority.</exception>
    public static DataFolder Open(string path)
    {
        RefuseUnfinished(path);
        if (!File.Exists(Path.Combine(path, CoordinatorDatabase.FileName)))
            throw new DataFolderException($"'{path}' holds no coordinator. Make one with 'coordinator init --data {path} --host NAME'.");
        var disk = new FileDisk(path);
        IDisposable held;
        try
        {
            held = disk.Lock(LockFile);
        }
        catch (IOException e)
        {
            throw new DataFolderException($"'{path}' is in use by another coordinator process: two on one folder would undo each other's work. Stop that one first.", e);
        }

        CoordinatorDatabase? database = null;
        try
        {
            database = CoordinatorDatabase.Open(Path.Combine(disk.Root, CoordinatorDatabase.FileName));
            var identity = new IdentityStore(database).Read()
                ?? throw new DataFolderException($"'{path}' was not initialised to the end. Empty the folder and run 'coordinator init' again.");
            using var certificate = X509Certificate2.CreateFromPem(ReadText(disk, AuthorityCertificate));
            if (Sha256Digest.Of(certificate.RawDataMemory.Span) != identity.Authority)
            {
                throw new DataFolderException(
                    $"'{path}' mixes two coordinators: its database is that of coordinator {identity.Id}, but authority/ is another's. Put the folders back that belong together, or restore a backup.");
            }

            return new DataFolder(disk, held, database, SigningKey.FromPem(ReadText(disk, CoordinatorKey)), identity);
        }
        catch
        {
            database?.Dispose();
            held.Dispose();
            throw;
        }
    }

    /// <summary>The public half of the key of the coordinator whose folder this is; reads one file and holds nothing, so the coordinator may run.</summary>
    /// <exception cref="DataFolderException">The folder holds no coordinator, or its key cannot be read.</exception>
    public static VerifyingKey ReadPublicKey(string path)
    {
        var file = Path.Combine(path, CoordinatorKey);
        if (!File.Exists(file))
            throw new DataFolderException($"'{path}' holds no coordinator: {CoordinatorKey} is missing. Name the folder that was given to 'coordinator init --data'.");
        try
        {
            using var key = SigningKey.FromPem(File.ReadAllText(file));
            return key.PublicKey;
        }
        catch (Exception unreadable) when (unreadable is CryptographicException or ArgumentException)
        {
            throw new DataFolderException($"'{file}' is not the key of a coordinator: {unreadable.Message} Restore it from a backup.", unreadable);
        }
    }

    /// <summary>Refuses a folder that something is in.</summary>
    /// <exception cref="DataFolderException">It is not empty.</exception>
    public static void RefuseUnlessEmpty(string path)
    {
        if (!Directory.Exists(path) || !Directory.EnumerateFileSystemEntries(path).Any())
            return;
        RefuseUnfinished(path);
        throw new DataFolderException(File.Exists(Path.Combine(path, CoordinatorDatabase.FileName))
            ? $"'{path}' holds a coordinator already. Choose another folder, or run that one."
            : $"'{path}' is not empty. Choose an empty folder, or one that does not exist.");
    }

    /// <summary>Refuses what an interrupted restore has left.</summary>
    /// <exception cref="DataFolderException">That is what the folder holds.</exception>
    public static void RefuseUnfinished(string path)
    {
        if (Directory.Exists(Path.Combine(path, Backup.Unfinished)))
            throw new DataFolderException($"'{path}' holds part of a coordinator: 'coordinator restore' was interrupted here. Run it again; it begins anew.");
    }

    /// <summary>The authority, with its key.</summary>
    public CertificateAuthority OpenAuthority(TimeProvider time) =>
        CertificateAuthority.FromPem(ReadText(Disk, AuthorityCertificate), ReadText(Disk, AuthorityKey), time);

    /// <summary>The stored server certificate with its key; null where there is none.</summary>
    public X509Certificate2? ReadServerCertificate()
    {
        if (!Disk.Exists(ServerCertificateFile) || !Disk.Exists(ServerKeyFile))
            return null;
        using var certificate = X509Certificate2.CreateFromPem(ReadText(Disk, ServerCertificateFile));
        using var key = ECDsa.Create();
        key.ImportFromPem(ReadText(Disk, ServerKeyFile));
        using var ours = certificate.GetECDsaPublicKey();
        if (ours is null || !ours.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()))
            return null; // a crash came between the two files: a new pair is made
        using var both = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(both.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Stores a server certificate with its key.</summary>
    public void WriteServerCertificate(X509Certificate2 certificate)
    {
        using var key = certificate.GetECDsaPrivateKey()!;
        WriteSecret(Disk, ServerKeyFile, key.ExportPkcs8PrivateKeyPem());
        WriteSecret(Disk, ServerCertificateFile, certificate.ExportCertificatePem());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Database.Dispose();
        Key.Dispose();
        _held.Dispose();
    }

    private static string ReadText(FileDisk disk, string path) => System.Text.Encoding.ASCII.GetString(DurableFile.Read(disk, path));

    // Made with its final mode: a file that is restricted only after it was written was readable for a moment.
    private static void WriteSecret(FileDisk disk, string path, string text)
    {
        var temporary = Path.Combine(disk.Root, path + DurableFile.TemporarySuffix);
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(temporary, options))
        {
            file.Write(System.Text.Encoding.ASCII.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        disk.Rename(path + DurableFile.TemporarySuffix, path);
        disk.SyncDirectory(DiskPath.Directory(path));
    }
}

/// <summary>A data folder cannot be used; the message says why and what to do.</summary>
public sealed class DataFolderException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Who a coordinator is.</summary>
/// <param name="Id">32 hexadecimal digits, drawn once.</param>
/// <param name="Authority">SHA-256 of its authority's certificate.</param>
/// <param name="Hosts">Names and addresses by which clients reach it.</param>
/// <param name="Port">Its port.</param>
public sealed record StoredIdentity(string Id, Sha256Digest Authority, IReadOnlyList<string> Hosts, int Port);

/// <summary>The row that says whose database this is.</summary>
public sealed class IdentityStore
{
    private readonly CoordinatorDatabase _database;

    /// <summary>The identity in <paramref name="database"/>.</summary>
    public IdentityStore(CoordinatorDatabase database)
    {
        ArgumentNullException.ThrowIfNull(database);
        _database = database;
        database.Migrate("identity", """
            CREATE TABLE identity (
                only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL, authority_sha256 BLOB NOT NULL, hosts TEXT NOT NULL, port INTEGER NOT NULL
            ) STRICT;
            """);
    }

    /// <summary>The identity; null where none was written.</summary>
    public StoredIdentity? Read() => _database.Read(connection => connection.Query(
        "SELECT id, authority_sha256, hosts, port FROM identity",
        row => new StoredIdentity(row.GetString(0), new Sha256Digest(row.GetFieldValue<byte[]>(1)), row.GetString(2).Split(' '), row.GetInt32(3))).SingleOrDefault());

    /// <summary>Writes it, once.</summary>
    public void Write(StoredIdentity identity) => _database.Write((connection, _) => connection.Run(
        "INSERT INTO identity (only, id, authority_sha256, hosts, port) VALUES (1, $1, $2, $3, $4)",
        identity.Id, identity.Authority.ToArray(), string.Join(' ', identity.Hosts), identity.Port));
}
