namespace FederatedClinicalMl.Durability;

/// <summary>Whole files that are there, complete, or not there at all, whenever the process is killed.</summary>
public static class DurableFile
{
    /// <summary>What is added to a file's name while it is being written. After a crash such a file means nothing and may be removed.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>
    /// Writes a file and returns once it is durable: temporary file, sync, rename, sync of the directory. The directory must exist.
    /// </summary>
    /// <exception cref="IOException">The disk refused; the file at <paramref name="path"/> is as it was.</exception>
    public static void Write(IDisk disk, string path, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(disk);
        var temporary = path + TemporarySuffix;
        using (var file = disk.Open(temporary, DiskMode.Replace))
        {
            file.Write(0, content);
            file.Sync(); // before the rename: a name must never point at content that a crash can take away
        }

        disk.Rename(temporary, path);
        disk.SyncDirectory(DiskPath.Directory(path));
    }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="IOException">The file is not there, or is longer than <paramref name="maximumLength"/> bytes.</exception>
    public static byte[] Read(IDisk disk, string path, int maximumLength = 64 << 20)
    {
        ArgumentNullException.ThrowIfNull(disk);
        using var file = disk.Open(path, DiskMode.Read);
        if (file.Length > maximumLength)
            throw new IOException($"'{path}' has {file.Length} bytes; at most {maximumLength} are read.");
        var content = new byte[file.Length];
        var read = file.Read(0, content);
        return read == content.Length ? content : throw new IOException($"'{path}' changed while it was read.");
    }
}
