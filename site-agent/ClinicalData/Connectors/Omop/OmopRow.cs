using System.Globalization;
using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// The present row of a table, typed. The first field that is not what it must be refuses the row; what is read after it is of no use,
/// because a refused row is left.
/// </summary>
internal sealed class OmopRow : IDisposable
{
    private readonly ITextRows _rows;
    private readonly IEventSink _sink;
    private readonly ClinicalClock _clock;
    private readonly int[] _places;
    private readonly string[] _values;
    private readonly RowBytes _bytes = new();

    /// <param name="rows">The rows.</param>
    /// <param name="places">By field of the table: place among what is read of the file; -1: not there.</param>
    /// <param name="sink">Takes the faults.</param>
    /// <param name="clock">The hospital's clock.</param>
    public OmopRow(ITextRows rows, int[] places, IEventSink sink, ClinicalClock clock)
    {
        (_rows, _places, _sink, _clock) = (rows, places, sink, clock);
        _values = [.. places.Select(_ => "")];
    }

    /// <summary>Where it stands.</summary>
    public long Line => _rows.Line;

    /// <summary>Whether it was refused.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>Goes on to the next row.</summary>
    public bool Read()
    {
        IsRefused = false;
        if (!_rows.Read())
            return false;
        for (var i = 0; i < _places.Length; i++)
        {
            if (_places[i] >= 0)
                _values[i] = _rows[_places[i]];
        }

        return true;
    }

    /// <summary>A text; empty: none.</summary>
    public string Text(OmopColumn column) => _values[column.Field];

    /// <summary>A text that is a code of the site's own.</summary>
    public string Code(OmopColumn column)
    {
        var text = Text(column);
        if (text.Length <= TextValues.MaximumCode)
            return text;
        Refuse(RecordFault.TooLong, column.Element);
        return "";
    }

    /// <summary>A whole number that must be there.</summary>
    public long Id(OmopColumn column)
    {
        if (Text(column).Length == 0)
            Refuse(RecordFault.ElementMissing, column.Element);
        return IdOrZero(column);
    }

    /// <summary>A whole number; 0: none. Programs that know no whole numbers with gaps write 7 as 7.0.</summary>
    public long IdOrZero(OmopColumn column)
    {
        long id = 0;
        var text = Text(column).AsSpan();
        if (text.EndsWith(".0"))
            text = text[..^2];
        if (text.Length > 0 && !long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out id))
            Refuse(RecordFault.NotANumber, column.Element);
        return id;
    }

    /// <summary>A number; NaN: none.</summary>
    public double Number(OmopColumn column)
    {
        var number = double.NaN;
        if (Text(column) is { Length: > 0 } text && !TextValues.TryNumber(text, out number))
            Refuse(RecordFault.NotANumber, column.Element);
        return number;
    }

    /// <summary>A moment of one column; none where it is empty.</summary>
    public (ClinicalTime Time, bool IsDate) Moment(OmopColumn column)
    {
        if (Text(column) is not { Length: > 0 } text)
            return (ClinicalTime.None, false);
        if (!TextValues.TryTime(text, _clock, out var time, out var isDate))
            Refuse(RecordFault.NotADate, column.Element);
        return (time, isDate);
    }

    /// <summary>A moment; none where both columns are empty.</summary>
    public (ClinicalTime Time, bool IsDate) Moment(OmopMoment moment) => Moment(Text(moment.DateAndTime).Length > 0 ? moment.DateAndTime : moment.Date);

    /// <summary>A moment that must be there.</summary>
    public (ClinicalTime Time, bool IsDate) NeededMoment(OmopMoment moment)
    {
        var found = Moment(moment);
        if (!found.Time.IsKnown)
            Refuse(RecordFault.ElementMissing, moment.Date.Element);
        return found;
    }

    /// <summary>Refuses the row, unless it is already.</summary>
    public void Refuse(RecordFault fault, string element)
    {
        if (!IsRefused)
            _sink.Refuse(Line, fault, element);
        IsRefused = true;
    }

    /// <summary>The record: a row of this table. Several tables make observations, so the key has the table's name.</summary>
    /// <param name="table">The table.</param>
    /// <param name="kind">What its rows are.</param>
    /// <param name="id">Primary key.</param>
    public SourceRecord Record(OmopTable table, EventKind kind, long id)
    {
        var key = EventKeys.RecordKey(kind, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{table.Name}/{id}")));
        _bytes.Clear();
        foreach (var value in _values)
            _bytes.Add(value);
        return new SourceRecord(key, EventKeys.Content(_bytes.Bytes), Line);
    }

    /// <inheritdoc/>
    public void Dispose() => _rows.Dispose();
}
