using System.IO.Compression;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The text of a CSV file, unpacked where it is compressed. The decompressors, ours and the engine's, take a file that breaks off for one
/// that ends: so a member of our own is put behind the file's, and unless its text comes out at the end, the file was not whole.
/// </summary>
internal sealed class CsvBytes : IDisposable
{
    /// <summary>Most bytes of a block.</summary>
    public const int BlockLength = 1 << 20;

    // What one call unpacks before it meets damage is lost.
    private const int ReadLength = 1 << 16;

    // Tables of numbers pack to a tenth, of repeated words to a fiftieth. A file of one byte, repeated, packs to a thousandth.
    private const int MaximumRatio = 200;
    private const long AlwaysAllowed = 16 << 20;

    private static readonly byte[] s_mark = [.. "\n(end of what was compressed)\n"u8];

    private readonly Stream _stream;
    private readonly byte[] _buffer;
    private readonly int _hold; // bytes at the end that may be the mark
    private readonly long _allowed;
    private int _given;
    private int _held;
    private long _total;
    private bool _ended;

    private CsvBytes(FileStream file, bool packed)
    {
        _stream = packed ? new GZipStream(new FollowedStream(file, Pack(s_mark)), CompressionMode.Decompress) : file;
        _hold = packed ? s_mark.Length : 0;
        _buffer = new byte[BlockLength + _hold];
        _allowed = packed ? Math.Max(AlwaysAllowed, file.Length * MaximumRatio) : long.MaxValue;
    }

    /// <summary>What is wrong with the archive; known once <see cref="Next"/> has given nothing.</summary>
    public RecordFault? Fault { get; private set; }

    /// <summary>Whether a file is compressed: its name says so.</summary>
    public static bool IsPacked(string path) => path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase);

    /// <summary>Opens a file.</summary>
    public static CsvBytes Open(string path) => new(File.OpenRead(path), IsPacked(path));

    /// <summary>The next bytes, which hold until the next call; a whole block, or fewer at the end.</summary>
    public ReadOnlySpan<byte> Next()
    {
        if (_ended)
            return [];
        _buffer.AsSpan(_given, _held).CopyTo(_buffer);
        var there = _held;
        try
        {
            for (int read; there < _buffer.Length && (read = _stream.Read(_buffer, there, Math.Min(ReadLength, _buffer.Length - there))) > 0;)
                there += read;
        }
        catch (InvalidDataException)
        {
            Fault = RecordFault.ArchiveBroken;
        }

        _ended = there < _buffer.Length || Fault is not null;
        if (_ended && _hold > 0 && !_buffer.AsSpan(0, there).EndsWith(s_mark))
            Fault = RecordFault.ArchiveBroken;
        (_given, _held) = Fault is null ? (there - _hold, _hold) : (there, 0);
        if ((_total += _given) > _allowed)
            (Fault, _ended) = (RecordFault.ArchiveGrows, true);
        return _buffer.AsSpan(0, _given);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static byte[] Pack(byte[] text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(text);
        return packed.ToArray();
    }
}
