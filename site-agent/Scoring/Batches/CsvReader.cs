namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Lines of a CSV file as bytes, one after the other: UTF-8, comma, a field in double quotes where it holds commas. One buffer, whatever the file's length.</summary>
internal sealed class CsvReader(Stream stream, string name)
{
    private const int Block = 1 << 20;

    private readonly byte[] _buffer = new byte[Block];
    private readonly List<Range> _fields = [];
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>Number of the present line, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>Fields of the present line.</summary>
    public int Count => _fields.Count;

    /// <summary>A field, without its quotes.</summary>
    public ReadOnlySpan<byte> this[int field] => _buffer.AsSpan(_fields[field]);

    /// <summary>Goes on to the next line that is not empty; false: there is none.</summary>
    /// <exception cref="ScoringSetupException">The line is none that can be read.</exception>
    public bool Read()
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length < 0 && !_ended)
            {
                Fill();
                continue;
            }

            if (length < 0 && _start == _end)
                return false;
            var (from, to) = (_start, length < 0 ? _end : _start + length);
            _start = length < 0 ? _end : to + 1;
            Line++;
            if (to > from && _buffer[to - 1] == '\r')
                to--;
            if (to == from)
                continue;
            Split(from, to);
            return true;
        }
    }

    /// <summary>The present line is not as it must be.</summary>
    public ScoringSetupException Fault(string what) => new($"{name}:{Line}: {what}");

    private void Split(int from, int to)
    {
        _fields.Clear();
        for (var at = from; ;)
        {
            int end;
            if (at < to && _buffer[at] == '"')
            {
                end = _buffer.AsSpan(at + 1, to - at - 1).IndexOf((byte)'"') is >= 0 and var length ? at + 1 + length : throw Fault("a quoted field does not end in its line.");
                _fields.Add((at + 1)..end);
                end++;
                if (end < to && _buffer[end] != ',')
                    throw Fault("a quoted field holds a quote, which is not read here.");
            }
            else
            {
                end = _buffer.AsSpan(at, to - at).IndexOf((byte)',') is >= 0 and var length ? at + length : to;
                _fields.Add(at..end);
            }

            if (end >= to)
                return;
            at = end + 1;
        }
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }
        else if (_end == _buffer.Length)
        {
            throw Fault($"a line is longer than {Block} bytes.");
        }

        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _ended = read == 0;
    }
}
