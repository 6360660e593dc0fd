using System.Collections.Immutable;
using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The first line of a CSV file: the names of its columns.</summary>
internal static class CsvHeader
{
    /// <summary>Reads the names, trimmed. A name may be quoted, as RFC 4180 has it, but not go on in a second line.</summary>
    /// <exception cref="DatasetException">The line is too long, no UTF-8, or has a quotation mark where none may be.</exception>
    public static ImmutableArray<string> Read(string path, char delimiter)
    {
        var line = FirstLine(path);
        var names = ImmutableArray.CreateBuilder<string>();
        var (name, quoted) = (new StringBuilder(), false);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '"' && quoted && i + 1 < line.Length && line[i + 1] == '"')
                name.Append(line[i++]);
            else if (line[i] == '"')
                quoted = !quoted;
            else if (line[i] == delimiter && !quoted)
                End();
            else
                name.Append(line[i]);
        }

        if (quoted)
            throw new DatasetException($"The header of '{path}' has a quotation mark without its other half.");
        End();
        return names.ToImmutable();

        void End()
        {
            names.Add(name.ToString().Trim());
            name.Clear();
        }
    }

    private static string FirstLine(string path)
    {
        using var bytes = CsvBytes.Open(path);
        var start = bytes.Next();
        var end = start.IndexOfAny((byte)'\n', (byte)'\r');
        if (end < 0 && bytes.Fault is { } fault)
            throw new DatasetException($"'{path}' has no header: {fault.Sentence()}.");
        if (end < 0 && start.Length == CsvBytes.BlockLength)
            throw new DatasetException($"The header of '{path}' is longer than {CsvBytes.BlockLength} bytes. Check its line ends, and whether it has a header.");
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(end < 0 ? start : start[..end]).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw new DatasetException($"The header of '{path}' is not UTF-8. Save the file as UTF-8.");
        }
    }
}
