namespace FederatedClinicalMl.Durability;

/// <summary>
/// An append-only file of lines. <see cref="Append"/> is one write and one sync, so at most the last line can be torn by a crash, and a
/// torn line shows: a file that lost the end of its last write does not end in a line feed, and a block that never reached the disk
/// reads as NUL bytes, which no line holds. Such a tail is cut off when the log is opened. What a whole line says is for the log built
/// on this one to verify.
/// </summary>
public sealed class LineLog : IDisposable
{
    private const int MaximumLength = 1 << 30;

    private readonly IDiskFile _file;
    private long _length;
    private bool _torn; // behind _length there may be bytes of an append that failed

    private LineLog(IDiskFile file, long length, int torn)
    {
        _file = file;
        _length = length;
        TornBytes = torn;
    }

    /// <summary>How many bytes of a torn last line were cut off when the log was opened; 0 where there were none.</summary>
    public int TornBytes { get; }

    /// <summary>Opens a log for appending, and makes it if it is missing; its directory must exist.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The log's file.</param>
    /// <param name="lines">The lines that are there, without their line feeds, in order; views of one buffer.</param>
    public static LineLog Open(IDisk disk, string path, out IReadOnlyList<ReadOnlyMemory<byte>> lines)
    {
        ArgumentNullException.ThrowIfNull(disk);
        var file = disk.Open(path, DiskMode.Write);
        try
        {
            disk.SyncDirectory(DiskPath.Directory(path)); // a log that was made just now, or just before a crash, must not vanish with its entries
            var content = ReadAll(file, path);
            var whole = WholeLength(content);
            lines = Split(content.AsMemory(0, whole));
            MakeDurable(file, content, whole);
            return new LineLog(file, whole, content.Length - whole);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Reads a log without changing it.</summary>
    public static IReadOnlyList<ReadOnlyMemory<byte>> Read(IDisk disk, string path, out int tornBytes)
    {
        ArgumentNullException.ThrowIfNull(disk);
        using var file = disk.Open(path, DiskMode.Read);
        var content = ReadAll(file, path);
        var whole = WholeLength(content);
        tornBytes = content.Length - whole;
        return Split(content.AsMemory(0, whole));
    }

    /// <summary>Appends a line (given without its line feed) and returns once it is durable.</summary>
    /// <exception cref="IOException">
    /// The disk refused. The log is as it was before the call, at the latest when a later call has succeeded: where the disk did not even let
    /// the attempt be cut off again, that is what the next call does first.
    /// </exception>
    public void Append(ReadOnlySpan<byte> line)
    {
        if (line.IndexOfAny((byte)'\n', (byte)0) >= 0)
            throw new ArgumentException("A line holds neither line feeds nor NUL bytes: by them a torn line is known.", nameof(line));
        var bytes = new byte[line.Length + 1];
        line.CopyTo(bytes);
        bytes[^1] = (byte)'\n';
        if (_torn)
            CutOff();
        _torn = true;
        try
        {
            _file.Write(_length, bytes);
            _file.Sync();
        }
        catch (IOException)
        {
            CutOff();
            throw;
        }

        _length += bytes.Length;
        _torn = false;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    // Whether the line of a failed append is on the disk is unknown (a failed fsync may have dropped it or not): it must not come back later.
    private void CutOff()
    {
        _file.Truncate(_length);
        _file.Sync();
        _torn = false;
    }

    // The last line may have been written by a process that was killed before its sync, or after the sync had failed. Whoever reads it here goes
    // by it, so it must be durable now; and since after a failed sync another one succeeds without writing, it is written again.
    private static void MakeDurable(IDiskFile file, byte[] content, int whole)
    {
        if (content.Length == 0)
            return;
        var last = whole == 0 ? 0 : content.AsSpan(0, whole - 1).LastIndexOf((byte)'\n') + 1;
        file.Write(last, content.AsSpan(last, whole - last));
        file.Truncate(whole);
        file.Sync();
    }

    private static byte[] ReadAll(IDiskFile file, string path)
    {
        if (file.Length > MaximumLength)
            throw new IOException($"'{path}' has {file.Length} bytes; at most {MaximumLength} are read.");
        var content = new byte[file.Length];
        return file.Read(0, content) == content.Length ? content : throw new IOException($"'{path}' became shorter while it was read.");
    }

    // One append is one line, so what is torn is the last line only: either it lost its end, or it ends but a block of it never reached
    // the disk. A hole further up is no torn append; it is left for the reader of the lines to refuse.
    private static int WholeLength(ReadOnlySpan<byte> content)
    {
        var end = content.LastIndexOf((byte)'\n') + 1;
        if (end < content.Length || end == 0)
            return end;
        var last = content[..^1].LastIndexOf((byte)'\n') + 1;
        return content[last..].Contains((byte)0) ? last : end;
    }

    private static List<ReadOnlyMemory<byte>> Split(ReadOnlyMemory<byte> content)
    {
        var lines = new List<ReadOnlyMemory<byte>>();
        while (!content.IsEmpty)
        {
            var end = content.Span.IndexOf((byte)'\n');
            lines.Add(content[..end]);
            content = content[(end + 1)..];
        }

        return lines;
    }
}
