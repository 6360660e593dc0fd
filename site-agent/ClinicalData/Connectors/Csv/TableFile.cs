using System.Collections.Immutable;
using DuckDB.NET.Data;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A CSV or Parquet file, read through <see cref="HardenedDuckDb"/>.</summary>
internal sealed class TableFile : ITextTable
{
    private readonly DatasetSource _source;
    private readonly string _settings;

    private TableFile(DatasetSource source, string name, string settings)
    {
        (_source, Name, _settings) = (source, name, settings);
        Columns = source.Format == DatasetFormat.Parquet ? Engine(ParquetColumns)
            : source.Header ? CsvHeader.Read(source.Path, source.Delimiter)
            : source.Columns;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ImmutableArray<string> Columns { get; }

    /// <summary>Opens a file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="name">Its name for faults.</param>
    /// <param name="settings">Where the steward wrote how it is to be read: <c>datasets.yaml</c>.</param>
    /// <exception cref="DatasetMissingException">It is not there.</exception>
    /// <exception cref="DatasetException">Its columns cannot be read.</exception>
    public static TableFile Open(DatasetSource source, string name, string settings) => File.Exists(source.Path)
        ? new TableFile(source, name, settings)
        : throw new DatasetMissingException($"'{source.Path}' is not there, or this account may not read it. Correct its path in {settings}.");

    /// <summary>Numbers of columns by their exact names.</summary>
    /// <exception cref="DatasetMissingException">One is not there.</exception>
    /// <exception cref="DatasetException">One is there twice.</exception>
    public int[] Find(IReadOnlyList<string> names)
    {
        var absent = names.Where(name => !Columns.Contains(name)).Distinct().ToArray();
        if (absent.Length > 0)
        {
            // A first line that is called a header may be a patient's row: it is not shown.
            throw new DatasetMissingException($"'{_source.Path}' has no column {Quoted(absent)}. " + (_source is { Format: DatasetFormat.Csv, Header: true }
                ? $"Its first line is read as the names of its {Columns.Length} columns. Correct delimiter in {_settings}, or header, where the first line is a row."
                : $"It has: {string.Join(", ", Columns.Order(StringComparer.Ordinal))}."));
        }

        var doubled = names.Where(name => Columns.Count(column => column == name) > 1).Distinct().ToArray();
        return doubled.Length == 0
            ? [.. names.Select(name => Columns.IndexOf(name))]
            : throw new DatasetException($"'{_source.Path}' has more than one column {Quoted(doubled)}: which one is meant cannot be known. Rename the others in the file.");

        static string Quoted(IEnumerable<string> names) => string.Join(", ", names.Select(name => $"'{name}'"));
    }

    /// <inheritdoc/>
    public ITextRows Read(IReadOnlyList<int> columns, RefuseLine refuse)
    {
        var records = _source.Format == DatasetFormat.Csv ? CsvRecords.Find(_source.Path, _source.Delimiter) : null;
        return Engine(() => new TableRows(this, columns, records, refuse));
    }

    /// <summary>The missing values' words.</summary>
    internal ImmutableArray<string> Missing => _source.Missing;

    /// <summary>Whether a CSV file's first record names its columns.</summary>
    internal bool HasHeader => _source.Header;

    /// <summary>A connection that can read this file and nothing else.</summary>
    internal DuckDBConnection Connect() => HardenedDuckDb.Open(_source.Path);

    /// <summary>The query of columns, as text: of those of a Parquet file that are asked for; of a CSV file's all, each at its number.</summary>
    internal string Select(IReadOnlyList<int> columns)
    {
        // The engine (1.5) fails on the whole of a CSV file where a byte is not UTF-8 in a column whose number is not below the count of those asked for.
        var selected = _source.Format == DatasetFormat.Parquet
            ? columns.Select((column, i) => $"CAST({HardenedDuckDb.Identifier(Columns[column])} AS VARCHAR) AS c{i}")
            : Columns.Select((_, i) => $"c{i}");
        return $"SELECT {string.Join(", ", selected)} FROM {Table()}";
    }

    /// <summary>Runs the engine. Its own message may quote the line that it could not read: only its kind is passed on.</summary>
    internal T Engine<T>(Func<T> run)
    {
        try
        {
            return run();
        }
        catch (DuckDBException error)
        {
            throw Unreadable($"DuckDB error {error.ErrorType}");
        }
    }

    /// <summary>The file cannot be read at all.</summary>
    internal DatasetException Unreadable(string why) =>
        new($"'{_source.Path}' cannot be read as {_source.Format.ToString().ToLowerInvariant()} ({why}). Check format, delimiter and header in {_settings}, "
            + "and that the file is UTF-8 with one kind of line ends.");

    // The engine is told everything: what it guesses from the first rows fails, for the whole file, on one row that is faulty. Its names for the
    // columns are their numbers, for it takes names that differ in case only for one.
    private string Table() => _source.Format == DatasetFormat.Parquet
        ? $"read_parquet({HardenedDuckDb.Literal(_source.Path)})"
        : $"read_csv({HardenedDuckDb.Literal(_source.Path)}, delim={HardenedDuckDb.Literal(_source.Delimiter.ToString())}, quote='\"', escape='\"', comment='', skip=0, "
            + $"header={(_source.Header ? "true" : "false")}, compression='{(CsvBytes.IsPacked(_source.Path) ? "gzip" : "none")}', auto_detect=false, "
            + $"columns={{{string.Join(", ", Columns.Select((_, i) => $"c{i}: 'VARCHAR'"))}}}, strict_mode=true, null_padding=false, store_rejects=true, rejects_limit=0)";

    private ImmutableArray<string> ParquetColumns()
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = $"DESCRIBE SELECT * FROM {Table()}";
        using var reader = command.ExecuteReader();
        var columns = ImmutableArray.CreateBuilder<string>();
        while (reader.Read())
            columns.Add(reader.GetString(0));
        return columns.ToImmutable();
    }
}
