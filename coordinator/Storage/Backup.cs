using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;
using Microsoft.Data.Sqlite;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>
/// One file with everything that a coordinator is: a tar archive of the database, the keys, staging, results, models and the audit log. It holds
/// private keys, so it is made readable for its own account only.
/// <para>
/// It may be taken while the coordinator runs. For the moment in which database and staging are copied, a write transaction is held, so that no
/// release can be journaled or let go of between the two. Results and models are only ever added, but for results that are over age, of which one that goes meanwhile fails the backup, to be taken again, and the audit log only grows, so that
/// copying them afterwards can bring too much, which is harmless, and never too little.
/// </para>
/// <para>
/// Behind the archive's end, where tar does not look any more, stands the SHA-256 of all before it: tar itself notices neither a changed byte
/// nor, at the right place, a missing end.
/// </para>
/// </summary>
public static class Backup
{
    private static readonly string[] Folders = ["authority", "results", "models", LedgerWitness.Folder, NoiseRoots.Folder];
    private const string Staging = "staging";
    private static readonly string[] Files = ["audit.log", Api.SignInSettings.File, Retention.RetentionSettings.File];
    private const string SealStart = "fcml-backup-1 ";

    /// <summary>Folder in the data folder that is there while something is restored: until it is gone, what is beside it is no coordinator.</summary>
    public const string Unfinished = "restoring.tmp";

    private static readonly int SealLength = Seal(default).Length;

