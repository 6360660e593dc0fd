namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Where the records of a CSV file lie. The engine counts records and knows no lines; and what would make rows disappear unseen it does not
/// report: a quotation mark without its other half takes everything up to the next one, or to the end, for one field, and of that the engine
/// reports one line, or none where it is longer than its buffer.
/// </summary>
internal sealed class CsvRecords
{
    /// <summary>Most bytes of a record; the engine's own limit.</summary>
    public const int MaximumLength = 2 << 20;

    private readonly List<(long Record, long Lines)> _irregular = []; // those of several lines, and (Lines 0) those on an empty one

    private enum At
    {
        FieldStart,
        Plain,
        Quoted,
        AfterQuote,
    }

    /// <summary>How many whole records there are, header and empty lines among them.</summary>
    public long Count { get; private set; }

    /// <summary>Why what follows them cannot be read; null: nothing follows.</summary>
    public RecordFault? Broken { get; private set; }

    /// <summary>Looks through a file. A record that is cut off in its last line is left to the engine, which counts the line.</summary>
    /// <exception cref="DatasetException">A record would swallow others; its line is named.</exception>
    public static CsvRecords Find(string path, char delimiter)
    {
        using var bytes = CsvBytes.Open(path);
        var records = new CsvRecords();
        var (at, previous) = (At.FieldStart, (byte)0);
        var (line, first, length) = (1L, 1L, 0L); // the present line, the line on which the record began, and its bytes
        for (var block = bytes.Next(); block.Length > 0; block = bytes.Next())
        {
            foreach (var b in block)
            {
                var isSecondHalf = b == '\n' && previous == '\r';
                previous = b;
                if (isSecondHalf && length == 0)
                    continue; // of the line end that ended the record
                length++;
                if (b is (byte)'\n' or (byte)'\r')
                {
                    line += isSecondHalf ? 0 : 1;
                    if (at != At.Quoted)
                    {
                        records.Add(length == 1 ? 0 : line - first);
                        (at, first, length) = (At.FieldStart, line, 0);
                        continue;
                    }
                }

                at = (at, b) switch
                {
                    (At.Quoted, (byte)'"') => At.AfterQuote,
                    (At.Quoted, _) => At.Quoted,
                    (At.FieldStart or At.AfterQuote, (byte)'"') => At.Quoted,
                    _ => b == delimiter ? At.FieldStart : At.Plain,
                };
                if (length > MaximumLength)
                    throw new DatasetException($"Line {first} of '{path}' begins a row of more than {MaximumLength} bytes. Look for a quotation mark without its other half.");
            }
        }

        records.Broken = bytes.Fault;
        if (bytes.Fault is null && at == At.Quoted && line > first)
            throw new DatasetException($"Line {first} of '{path}' has a quotation mark without its other half, which makes one field of all lines after it.");
        if (bytes.Fault is null && length > 0)
            records.Add(line - first + 1);
        return records;
    }

    /// <summary>Walks over them from the first.</summary>
    public Walk Start() => new(this);

    private void Add(long lines)
    {
        Count++;
        if (lines != 1)
            _irregular.Add((Count, lines));
    }

    /// <summary>Walks over the records.</summary>
    public sealed class Walk(CsvRecords records)
    {
        private int _next; // among the irregular ones
        private long _lines = 1;

        /// <summary>Number of the present record, from 1.</summary>
        public long Record { get; private set; }

        /// <summary>Line on which it begins, from 1.</summary>
        public long Line { get; private set; }

        /// <summary>Whether it is an empty line.</summary>
        public bool IsEmpty { get; private set; }

        /// <summary>Goes on to the next; false: there is none, and <see cref="Line"/> is behind the last.</summary>
        public bool Next()
        {
            (Record, Line) = (Record + 1, Line + _lines);
            (_lines, IsEmpty) = (1, false);
            if (Record > records.Count)
                return false;
            if (_next < records._irregular.Count && records._irregular[_next].Record == Record)
            {
                var lines = records._irregular[_next++].Lines;
                (_lines, IsEmpty) = (Math.Max(1, lines), lines == 0);
            }

            return true;
        }
    }
}
