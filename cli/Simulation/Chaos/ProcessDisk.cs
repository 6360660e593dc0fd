using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;

namespace FederatedClinicalMl.Cli.Simulation;

/// <summary>What becomes of one changing operation on a disk.</summary>
internal enum DiskFate
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>The disk refuses it.</summary>
    Fails,

    /// <summary>The process is killed just before it.</summary>
    KillsBefore,

    /// <summary>The process is killed just after it, and never hears that it was done.</summary>
    KillsAfter,
}

/// <summary>
/// A disk as one process sees it. Two processes of a machine share a disk: the kill of one closes what that one had open and loses
/// nothing, while a loss of power concerns the disk itself.
/// </summary>
/// <param name="process">The process's name.</param>
/// <param name="disk">The machine's disk.</param>
/// <param name="fate">Asked before every changing operation.</param>
internal sealed class ProcessDisk(string process, SimulatedDisk disk, Func<ProcessDisk, DiskFate> fate) : IDisk
{
    private readonly HashSet<OpenFile> _open = [];
    private bool _dead;

    /// <summary>The process's name.</summary>
    public string Process => process;

    /// <summary>The process has ended: what it had open is closed, and its next life begins with nothing open.</summary>
    public void Release()
    {
        foreach (var file in _open.ToList())
            file.Dispose();
        _dead = false;
    }

    /// <inheritdoc/>
    public IDiskFile Open(string path, DiskMode mode)
    {
        IDiskFile file = null!;
        if (mode == DiskMode.Read)
            Look(() => file = disk.Open(path, mode));
        else
            Change($"open {path}", () => file = disk.Open(path, mode), () => file.Dispose());
        var open = new OpenFile(this, path, file);
        _open.Add(open);
        return open;
    }

    /// <inheritdoc/>
    public bool Exists(string path) => Look(() => disk.Exists(path));

    /// <inheritdoc/>
    public IReadOnlyList<string> List(string directory) => Look(() => disk.List(directory));

    /// <inheritdoc/>
    public IReadOnlyList<string> ListDirectories(string directory) => Look(() => disk.ListDirectories(directory));

    /// <inheritdoc/>
    public void CreateDirectory(string directory) => Change($"mkdir {directory}", () => disk.CreateDirectory(directory));

    /// <inheritdoc/>
    public void DeleteDirectory(string directory) => Change($"rmdir {directory}", () => disk.DeleteDirectory(directory));

    /// <inheritdoc/>
    public void Rename(string from, string to) => Change($"rename {from}", () => disk.Rename(from, to));

    /// <inheritdoc/>
    public void Delete(string path) => Change($"delete {path}", () => disk.Delete(path));

    /// <inheritdoc/>
    public void SyncDirectory(string directory) => Change($"sync directory '{directory}'", () => disk.SyncDirectory(directory));

    private T Look<T>(Func<T> look)
    {
        if (_dead)
            throw new SimulatedDeathException("a disk operation after its death");
        return look();
    }

    private void Change(string what, Action change, Action? undo = null)
    {
        if (_dead)
            throw new SimulatedDeathException(what);
        var became = fate(this);
        if (became == DiskFate.KillsBefore)
            Die($"before {what}");
        disk.FailsAt = became == DiskFate.Fails ? _ => true : null;
        try
        {
            change();
        }
        finally
        {
            disk.FailsAt = null;
        }

        if (became != DiskFate.KillsAfter)
            return;
        undo?.Invoke();
        Die($"after {what}");
    }

    private void Die(string where)
    {
        _dead = true;
        throw new SimulatedDeathException(where);
    }

    private sealed class OpenFile(ProcessDisk view, string path, IDiskFile file) : IDiskFile
    {
        public long Length => view.Look(() => file.Length);

        public int Read(long offset, Span<byte> buffer)
        {
            _ = view.Look(() => true);
            return file.Read(offset, buffer);
        }

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            var content = bytes.ToArray();
            view.Change($"write {path}", () => file.Write(offset, content));
        }

        public void Truncate(long length) => view.Change($"cut {path}", () => file.Truncate(length));

        public void Sync() => view.Change($"sync {path}", file.Sync);

        public void Dispose()
        {
            view._open.Remove(this);
            file.Dispose();
        }
    }
}