    /// <summary>Writes a backup of the coordinator in <paramref name="folder"/>.</summary>
    /// <returns>Its length in bytes.</returns>
    /// <exception cref="DataFolderException">The folder holds no coordinator, or the file exists.</exception>
    public static long Write(string folder, string file)
    {
        DataFolder.RefuseUnfinished(folder);
        var database = Path.Combine(folder, CoordinatorDatabase.FileName);
        if (!File.Exists(database))
            throw new DataFolderException($"'{folder}' holds no coordinator: there is nothing to back up.");
        if (File.Exists(file))
            throw new DataFolderException($"'{file}' is there already. Choose another name: a backup never replaces one.");

        var temporary = file + DurableFile.TemporarySuffix;
        var snapshot = temporary + ".db";
        try
        {
            using (var archive = Create(temporary))
            {
                using (var tar = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true))
                {
                    CopyAtRest(folder, database, snapshot, tar);
                    foreach (var name in Folders)
                        Add(tar, folder, name);
                    foreach (var name in Files.Where(name => File.Exists(Path.Combine(folder, name))))
                        tar.WriteEntry(Path.Combine(folder, name), name);
                }

                archive.Position = 0;
                var digest = DigestOf(archive, archive.Length);
                archive.Write(Seal(digest));
                archive.Flush(flushToDisk: true);
            }

            File.Move(temporary, file);
            new FileDisk(FolderOf(file)).SyncDirectory("");
            return new FileInfo(file).Length;
        }
        finally
        {
            File.Delete(snapshot);
            File.Delete(temporary);
        }
    }

    /// <summary>
    /// Makes a data folder from a backup and checks that it is whole. What is refused leaves nothing behind; what is killed leaves a folder that
    /// is no coordinator, and from which a second restore begins anew.
    /// </summary>
    /// <returns>Who the coordinator is: the same as before.</returns>
    /// <exception cref="DataFolderException">The folder is not empty, or the archive is no backup.</exception>
    public static StoredIdentity Restore(string file, string folder)
    {
        var isLeftover = Directory.Exists(Path.Combine(folder, Unfinished));
        if (!isLeftover)
            DataFolder.RefuseUnlessEmpty(folder);
        using var archive = File.OpenRead(file);
        if (!IsWhole(archive))
            throw new DataFolderException($"'{file}' is no whole backup: its bytes are not those that 'coordinator backup' wrote. Nothing was restored; use another.");

        var existed = Directory.Exists(folder);
        var disk = new FileDisk(folder);
        try
        {
            Clear(disk);
            disk.CreateDirectory(Unfinished);
            if (!existed)
                new FileDisk(FolderOf(disk.Root)).SyncDirectory("");
            FaultPoint.Reached("restore-begun");
            var identity = Extract(archive, file, Path.Combine(disk.Root, Unfinished));
            FaultPoint.Reached("restore-checked");
            MoveUp(disk);
            return identity;
        }
        catch
        {
            Clear(disk);
            if (!existed)
                Directory.Delete(folder);
            throw;
        }
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path))!;

    /// <summary>Removes what is in a folder, the mark of an unfinished restore last. The folder stays: it may be in one that this account cannot write.</summary>
    private static void Clear(FileDisk disk)
    {
        foreach (var entry in new DirectoryInfo(disk.Root).EnumerateFileSystemInfos().OrderBy(entry => entry.Name == Unfinished))
        {
            if (entry is DirectoryInfo directory)
                directory.Delete(recursive: true);
            else
                entry.Delete();
        }

        disk.SyncDirectory("");
    }

    // Not by one rename of the whole folder, which would need to write the folder that it is in: what was restored counts when the mark is gone.
    private static void MoveUp(FileDisk disk)
    {
        var from = new DirectoryInfo(Path.Combine(disk.Root, Unfinished));
        foreach (var entry in from.EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            var target = Path.Combine(disk.Root, entry.Name);
            if (entry is DirectoryInfo directory)
                directory.MoveTo(target);
            else
                File.Move(entry.FullName, target);
            FaultPoint.Reached("restore-moved");
        }

        disk.SyncDirectory("");
        disk.DeleteDirectory(Unfinished);
        disk.SyncDirectory("");
    }

    private static StoredIdentity Extract(FileStream archive, string file, string folder)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        TarFile.ExtractToDirectory(archive, folder, overwriteFiles: false); // refuses names that lead out of the folder
        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        }

        StoredIdentity identity;
        using (var opened = DataFolder.Open(folder)) // holds the database against the authority
            identity = CheckDatabase(opened, file);
        var disk = new FileDisk(folder);
        foreach (var directory in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories))
            disk.SyncDirectory(Path.GetRelativePath(folder, directory).Replace(Path.DirectorySeparatorChar, '/'));
        disk.SyncDirectory("");
        return identity;
    }

    private static StoredIdentity CheckDatabase(DataFolder opened, string file)
    {
        var fault = opened.Database.Read(connection => connection.Query("PRAGMA quick_check", row => row.GetString(0)))[0];
        return fault == "ok" ? opened.Identity : throw new DataFolderException($"The database in '{file}' is damaged: {fault} Nothing was restored; use another backup.");
    }

    /// <summary>Whether a file ends with the seal of what is before it; leaves the position at the start.</summary>
    private static bool IsWhole(FileStream archive)
    {
        if (archive.Length <= SealLength)
            return false;
        var digest = DigestOf(archive, archive.Length - SealLength);
        var seal = new byte[SealLength];
        archive.ReadExactly(seal);
        archive.Position = 0;
        return seal.AsSpan().SequenceEqual(Seal(digest));
    }

    private static byte[] Seal(Sha256Digest digest) => Encoding.ASCII.GetBytes($"{SealStart}{digest}\n");

    private static Sha256Digest DigestOf(FileStream stream, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (var left = length; left > 0;)
        {
            var read = stream.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
            if (read == 0)
                throw new EndOfStreamException($"'{stream.Name}' became shorter while it was read.");
            hash.AppendData(buffer, 0, read);
            left -= read;
        }

        return Sha256Digest.Of(hash);
    }

    private static void CopyAtRest(string folder, string database, string snapshot, TarWriter tar)
    {
        var source = new SqliteConnectionStringBuilder { DataSource = database, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ConnectionString;
        using var hold = new SqliteConnection(source);
        hold.Open();
        hold.Run("BEGIN IMMEDIATE");
        using (var reader = new SqliteConnection(source))
        using (var copy = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = snapshot, Pooling = false }.ConnectionString))
        {
            reader.Open();
            copy.Open();
            reader.BackupDatabase(copy);
        }

        Add(tar, folder, Staging);
        hold.Run("ROLLBACK");
        tar.WriteEntry(snapshot, CoordinatorDatabase.FileName);
    }

    private static void Add(TarWriter tar, string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (!Directory.Exists(path))
            return;
        tar.WriteEntry(path, name);
        foreach (var entry in Directory.EnumerateFileSystemEntries(path, "*", SearchOption.AllDirectories)
                     .Where(e => !e.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            tar.WriteEntry(entry, Path.GetRelativePath(folder, entry).Replace(Path.DirectorySeparatorChar, '/'));
    }

    private static FileStream Create(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }
}
