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
            var table = source.Format == DatasetFormat.Parquet ? $"read_parquet({Literal(source.Path)})" : CsvTable(connection, source);
            RequireColumns(connection, source, table, [.. numbers, .. texts]);
            return ReadRows(connection, source, table, numbers, texts);
        }
        catch (DuckDBException error)
        {
            // The engine's own message may quote the line that it could not read: only its kind is passed on.
            throw new DatasetException($"'{source.Path}' cannot be read as {source.Format.ToString().ToLowerInvariant()} (DuckDB error {error.ErrorType}). Check format, delimiter and header in datasets.yaml, and that the file is UTF-8.");
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

    private static string CsvTable(DuckDBConnection connection, DatasetSource source)
    {
        var dialect = $"{Literal(source.Path)}, delim={Literal(source.Delimiter.ToString())}, quote='\"', escape='\"', comment='', skip=0";
        var columns = source.Header ? Columns(connection, $"read_csv({dialect}, header=true, all_varchar=true)") : [.. source.Columns];
        var types = string.Join(", ", columns.Select(column => $"{Literal(column)}: 'VARCHAR'"));
        return $"read_csv({dialect}, header={(source.Header ? "true" : "false")}, auto_detect=false, columns={{{types}}}, strict_mode=true, null_padding=false, store_rejects=true, rejects_limit=0)";
    }

    private static void RequireColumns(DuckDBConnection connection, DatasetSource source, string table, IReadOnlyList<string> wanted)
    {
        var present = Columns(connection, table).ToHashSet(StringComparer.Ordinal);
        var absent = wanted.Where(column => !present.Contains(column)).ToArray();
        if (absent.Length > 0)
            throw new DatasetMissingException($"'{source.Path}' has no column {string.Join(", ", absent.Select(column => $"'{column}'"))}. It has: {string.Join(", ", present.Order(StringComparer.Ordinal))}.");
    }

    private static DataTable ReadRows(
        DuckDBConnection connection, DatasetSource source, string table, IReadOnlyCollection<string> numbers, IReadOnlyCollection<string> texts)
    {
        var missing = source.Missing.ToHashSet(StringComparer.Ordinal);
        var numberColumns = numbers.Select(_ => new List<double>()).ToArray();
        var textColumns = texts.Select(_ => new List<string>()).ToArray();
        var faults = ImmutableArray.CreateBuilder<RowFault>();
        long faulty = 0;
        var rows = 0;
        var selected = string.Join(", ", numbers.Concat(texts).Select(column => $"CAST({Identifier(column)} AS VARCHAR)"));
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
                        Keep(faults, new RowFault(rows, name, "text in a column of numbers; numbers are written with a decimal point and without unit"));
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

    private static List<string> Columns(DuckDBConnection connection, string table)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"DESCRIBE SELECT * FROM {table}";
        using var reader = command.ExecuteReader();
        var columns = new List<string>();
        while (reader.Read())
            columns.Add(reader.GetString(0));
        return columns;
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
}
