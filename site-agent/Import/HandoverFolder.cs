using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;

namespace FederatedClinicalMl.SiteAgent.Import;

/// <summary>
/// The folder in which a copy is handed over to the worker. Each copy is written into a folder of its own; the manifest, which is replaced last
/// and atomically, names the one that holds. The one before is kept for who is reading it, and goes with the next.
/// </summary>
internal sealed class HandoverFolder : IDisposable
{
    private const string Prefix = "copy-";
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly FileDisk _disk;
    private readonly FileStream _lock;
    private readonly string _copy;

    /// <summary>Opens the folder for one copy.</summary>
    /// <exception cref="ImportException">It is not there, other accounts may enter it, or another import is under way.</exception>
    public HandoverFolder(string folder, DateTimeOffset now)
    {
        if (!Directory.Exists(folder))
            throw new ImportException(CommandLine.NotSetUp, $"The hand-over folder '{folder}' is not there. Make it for this account and the worker's group, and nobody else: docs/reference/site-import.md.");
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(folder) & Others) != 0)
            throw new ImportException(CommandLine.NotSetUp, $"Every account may enter '{folder}', where patient data will be. Run: chmod 2750 {folder}");
        _disk = new FileDisk(folder);
        try
        {
            _lock = new FileStream(Path.Join(folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            throw new ImportException(CommandLine.Refused, $"Another import into '{folder}' is under way. Wait until it has ended.");
        }

        Remove(except: OmopHandover.Read(folder)?.Copy); // what an interrupted import left, and what nobody reads any more
        var stamp = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        _copy = Enumerable.Range(0, int.MaxValue).Select(i => i == 0 ? $"{Prefix}{stamp}" : $"{Prefix}{stamp}-{i}").First(name => !Directory.Exists(Path.Join(folder, name)));
        _disk.CreateDirectory(_copy);
    }

    /// <summary>Writes a table durably.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="write">Writes it as CSV and answers with its rows.</param>
    public async Task<HandedTable> WriteAsync(string name, Func<TextWriter, Task<long>> write)
    {
        var file = $"{name}.csv.gz";
        using var sha = SHA256.Create();
        await using var stream = new FileStream(Path.Join(_disk.Root, _copy, file), FileMode.CreateNew, FileAccess.Write);
        long rows;
        await using (var hashed = new CryptoStream(stream, sha, CryptoStreamMode.Write, leaveOpen: true))
        await using (var gzip = new GZipStream(hashed, CompressionLevel.Fastest))
        await using (var writer = new StreamWriter(gzip, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 16))
            rows = await write(writer);
        stream.Flush(flushToDisk: true);
        return new HandedTable(file, rows, Convert.ToHexStringLower(sha.Hash!));
    }

    /// <summary>Makes the copy the one that holds.</summary>
    public OmopHandover Commit(DateOnly? since, IEnumerable<HandedTable> tables)
    {
        var handover = new OmopHandover(_copy, since, [.. tables]);
        _disk.SyncDirectory(_copy);
        DurableFile.Write(_disk, OmopHandover.FileName, handover.ToJson());
        return handover;
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private void Remove(string? except)
    {
        foreach (var name in _disk.ListDirectories("").Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && name != except))
            Directory.Delete(Path.Join(_disk.Root, name), recursive: true);
    }
}
