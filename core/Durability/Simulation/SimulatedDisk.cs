namespace FederatedClinicalMl.Durability.Simulation;

/// <summary>The simulated process was killed at this point. No code may catch it: after it, every call to the disk throws it again until the restart.</summary>
#pragma warning disable CA1710 // a crash, not an error: it is thrown so that nothing runs on, and no program handles it
public sealed class SimulatedCrash() : Exception("The simulated process was killed here.");
#pragma warning restore CA1710

/// <summary>
/// A disk in memory that keeps, over a crash, no more than a real one must: for every file an arbitrary part of what was written since its
/// last sync (each block on its own: not there, there, or there up to some byte; what never arrived inside the file's length reads as
/// zeros), and for every directory an arbitrary part of the creations, renames and deletions since its last sync. After a failed sync,
/// what was to be synced may be lost for good, as on Linux. Everything follows from the seed. For one thread.
/// </summary>
/// <remarks>After the fault model of Pillai et al., "All File Systems Are Not Created Equal" (OSDI 2014), and of FoundationDB's simulator.</remarks>
public sealed class SimulatedDisk : IDisk
{
    private readonly Random _random;
    private readonly Dictionary<string, SimulatedDirectory> _directories = new(StringComparer.Ordinal) { [""] = new() { IsNamed = true } };
    private int _life; // how often the process was started: handles of an earlier life are dead

    /// <summary>An empty disk.</summary>
    /// <param name="seed">Decides what every crash keeps.</param>
    public SimulatedDisk(int seed) => _random = new Random(seed);

    /// <summary>How many changing operations (writes, cuts, syncs, creations, renames, deletions) there were so far, refused ones included.</summary>
    public long Operations { get; private set; }

    /// <summary>The number of the operation, counted as by <see cref="Operations"/>, at which the process is killed; null: none.</summary>
    public long? CrashAt { get; set; }

    /// <summary>Asked before every changing operation with its number; true: it fails with an I/O error.</summary>
    public Func<long, bool>? FailsAt { get; set; }

    /// <summary>Bytes that the files may hold together; a write beyond fails as on a full disk. Null: no limit.</summary>
    public long? Capacity { get; set; }

    /// <summary>Whether the process was killed and not yet restarted.</summary>
    public bool Crashed { get; private set; }

    /// <summary>Bytes that the files hold together.</summary>
    public long Used => _directories.Values.SelectMany(directory => directory.Entries.Values).Distinct().Sum(file => file.Length);

    /// <summary>Kills the process now: nothing of what it does from here on reaches the disk.</summary>
    public void Crash()
    {
        if (Crashed)
            return;
        Crashed = true;
        CrashAt = null;
    }

