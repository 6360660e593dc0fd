using System.IO.Compression;

namespace FederatedClinicalMl.Cli.Demo.Splitting;

/// <summary>The lines of a file, unpacked where it is compressed, as the bytes that they are: what goes to a site is what stood in the export.</summary>
internal sealed class LineReader : IDisposable
{
    private const int Longest = 64 << 20; // a resource or row is held whole

    private readonly string _path;
    private readonly bool _quoted;
    private readonly Stream _stream;
    private byte[] _buffer = new byte[1 << 17];
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its path; compressed where its name ends in <c>.gz</c>.</param>
    /// <param name="quoted">Whether a line end between quotation marks is text, as in CSV (RFC 4180).</param>
    public LineReader(string path, bool quoted)
    {
        (_path, _quoted) = (path, quoted);
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        _stream = IsPacked(path) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }

    /// <summary>Whether a file is compressed: its name says so.</summary>
    public static bool IsPacked(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    /// <summary>A file's name without what says that it is compressed.</summary>
    public static string Unpacked(string name) => IsPacked(name) ? name[..^3] : name;

    /// <summary>Gives the next line without its line feed; it holds until the next call.</summary>
    /// <exception cref="CliException">The file breaks off or is damaged, or a line does not end.</exception>
    public bool TryNext(out ReadOnlySpan<byte> line)
    {
        var (searched, isOpen) = (0, false);
        while (true)
        {
            var unseen = _buffer.AsSpan(_start + searched, _end - _start - searched);
            var length = EndOf(unseen, ref isOpen);
            if (length < 0 && _ended && _end > _start)
                length = unseen.Length;
            if (length >= 0)
            {
                line = _buffer.AsSpan(_start, searched + length);
                _start = Math.Min(_start + searched + length + 1, _end);
                return true;
            }

            if (_ended)
            {
                line = default;
                return false;
            }

            searched = _end - _start;
            Fill();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private int EndOf(ReadOnlySpan<byte> bytes, ref bool isOpen)
    {
        if (!_quoted)
            return bytes.IndexOf((byte)'\n');
        for (var i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] == '"')
                isOpen = !isOpen;
            else if (bytes[i] == '\n' && !isOpen)
                return i;
        }

        return -1;
    }

    private void Fill()
    {
        if (_end - _start > Longest)
            throw new CliException(ExitCode.InvalidInput, $"'{_path}' has a line of more than {Longest >> 20} MiB{(_quoted ? ": look for a quotation mark without its other half" : "")}.");
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        if (_buffer.Length == _end)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        try
        {
            var read = _stream.Read(_buffer.AsSpan(_end));
            (_end, _ended) = (_end + read, read == 0);
        }
        catch (InvalidDataException)
        {
            throw new CliException(ExitCode.InvalidInput, $"The compressed file '{_path}' breaks off or is damaged; fetch it anew.");
        }
    }
}
