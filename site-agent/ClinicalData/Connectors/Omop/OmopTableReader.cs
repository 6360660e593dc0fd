using System.Text.RegularExpressions;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A table of the model, found in an export: which of the file's columns are the model's.</summary>
internal sealed partial class OmopTableReader
{
    private readonly ITextTable _file;
    private readonly List<int> _read = []; // columns of the file
    private readonly int[] _places; // by field of the table: place among those, or -1

    private OmopTableReader(ITextTable file, int fields) => (_file, _places) = (file, new int[fields]);

    /// <summary>Finds the columns; null, and a sentence for each fault, where one is missing or doubled.</summary>
    /// <param name="table">The model's table.</param>
    /// <param name="file">What is there of it.</param>
    /// <param name="faults">Takes the faults.</param>
    /// <param name="remarks">Takes what a steward should know of how it is read.</param>
    public static OmopTableReader? Find(OmopTable table, ITextTable file, List<string> faults, List<string> remarks)
    {
        var reader = new OmopTableReader(file, table.Columns.Count);
        var before = faults.Count;
        foreach (var column in table.Columns)
        {
            var found = Enumerable.Range(0, file.Columns.Length).Where(i => NameOf(file.Columns[i]).Equals(column.Name, StringComparison.OrdinalIgnoreCase)).ToArray();
            reader._places[column.Place] = found.Length == 0 ? -1 : reader._read.Count;
            if (found is [var only])
            {
                reader._read.Add(only);
                if (IsOfUnixTime(file.Columns[only]))
                    remarks.Add($"{file.Name}: the column {file.Columns[only]} is read as {column.Name}.");
            }
            else if (found.Length > 1)
            {
                faults.Add($"{file.Name} has the column {column.Name} {found.Length} times: which one is meant cannot be known.");
            }
            else if (!column.IsOptional)
            {
                faults.Add($"{file.Name} has no column {column.Name}.");
            }
        }

        return faults.Count == before ? reader : null;
    }

    /// <summary>Reads the rows.</summary>
    public OmopRow Read(IEventSink sink, ClinicalClock clock)
    {
        sink.BeginFile(_file.Name);
        return new OmopRow(_file.Read(_read, (line, fault, _) => sink.Refuse(line, fault)), _places, sink, clock);
    }

    /// <summary>Reads the values of a column of a table that is no patient's.</summary>
    public IEnumerable<string> Values(OmopColumn column)
    {
        using var rows = _file.Read(_read, (line, fault, _) => throw new DatasetException($"{_file.Name}, line {line}: {fault.Sentence()}."));
        while (rows.Read())
            yield return rows[_places[column.Place]];
    }

    // SQLite writes the expression as the header of what a query like SELECT date(x,'unixepoch') exports. Only this one, which keeps the meaning.
    private static string NameOf(string header) => UnixTime().Match(header) is { Success: true } match ? match.Groups[1].Value : header;

    private static bool IsOfUnixTime(string header) => UnixTime().IsMatch(header);

    [GeneratedRegex(@"^date\(([a-z_]+),'unixepoch'\)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex UnixTime();
}
