using System.Buffers;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Splits bytes into lines, in a buffer that is used again: a line is there until the next one is asked for.</summary>
internal sealed class NdjsonLines(NdjsonBytes bytes, int longest) : IDisposable
{
    private const int Block = 1 << 17;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(Block * 2);
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>Number of the line, from 1.</summary>
    public long Number { get; private set; }

    /// <summary>Takes the next line.</summary>
    /// <param name="line">The line without its end; empty where it is too long.</param>
    /// <param name="isTooLong">Whether it is longer than is read.</param>
    /// <returns>False: there are no more, or <see cref="NdjsonBytes.Fault"/> says why the one that would be <see cref="Number"/> cannot be had.</returns>
    public bool TryNext(out ReadOnlySpan<byte> line, out bool isTooLong)
    {
        line = default;
        isTooLong = false;
        var searched = 0;
        Number++;
        while (true)
        {
            var length = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (length >= 0 || (_ended && bytes.Fault is null && (_end > _start || isTooLong)))
            {
                length = length >= 0 ? searched + length : _end - _start;
                isTooLong |= length > longest;
                line = isTooLong ? default : WithoutMark(_buffer.AsSpan(_start, length));
                _start = Math.Min(_start + length + 1, _end);
                return true;
            }

            if (_ended)
                return false;
            if (_end - _start > longest)
                (isTooLong, _start, _end) = (true, 0, 0);
            searched = _end - _start;
            Fill();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> line) => Number == 1 && line.StartsWith("\uFEFF"u8) ? line[3..] : line;

    private void Fill()
    {
        if (_buffer.Length - _end < Block && _start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_buffer.Length - _end < Block)
        {
            var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.AsSpan(0, _end).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        var read = bytes.Read(_buffer.AsSpan(_end, Block));
        _end += read;
        _ended = read == 0;
    }
}
