namespace FederatedClinicalMl.ClinicalData;

/// <summary>A folder of a site's own CSV and Parquet files, with a mapping file that says what they mean: docs/reference/event-mapping.md.</summary>
public sealed class MappedTableSource : IEventSource
{
    private readonly ClinicalClock _clock;
    private readonly List<(MappedFile File, TableFile Table, int[] Columns)> _tables = [];

    /// <summary>Opens the files.</summary>
    /// <param name="folder">The export's folder.</param>
    /// <param name="mapping">What its files mean.</param>
    /// <param name="clock">The hospital's clock.</param>
    /// <exception cref="DatasetException">A file or a column that the mapping names is not there.</exception>
    public MappedTableSource(string folder, EventMapping mapping, ClinicalClock clock)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        _clock = clock;
        foreach (var file in mapping.Files)
        {
            var format = file.Path.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase) ? DatasetFormat.Parquet : DatasetFormat.Csv;
            var source = new DatasetSource(Path.GetFullPath(Path.Join(folder, file.Path)), format, Header: true, [], file.Delimiter, file.Missing);
            var table = TableFile.Open(source, file.Path, "the mapping file");
            var used = table.Find([.. file.Columns]);
            var hasKey = file.Id is not null || file.Kind is EventKind.Birth or EventKind.Encounter;
            _tables.Add((file, table, hasKey ? used : [.. Enumerable.Range(0, table.Columns.Length)]));
        }
    }

    /// <inheritdoc/>
    public string Description => "mapped CSV and Parquet files";

    /// <inheritdoc/>
    public void ReadInto(IEventSink sink, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(sink);
        var reading = new MappedReading(sink, _clock, cancel);
        foreach (var (file, table, columns) in _tables)
        {
            sink.BeginFile(file.Path);
            using var row = new MappedRow(
                table.Read(columns, (line, fault, _) => sink.Refuse(line, fault)), [.. columns.Select(column => table.Columns[column])], file, sink, _clock);
            reading.Read(file, row);
        }
    }
}
