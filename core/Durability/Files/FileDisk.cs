using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FederatedClinicalMl.Durability;

/// <summary>The operating system's disk below one folder.</summary>
public sealed partial class FileDisk : IDisk
{
    private readonly HashSet<string> _writers = new(StringComparer.Ordinal); // guarded by itself: full paths that are open for writing

    private readonly HashSet<string> _named = new(StringComparer.Ordinal); // guarded by itself: directories whose own name this process has made durable

    private readonly bool _ownerOnly;

    /// <summary>A disk whose root is <paramref name="root"/>; the folder is made if it is missing.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="ownerOnly">Whether files and folders that are made below it are for its account alone (Unix: modes 0600 and 0700).</param>
    public FileDisk(string root, bool ownerOnly = false)
    {
        (Root, _ownerOnly) = (Path.GetFullPath(root), ownerOnly && !OperatingSystem.IsWindows());
        Directory.CreateDirectory(Root);
    }

    /// <summary>Full path of the root.</summary>
    public string Root { get; }

    /// <inheritdoc/>
    public IDiskFile Open(string path, DiskMode mode)
    {
        var full = Resolve(path);
        if (mode == DiskMode.Read)
            return new OpenFile(File.OpenHandle(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), null);

        // One writer: Windows would refuse a second one by the share mode, but Unix locks are advisory and shared between a reader and a
        // writer, so the set decides. Against a second process the folder as a whole is locked (see Lock).
        lock (_writers)
        {
            if (!_writers.Add(full))
                throw new IOException($"'{full}' is open for writing already.");
        }

        var release = new WriterRelease(this, full);
        try
        {
            var handle = File.OpenHandle(full, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
#pragma warning disable CA1416 // never set on Windows
            if (_ownerOnly)
                File.SetUnixFileMode(handle, UnixFileMode.UserRead | UnixFileMode.UserWrite);
#pragma warning restore CA1416
            if (mode == DiskMode.Replace)
                RandomAccess.SetLength(handle, 0);
            return new OpenFile(handle, release);
        }
        catch
        {
            release.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool Exists(string path) => File.Exists(Resolve(path));

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string directory) => Names(directory, Directory.EnumerateFiles);

    /// <inheritdoc/>
    public IReadOnlyList<string> ListDirectories(string directory) => Names(directory, Directory.EnumerateDirectories);

    /// <inheritdoc/>
    public void CreateDirectory(string directory)
    {
        var full = Resolve(directory);
        var isThere = Directory.Exists(full);
        if (directory.Length == 0 || (isThere && IsNamed(directory)))
            return;
        CreateDirectory(DiskPath.Directory(directory));
        if (!isThere)
        {
            Directory.CreateDirectory(full);
#pragma warning disable CA1416 // never set on Windows
            if (_ownerOnly)
                File.SetUnixFileMode(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
#pragma warning restore CA1416
        }

        // Also where it is there: it may have been made by a process that was killed before it came to this line, or failed in it.
        SyncDirectory(DiskPath.Directory(directory));
        lock (_named)
            _named.Add(directory);
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string directory)
    {
        var full = Resolve(directory);
        lock (_named)
            _named.Remove(directory);
        if (Directory.Exists(full))
            Directory.Delete(full, recursive: false);
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        var (source, target) = (Resolve(from), Resolve(to));
        if (DiskPath.Directory(from) != DiskPath.Directory(to))
            throw new ArgumentException($"'{from}' and '{to}' are in different directories; a rename between two is not atomic.", nameof(to));
        File.Move(source, target, overwrite: true);
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        var full = Resolve(path);
        if (File.Exists(full))
            File.Delete(full);
    }

    /// <inheritdoc/>
    public void SyncDirectory(string directory)
    {
        var full = Resolve(directory);
        if (!Directory.Exists(full))
            throw new DirectoryNotFoundException($"'{full}' is not there.");

        // Windows has no fsync of a directory: NTFS journals its metadata in order, and a rename is durable with the log record of the
        // next FlushFileBuffers on the volume. What is promised there is order, not the moment.
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Unix.Open(full, Unix.ReadOnly);
        if (descriptor < 0)
            throw Unix.Error($"'{full}' cannot be opened to be synced");
        try
        {
            if (Unix.Sync(descriptor) != 0)
                throw Unix.Error($"'{full}' cannot be synced");
        }
        finally
        {
            _ = Unix.Close(descriptor);
        }
    }

    /// <summary>
    /// Holds the disk for this process until disposed, by a file of that name: two processes on one folder would each believe their own
    /// memory of it.
    /// </summary>
    /// <exception cref="IOException">Another process holds it.</exception>
    public IDisposable Lock(string name = "lock")
    {
        var full = Resolve(name);
        try
        {
            return File.OpenHandle(full, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new IOException($"'{Root}' is in use by another process, which holds '{full}'. Stop it first.", error);
        }
    }

    private bool IsNamed(string directory)
    {
        lock (_named)
            return _named.Contains(directory);
    }

    private string Resolve(string path)
    {
        DiskPath.Check(path);
        return Path.Join(Root, path);
    }

    private List<string> Names(string directory, Func<string, IEnumerable<string>> enumerate)
    {
        var full = Resolve(directory);
        if (!Directory.Exists(full))
            return [];
        var names = enumerate(full).Select(path => Path.GetFileName(path)!).ToList();
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private sealed class WriterRelease(FileDisk disk, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (disk._writers)
                disk._writers.Remove(path);
        }
    }

    private sealed class OpenFile(SafeFileHandle handle, IDisposable? writer) : IDiskFile
    {
        public long Length => RandomAccess.GetLength(handle);

        public int Read(long offset, Span<byte> buffer)
        {
            var total = 0;
            while (total < buffer.Length)
            {
                var read = RandomAccess.Read(handle, buffer[total..], offset + total);
                if (read == 0)
                    break;
                total += read;
            }

            return total;
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes) => RandomAccess.Write(Writable(), bytes, offset);

        public void Truncate(long length) => RandomAccess.SetLength(Writable(), length);

        public void Sync() => RandomAccess.FlushToDisk(Writable());

        public void Dispose()
        {
            handle.Dispose();
            writer?.Dispose();
        }

        private SafeFileHandle Writable() =>
            writer is null ? throw new IOException("The file is open for reading only.") : handle;
    }

    private static partial class Unix
    {
        public const int ReadOnly = 0; // O_RDONLY, the same on Linux and macOS

        [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        public static partial int Open(string path, int flags);

        [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static partial int Sync(int descriptor);

        [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
        public static partial int Close(int descriptor);

        public static IOException Error(string what) =>
            new($"{what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
    }
}
