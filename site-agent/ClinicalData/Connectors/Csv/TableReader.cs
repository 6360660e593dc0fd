using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using DuckDB.NET.Data;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Reads the columns of a CSV or Parquet file through DuckDB. The engine is given one file by name and nothing else: no other path, no
/// network, no extension, a memory limit, one thread (so that rows keep their order), and its configuration is locked before the file
/// is opened. Values come out as text and are typed here, by one rule for both formats: invariant culture, decimal point.
/// </summary>
public static class TableReader
{
    private const string MemoryLimit = "1GB";

    /// <summary>Reads columns of a file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="numbers">Columns to read as numbers.</param>
    /// <param name="texts">Columns to read as text.</param>
    /// <exception cref="DatasetMissingException">The file or a column is not there.</exception>
    /// <exception cref="DatasetException">The file cannot be read at all.</exception>
    public static DataTable Read(DatasetSource source, IReadOnlyCollection<string> numbers, IReadOnlyCollection<string> texts)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (!File.Exists(source.Path))
            throw new DatasetMissingException($"'{source.Path}' is not there, or this account may not read it. Correct its path in datasets.yaml.");
        try
        {
            using var connection = OpenHardened(source.Path);
            var (table, columns) = source.Format == DatasetFormat.Parquet ? ParquetTable(connection, source) : CsvTable(source);
            var wanted = Choose(source, columns, [.. numbers, .. texts]);
            return ReadRows(connection, source, table, wanted, numbers, texts);
        }
        catch (DuckDBException error)
        {
            // The engine's own message may quote the line that it could not read: only its kind is passed on.
            throw new DatasetException($"'{source.Path}' cannot be read as {source.Format.ToString().ToLowerInvariant()} (DuckDB error {error.ErrorType}). Check format, delimiter and header in datasets.yaml, and that the file is UTF-8 with one kind of line ends.");
        }
    }

    private static DuckDBConnection OpenHardened(string path)
    {
        var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        Execute(connection, $"""
            SET autoinstall_known_extensions=false;
            SET autoload_known_extensions=false;
            SET memory_limit='{MemoryLimit}';
            SET threads=1;
            SET temp_directory='';
            SET allowed_paths=[{Literal(path)}];
            SET enable_external_access=false;
            SET lock_configuration=true;
            """);
        return connection;
    }

    private static (string Table, ImmutableArray<Column> Columns) ParquetTable(DuckDBConnection connection, DatasetSource source)
    {
        var table = $"read_parquet({Literal(source.Path)})";
        using var command = connection.CreateCommand();
        command.CommandText = $"DESCRIBE SELECT * FROM {table}";
        using var reader = command.ExecuteReader();
        var columns = ImmutableArray.CreateBuilder<Column>();
        while (reader.Read())
            columns.Add(new Column(reader.GetString(0), Identifier(reader.GetString(0))));
        return (table, columns.ToImmutable());
    }

    // The engine is told everything: what it guesses from the first rows fails, for the whole file, on one row that is faulty. Its names for the
    // columns are their numbers, for it takes names that differ in case only for one.
    private static (string Table, ImmutableArray<Column> Columns) CsvTable(DatasetSource source)
    {
        CsvRecords.Check(source.Path, source.Delimiter);
        ImmutableArray<Column> columns = [.. (source.Header ? CsvHeader.Read(source.Path, source.Delimiter) : source.Columns).Select((name, i) => new Column(name, $"c{i}"))];
        var types = string.Join(", ", columns.Select(column => $"{column.Identifier}: 'VARCHAR'"));
        return ($"read_csv({Literal(source.Path)}, delim={Literal(source.Delimiter.ToString())}, quote='\"', escape='\"', comment='', skip=0, "
            + $"header={(source.Header ? "true" : "false")}, auto_detect=false, columns={{{types}}}, strict_mode=true, null_padding=false, store_rejects=true, rejects_limit=0)", columns);
    }

    private static string[] Choose(DatasetSource source, ImmutableArray<Column> columns, IReadOnlyList<string> wanted)
    {
        var absent = wanted.Where(name => columns.All(column => column.Name != name)).ToArray();
        if (absent.Length > 0)
        {
            // A first line that is called a header may be a patient's row: it is not shown.
            throw new DatasetMissingException($"'{source.Path}' has no column {Quoted(absent)}. " + (source is { Format: DatasetFormat.Csv, Header: true }
                ? $"Its first line is read as the names of its {columns.Length} columns. Correct delimiter in datasets.yaml, or header, where the first line is a row."
                : $"It has: {string.Join(", ", columns.Select(column => column.Name).Order(StringComparer.Ordinal))}."));
        }

        var doubled = wanted.Where(name => columns.Count(column => column.Name == name) > 1).ToArray();
        return doubled.Length == 0
            ? [.. wanted.Select(name => columns.Single(column => column.Name == name).Identifier)]
            : throw new DatasetException($"'{source.Path}' has more than one column {Quoted(doubled)}: which one is meant cannot be known. Rename the others in the file.");

        static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));
    }

    private static DataTable ReadRows(
        DuckDBConnection connection, DatasetSource source, string table, string[] wanted, IReadOnlyCollection<string> numbers, IReadOnlyCollection<string> texts)
    {
        var missing = source.Missing.ToHashSet(StringComparer.Ordinal);
        var numberColumns = numbers.Select(_ => new List<double>()).ToArray();
        var textColumns = texts.Select(_ => new List<string>()).ToArray();
        var faults = ImmutableArray.CreateBuilder<RowFault>();
        long faulty = 0;
        var rows = 0;
        var selected = string.Join(", ", wanted.Select(column => $"CAST({column} AS VARCHAR)"));
        using (var command = connection.CreateCommand())
        {
            command.UseStreamingMode = true;
            command.CommandText = $"SELECT {selected} FROM {table}";
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                rows++;
                var sound = true;
                var field = 0;
                foreach (var name in numbers)
                {
                    if (!TryNumber(Text(reader, field, missing), out var value))
                    {
                        sound = false;
                        Keep(faults, new RowFault(rows, name, "not a finite number; numbers are written with a decimal point and without unit"));
                    }

                    numberColumns[field++].Add(value);
                }

                foreach (var column in textColumns)
                    column.Add(Text(reader, field++, missing));
                faulty += sound ? 0 : 1;
            }
        }

        if (source.Format == DatasetFormat.Csv)
            faulty += Rejected(connection, faults);
        return new DataTable(
            rows,
            numbers.Zip(numberColumns).ToDictionary(pair => pair.First, pair => pair.Second.ToArray(), StringComparer.Ordinal),
            texts.Zip(textColumns).ToDictionary(pair => pair.First, pair => pair.Second.ToArray(), StringComparer.Ordinal),
            faults.ToImmutable(), faulty);
    }

    private static bool TryNumber(string text, out double value)
    {
        value = double.NaN;
        if (text.Length == 0)
            return true;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var parsed) && double.IsFinite(parsed))
            value = parsed;
        return !double.IsNaN(value);
    }

    private static string Text(DbDataReader reader, int field, HashSet<string> missing)
    {
        if (reader.IsDBNull(field))
            return "";
        var text = reader.GetString(field).Trim();
        return missing.Contains(text) ? "" : text;
    }

    // Lines that are no rows: the engine keeps them in a table of its own, with their text, which is not read.
    private static long Rejected(DuckDBConnection connection, ImmutableArray<RowFault>.Builder faults)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT line, min(CAST(error_type AS VARCHAR)) FROM reject_errors GROUP BY line ORDER BY line";
        using var reader = command.ExecuteReader();
        long lines = 0;
        while (reader.Read())
        {
            lines++;
            var kind = reader.GetString(1).ToLowerInvariant();
            Keep(faults, new RowFault(Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture), "", $"the line is not a row of this table ({kind})"));
        }

        return lines;
    }

    private static void Keep(ImmutableArray<RowFault>.Builder faults, RowFault fault)
    {
        if (faults.Count < DataTable.FaultsKept)
            faults.Add(fault);
    }

    private static void Execute(DuckDBConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    private static string Identifier(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    // A column's name in the file, and in the engine's SQL.
    private readonly record struct Column(string Name, string Identifier);
}
