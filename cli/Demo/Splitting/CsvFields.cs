namespace FederatedClinicalMl.Cli.Demo.Splitting;

/// <summary>Fields of a row of CSV with commas (RFC 4180), as far as an identifier needs it: a quotation mark inside a field is not undoubled.</summary>
internal static class CsvFields
{
    /// <summary>The field at a place, from 0, without its quotation marks and surrounding spaces; empty where the row has fewer.</summary>
    public static ReadOnlySpan<byte> At(ReadOnlySpan<byte> row, int place)
    {
        while (true)
        {
            var field = Next(ref row, out var isLast);
            if (place == 0)
                return field.Trim(" \t\r"u8).Trim((byte)'"');
            if (isLast)
                return default;
            place--;
        }
    }

    /// <summary>How many there are.</summary>
    public static int Count(ReadOnlySpan<byte> row)
    {
        var count = 0;
        for (var isLast = false; !isLast; count++)
            Next(ref row, out isLast);
        return count;
    }

    private static ReadOnlySpan<byte> Next(scoped ref ReadOnlySpan<byte> row, out bool isLast)
    {
        var isOpen = false;
        for (var i = 0; i < row.Length; i++)
        {
            if (row[i] == '"')
            {
                isOpen = !isOpen;
            }
            else if (row[i] == ',' && !isOpen)
            {
                var field = row[..i];
                row = row[(i + 1)..];
                isLast = false;
                return field;
            }
        }

        isLast = true;
        return row;
    }
}
