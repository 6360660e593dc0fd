namespace FederatedClinicalMl.Durability;

/// <summary>
/// What durable code may ask of a disk, and no more: so that the same code runs on the operating system's disk
/// (<see cref="FileDisk"/>) and on the simulator's, which drops what was not synced. Calls are synchronous: each is a point at which a
/// process can be killed. Paths are relative to the disk's root, with '/' as separator. Errors are <see cref="IOException"/>s; a path
/// that leads out of the root is an <see cref="ArgumentException"/>.
/// </summary>
public interface IDisk
{
    /// <summary>
    /// Opens a file. Its existence is durable only after <see cref="SyncDirectory"/> of its directory. A file has any number of readers
    /// and at most one writer at a time; a second writer is refused.
    /// </summary>
    /// <exception cref="FileNotFoundException">The file is to be read, and is not there.</exception>
    /// <exception cref="DirectoryNotFoundException">Its directory is not there.</exception>
    IDiskFile Open(string path, DiskMode mode);

    /// <summary>Whether a file is there.</summary>
    bool Exists(string path);

    /// <summary>The names of the files in a directory, in ordinal order; empty where the directory is missing.</summary>
    IReadOnlyList<string> List(string directory);

    /// <summary>The names of the directories in a directory, in ordinal order; empty where the directory is missing.</summary>
    IReadOnlyList<string> ListDirectories(string directory);

    /// <summary>Makes a directory and its parents, durably.</summary>
    void CreateDirectory(string directory);

    /// <summary>Removes an empty directory if it is there. After a crash it may be back.</summary>
    void DeleteDirectory(string directory);

    /// <summary>
    /// Gives a file another name in the same directory, replacing a file of that name. Atomic; durable only after
    /// <see cref="SyncDirectory"/>. Between two directories it is refused: a crash could leave both names or neither.
    /// </summary>
    void Rename(string from, string to);

    /// <summary>Removes a file if it is there. Durable only after <see cref="SyncDirectory"/>.</summary>
    void Delete(string path);

    /// <summary>Makes the directory's entries durable.</summary>
    void SyncDirectory(string directory);
}

/// <summary>How a file is opened.</summary>
public enum DiskMode
{
    /// <summary>For reading; it must be there.</summary>
    Read,

    /// <summary>For reading and writing; made if it is not there, kept if it is.</summary>
    Write,

    /// <summary>For reading and writing; emptied if it is there.</summary>
    Replace,
}

/// <summary>An open file.</summary>
public interface IDiskFile : IDisposable
{
    /// <summary>Length in bytes.</summary>
    long Length { get; }

    /// <summary>Reads up to <paramref name="buffer"/>'s length from <paramref name="offset"/>; fewer bytes only at the file's end.</summary>
    int Read(long offset, Span<byte> buffer);

    /// <summary>Writes all of <paramref name="bytes"/>. Durable only after <see cref="Sync"/>.</summary>
    void Write(long offset, ReadOnlySpan<byte> bytes);

    /// <summary>Cuts the file. Durable only after <see cref="Sync"/>.</summary>
    void Truncate(long length);

    /// <summary>Returns once the file's content and length are durable (fsync, FlushFileBuffers).</summary>
    void Sync();
}
