namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Looks through a CSV file for what would make rows disappear unseen: a quotation mark without its other half takes everything up to the next
/// one, or to the end, for one field, and of that the engine reports one line, or none where it is longer than its buffer.
/// </summary>
internal static class CsvRecords
{
    /// <summary>Most bytes of a record; the engine's own limit.</summary>
    public const int MaximumLength = 2 << 20;

    private const int BlockLength = 1 << 20;

    private enum At
    {
        FieldStart,
        Plain,
        Quoted,
        AfterQuote,
    }

    /// <summary>Refuses a file with such a record. One that is cut off in its last line is left to the engine, which counts the line.</summary>
    /// <exception cref="DatasetException">There is one; its line is named.</exception>
    public static void Check(string path, char delimiter)
    {
        using var file = File.OpenRead(path);
        var block = new byte[BlockLength];
        var (at, previous) = (At.FieldStart, (byte)0);
        var (line, first, length) = (1L, 1L, 0L); // the present line, the line on which the record began, and its bytes
        for (int read; (read = file.Read(block)) > 0;)
        {
            foreach (var b in block.AsSpan(0, read))
            {
                length++;
                var isEnd = b is (byte)'\n' or (byte)'\r';
                if (isEnd && !(b == '\n' && previous == '\r'))
                    line++;
                previous = b;
                if (isEnd && at != At.Quoted)
                {
                    (at, first, length) = (At.FieldStart, line, 0);
                    continue;
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

        if (at == At.Quoted && line > first)
            throw new DatasetException($"Line {first} of '{path}' has a quotation mark without its other half, which makes one field of all lines after it.");
    }
}