    /// <summary>Starts the process again, on what the crash left; after an orderly end too, unsynced things are lost if <paramref name="powerLoss"/>.</summary>
    /// <param name="powerLoss">Whether the machine lost power (unsynced things are at stake) or only the process was killed (all is kept).</param>
    public void Restart(bool powerLoss = true)
    {
        Crashed = false;
        _life++;
        foreach (var file in _directories.Values.SelectMany(directory => directory.Entries.Values.Concat(directory.DurableEntries)).Distinct())
            file.Writer = null;
        if (!powerLoss)
            return;
        foreach (var path in _directories.Where(known => !known.Value.IsNamed && _random.Next(2) == 0).Select(known => known.Key).ToList())
        {
            foreach (var below in _directories.Keys.Where(key => key == path || key.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
                _directories.Remove(below);
        }

        foreach (var (path, directory) in _directories.ToList())
        {
            directory.IsNamed = true;
            directory.Lose(_random);
            if (directory.IsDeleted && directory.Entries.Count == 0 && _random.Next(2) == 0)
                _directories.Remove(path);
            else
                directory.IsDeleted = false;
        }

        foreach (var file in _directories.Values.SelectMany(directory => directory.Entries.Values).Distinct())
            file.Lose(_random);
    }

    /// <inheritdoc/>
    public IDiskFile Open(string path, DiskMode mode)
    {
        DiskPath.Check(path);
        Alive(_life);
        var directory = DirectoryOf(path);
        var name = DiskPath.Name(path);
        var isThere = directory.Entries.TryGetValue(name, out var file);
        if (mode == DiskMode.Read)
            return isThere ? new OpenFile(this, file!, _life, isWriter: false) : throw new FileNotFoundException($"'{path}' is not there.");
        if (file?.Writer is not null)
            throw new IOException($"'{path}' is open for writing already.");
        if (!isThere)
        {
            Change(_life, () => directory.Link(name, file = new SimulatedFile()));
        }
        else if (mode == DiskMode.Replace && file!.Length > 0)
        {
            Change(_life, () => file.Truncate(0));
        }

        var open = new OpenFile(this, file!, _life, isWriter: true);
        file!.Writer = open;
        return open;
    }

    /// <inheritdoc/>
    public bool Exists(string path)
    {
        DiskPath.Check(path);
        Alive(_life);
        return Find(DiskPath.Directory(path)) is { } directory && directory.Entries.ContainsKey(DiskPath.Name(path));
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string directory)
    {
        DiskPath.Check(directory);
        Alive(_life);
        return Find(directory) is { } found ? [.. found.Entries.Keys.Order(StringComparer.Ordinal)] : [];
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListDirectories(string directory)
    {
        DiskPath.Check(directory);
        Alive(_life);
        return
        [
            .. _directories.Where(known => !known.Value.IsDeleted && known.Key.Length > 0 && DiskPath.Directory(known.Key) == directory)
                .Select(known => DiskPath.Name(known.Key)).Order(StringComparer.Ordinal),
        ];
    }

    /// <inheritdoc/>
    public void CreateDirectory(string directory)
    {
        DiskPath.Check(directory);
        Alive(_life);
        if (Find(directory) is { IsNamed: true })
            return;
        CreateDirectory(DiskPath.Directory(directory));
        if (Find(directory) is null)
        {
            Change(_life, () =>
            {
                if (!_directories.TryGetValue(directory, out var made))
                    _directories[directory] = made = new SimulatedDirectory();
                (made.IsDeleted, made.IsNamed) = (false, false);
            });
        }

        SyncDirectory(DiskPath.Directory(directory));
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string directory)
    {
        DiskPath.Check(directory);
        Alive(_life);
        if (Find(directory) is not { } found)
            return;
        if (directory.Length == 0 || found.Entries.Count > 0 || ListDirectories(directory).Count > 0)
            throw new IOException($"'{directory}' is not empty.");
        Change(_life, () => found.IsDeleted = true);
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        DiskPath.Check(from);
        DiskPath.Check(to);
        if (DiskPath.Directory(from) != DiskPath.Directory(to))
            throw new ArgumentException($"'{from}' and '{to}' are in different directories; a rename between two is not atomic.", nameof(to));
        Alive(_life);
        var directory = DirectoryOf(from);
        if (!directory.Entries.ContainsKey(DiskPath.Name(from)))
            throw new FileNotFoundException($"'{from}' is not there.");
        Change(_life, () => directory.Rename(DiskPath.Name(from), DiskPath.Name(to)));
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        DiskPath.Check(path);
        Alive(_life);
        if (Find(DiskPath.Directory(path)) is { } directory && directory.Entries.ContainsKey(DiskPath.Name(path)))
            Change(_life, () => directory.Unlink(DiskPath.Name(path)));
    }

    /// <inheritdoc/>
    public void SyncDirectory(string directory)
    {
        DiskPath.Check(directory);
        Alive(_life);
        var found = Find(directory) ?? throw new DirectoryNotFoundException($"'{directory}' is not there.");
        Change(
            _life, () =>
            {
                found.Sync();
                foreach (var (path, below) in _directories)
                    below.IsNamed |= DiskPath.Directory(path) == directory;
            }, isSync: true);
    }

    private SimulatedDirectory? Find(string directory) =>
        _directories.TryGetValue(directory, out var found) && !found.IsDeleted ? found : null;

    private SimulatedDirectory DirectoryOf(string path) =>
        Find(DiskPath.Directory(path)) ?? throw new DirectoryNotFoundException($"The directory of '{path}' is not there.");

    private void Alive(int life)
    {
        if (Crashed || life != _life)
            throw new SimulatedCrash();
    }

    // A killed operation has happened as far as the process can tell nothing of it any more, except that a sync has promised nothing.
    private void Change(int life, Action apply, bool isSync = false, Action? failedSync = null)
    {
        Alive(life);
        var number = Operations++;
        if (number == CrashAt)
        {
            if (!isSync)
                apply();
            Crash();
            throw new SimulatedCrash();
        }

        if (FailsAt?.Invoke(number) == true)
        {
            failedSync?.Invoke();
            throw new IOException("The simulated disk failed.");
        }

        apply();
    }

    private sealed class OpenFile(SimulatedDisk disk, SimulatedFile file, int life, bool isWriter) : IDiskFile
    {
        private bool _disposed;

        public long Length
        {
            get
            {
                Usable();
                return file.Length;
            }
        }

        public int Read(long offset, Span<byte> buffer)
        {
            Usable();
            return file.Read(offset, buffer);
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            Writable();
            var copy = bytes.ToArray();
            var growth = Math.Max(0, offset + copy.Length - file.Length);
            if (disk.Capacity is { } capacity && disk.Used + growth > capacity)
            {
                // What fits is written, as on a real disk: a caller must not rely on all or nothing.
                var fits = (int)Math.Clamp(copy.Length - (disk.Used + growth - capacity), 0, copy.Length);
                disk.Change(life, () => file.Write(offset, copy[..fits]));
                throw new IOException("No space left on the simulated disk.");
            }

            disk.Change(life, () => file.Write(offset, copy));
        }

        public void Truncate(long length)
        {
            Writable();
            disk.Change(life, () => file.Truncate(length));
        }

        public void Sync()
        {
            Writable();
            disk.Change(life, file.Sync, isSync: true, failedSync: file.Doom);
        }

        public void Dispose()
        {
            _disposed = true;
            if (ReferenceEquals(file.Writer, this))
                file.Writer = null;
        }

        private void Usable()
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            disk.Alive(life);
        }

        private void Writable()
        {
            Usable();
            if (!isWriter)
                throw new IOException("The file is open for reading only.");
        }
    }
}
