using System.Globalization;
using System.Text;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>One CSV file with a header, quoted as in RFC 4180.</summary>
internal sealed class CsvFile : IDisposable
{
    private readonly StreamWriter _writer;
    private readonly int _columns;
    private int _written;

    public CsvFile(OutputFolder folder, string name, params string[] columns)
    {
        _writer = new StreamWriter(folder.Create($"{name}.csv"), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 15) { NewLine = "\n" };
        _columns = columns.Length;
        foreach (var column in columns)
            Add(column);
        End();
    }

    /// <summary>Adds a field of text; null: empty.</summary>
    public CsvFile Add(string? text)
    {
        Separate();
        if (text.AsSpan().IndexOfAny(",\"\n") < 0)
            _writer.Write(text);
        else
            _writer.Write($"\"{text!.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
        return this;
    }

    /// <summary>Adds a whole number; null: empty.</summary>
    public CsvFile Add(long? number)
    {
        Separate();
        if (number is { } known)
        {
            Span<char> text = stackalloc char[24];
            known.TryFormat(text, out var length, provider: CultureInfo.InvariantCulture);
            _writer.Write(text[..length]);
        }

        return this;
    }

    /// <summary>Adds a number, as the shortest text that gives it back; null: empty.</summary>
    public CsvFile Add(double? number)
    {
        Separate();
        if (number is { } known)
        {
            Span<char> text = stackalloc char[32];
            known.TryFormat(text, out var length, "R", CultureInfo.InvariantCulture);
            _writer.Write(text[..length]);
        }

        return this;
    }

    /// <summary>Adds a moment or a part of it; null: empty.</summary>
    public CsvFile Add(DateTime? time, string format)
    {
        Separate();
        if (time is { } known)
        {
            Span<char> text = stackalloc char[32];
            known.TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
            _writer.Write(text[..length]);
        }

        return this;
    }

    /// <summary>Ends the row.</summary>
    public void End()
    {
        if (_written != _columns)
            throw new InvalidOperationException($"A row of {_written} fields under {_columns} columns.");
        _writer.Write('\n');
        _written = 0;
    }

    public void Dispose() => _writer.Dispose();

    private void Separate()
    {
        if (_written++ > 0)
            _writer.Write(',');
    }
}
