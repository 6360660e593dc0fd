using System.Data.Common;
using System.Globalization;
using DuckDB.NET.Data;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The rows of a file. A CSV file is gone through twice: the engine tells which records it rejects only at the end, and a row's line is known
/// only where those before it are. What it gives and rejects must be all that there is.
/// </summary>
internal sealed class TableRows : ITextRows
{
    private readonly TableFile _file;
    private readonly RefuseLine _refuse;
    private readonly CsvRecords? _records;
    private readonly CsvRecords.Walk? _walk;
    private readonly Dictionary<long, string> _rejected = [];
    private readonly HashSet<string> _missing;
    private readonly int[] _places; // of the fields in what the engine gives
    private readonly DuckDBConnection _connection;
    private readonly DuckDBCommand _command;
    private readonly DbDataReader _reader;

    /// <exception cref="DuckDBException">The engine cannot read it.</exception>
    public TableRows(TableFile file, IReadOnlyList<int> columns, CsvRecords? records, RefuseLine refuse)
    {
        (_file, _records, _refuse) = (file, records, refuse);
        _places = [.. columns.Select((column, i) => records is null ? i : column)];
        _missing = file.Missing.ToHashSet(StringComparer.Ordinal);
        _connection = file.Connect();
        _command = _connection.CreateCommand();
        try
        {
            // What follows in a broken archive is not asked for: it may be endless.
            var select = file.Select(columns) + (records is { Broken: not null } ? $" LIMIT {records.Count}" : "");
            if (records is not null)
            {
                FindRejected(select);
                _walk = records.Start();
                if (file.HasHeader)
                    _walk.Next();
            }

            _command.UseStreamingMode = true;
            _command.CommandText = select;
            _reader = _command.ExecuteReader();
        }
        catch (DuckDBException)
        {
            _command.Dispose();
            _connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public long Line { get; private set; }

    /// <inheritdoc/>
    public string this[int field]
    {
        get
        {
            if (_reader.IsDBNull(_places[field]))
                return "";
            var text = _reader.GetString(_places[field]).Trim();
            return _missing.Contains(text) ? "" : text;
        }
    }

    /// <inheritdoc/>
    public bool Read()
    {
        var isRow = _file.Engine(_reader.Read);
        if (_walk is null)
        {
            Line++;
            return isRow;
        }

        var isRecord = NextRecord(_walk);
        Line = _walk.Line;
        if (isRow && isRecord)
            return true;
        if (_records!.Broken is { } fault)
            _refuse(Line, fault, fault.Sentence());
        else if (isRow || isRecord)
            throw _file.Unreadable($"the rows from line {Line} on are read in two ways");
        return false;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _command.Dispose();
        _connection.Dispose();
    }

    private bool NextRecord(CsvRecords.Walk walk)
    {
        while (walk.Next())
        {
            if (_rejected.TryGetValue(walk.Record, out var kind))
                _refuse(walk.Line, FaultOf(kind), kind);
            else if (!walk.IsEmpty || _file.Columns.Length == 1)
                return true;
        }

        return false;
    }

    // The engine keeps them in a table of its own, with their text, which is not read; its "line" counts records.
    private void FindRejected(string select)
    {
        _command.CommandText = $"SELECT {string.Join(", ", _file.Columns.Select((_, i) => $"count(c{i})"))} FROM ({select})";
        _command.ExecuteNonQuery();
        _command.CommandText = "SELECT line, lower(min(CAST(error_type AS VARCHAR))) FROM reject_errors GROUP BY line";
        using var reader = _command.ExecuteReader();
        while (reader.Read())
            _rejected.Add(Convert.ToInt64(reader.GetValue(0), CultureInfo.InvariantCulture), reader.GetString(1));
    }

    private static RecordFault FaultOf(string kind) => kind switch
    {
        "invalid encoding" => RecordFault.NotUtf8,
        "line size over maximum" => RecordFault.TooLong,
        _ => RecordFault.NotARow,
    };
}
