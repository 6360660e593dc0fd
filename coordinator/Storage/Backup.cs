using System.Formats.Tar;
using FederatedClinicalMl.Durability;
using Microsoft.Data.Sqlite;

namespace FederatedClinicalMl.Coordinator.Storage;

/// <summary>
/// One file with everything that a coordinator is: a tar archive of the database, the keys, staging, results, models and the audit log. It holds
/// private keys, so it is made readable for its own account only.
/// <para>
/// It may be taken while the coordinator runs. For the moment in which database and staging are copied, a write transaction is held, so that no
/// release can be journaled or let go of between the two. Results and models are only ever added, and the audit log only grows, so that
/// copying them afterwards can bring too much, which is harmless, and never too little.
/// </para>
/// </summary>
public static class Backup
{
    private static readonly string[] Folders = ["authority", "results", "models"];
    private const string Staging = "staging";
    private const string Audit = "audit.log";

    /// <summary>Writes a backup of the coordinator in <paramref name="folder"/>.</summary>
    /// <returns>Its length in bytes.</returns>
    /// <exception cref="DataFolderException">The folder holds no coordinator, or the file exists.</exception>
    public static long Write(string folder, string file)
    {
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
                    if (File.Exists(Path.Combine(folder, Audit)))
                        tar.WriteEntry(Path.Combine(folder, Audit), Audit);
                }

                archive.Flush(flushToDisk: true);
            }

            File.Move(temporary, file);
            return new FileInfo(file).Length;
        }
        finally
        {
            File.Delete(snapshot);
            File.Delete(temporary);
        }
    }

    /// <summary>Makes a data folder from a backup and checks that it is whole.</summary>
    /// <returns>Who the coordinator is: the same as before.</returns>
    /// <exception cref="DataFolderException">The folder is not empty, or the archive is no backup.</exception>
    public static StoredIdentity Restore(string file, string folder)
    {
        DataFolder.RefuseUnlessEmpty(folder);
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            TarFile.ExtractToDirectory(file, folder, overwriteFiles: false); // refuses names that lead out of the folder
        }
        catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new DataFolderException($"'{file}' is no whole backup: {broken.Message} Empty '{folder}' and use another.", broken);
        }

        foreach (var path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        }

        using var opened = DataFolder.Open(folder); // holds the database against the authority
        var fault = opened.Database.Read(connection => connection.Query("PRAGMA quick_check", row => row.GetString(0)))[0];
        return fault == "ok" ? opened.Identity : throw new DataFolderException($"The database in '{file}' is damaged: {fault} Use another backup.");
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
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }
}
