using System.Globalization;

namespace FederatedClinicalMl.Cli.Demo;

/// <summary>The raw files of the UCI heart disease data (Janosi, Steinbrunn, Pfisterer and Detrano 1988, doi 10.24432/C52P4X).</summary>
internal static class UciHeart
{
    /// <summary>The four files in <paramref name="folder"/>.</summary>
    public static IReadOnlyList<HeartTable> Read(string folder)
    {
        var missing = HeartTable.Sites.Select(site => PathOf(folder, site)).Where(path => !File.Exists(path)).ToList();
        return missing.Count == 0
            ? [.. HeartTable.Sites.Select(site => new HeartTable(site, [.. File.ReadLines(PathOf(folder, site)).Where(line => line.Length > 0).Select((line, i) => ParseRow(site, line, i + 1))]))]
            : throw new CliException(
                ExitCode.Usage,
                $"{string.Join(" and ", missing)} {(missing.Count == 1 ? "is" : "are")} not there; --data needs the four files 'processed.<hospital>.data' of the UCI heart disease data.");
    }

    /// <summary>Whether a folder has any of the files.</summary>
    public static bool IsIn(string folder) => HeartTable.Sites.Any(site => File.Exists(PathOf(folder, site)));

    private static string PathOf(string folder, string site) => Path.Combine(folder, $"processed.{site}.data");

    private static double[] ParseRow(string site, string line, int number)
    {
        var fields = line.Split(',');
        var row = new double[HeartTable.Columns.Length];
        if (fields.Length != row.Length)
            throw Wrong($"it has {fields.Length} values instead of {row.Length}");
        for (var i = 0; i < row.Length; i++)
        {
            if (fields[i] == "?")
                row[i] = double.NaN;
            else if (!double.TryParse(fields[i], NumberStyles.Float, CultureInfo.InvariantCulture, out row[i]))
                throw Wrong($"the value in column {HeartTable.Columns[i]} is neither a number nor '?'");
        }

        return row;

        // Says where, never what: the file holds patient data.
        CliException Wrong(string how) => new(ExitCode.InvalidInput, $"processed.{site}.data, line {number}: {how}; fetch the file anew.");
    }
}
