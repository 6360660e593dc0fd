namespace FederatedClinicalMl.ClinicalData;

/// <summary>A field of the rows of a table.</summary>
/// <param name="Place">Its place among those that are read.</param>
/// <param name="Element">Its name in faults.</param>
internal record Field(int Place, string Element);

/// <summary>
/// The present row of a table, typed. The first field that is not what it must be refuses the row; what is read after it is of no use,
/// because a refused row is left.
/// </summary>
internal class TypedRow : IDisposable
{
    private readonly ITextRows _rows;
    private readonly IEventSink _sink;
    private readonly ClinicalClock _clock;
    private readonly int[] _places;
    private readonly string[] _values;

    /// <param name="rows">The rows.</param>
    /// <param name="places">By field: its place in the rows; -1: it is not there, which is as if it were empty.</param>
    /// <param name="sink">Takes the faults.</param>
    /// <param name="clock">The hospital's clock.</param>
    public TypedRow(ITextRows rows, int[] places, IEventSink sink, ClinicalClock clock)
    {
        (_rows, _places, _sink, _clock) = (rows, places, sink, clock);
        _values = [.. places.Select(_ => "")];
    }

    /// <summary>Where it stands.</summary>
    public long Line => _rows.Line;

    /// <summary>Whether it was refused.</summary>
    public bool IsRefused { get; private set; }

    /// <summary>What is being hashed.</summary>
    protected RowBytes Bytes { get; } = new();

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
    public string Text(Field field) => _values[field.Place];

    /// <summary>A text that is an identifier or a code; empty: none.</summary>
    public string Code(Field field)
    {
        var text = Text(field);
        if (text.Length <= TextValues.MaximumCode)
            return text;
        Refuse(RecordFault.TooLong, field.Element);
        return "";
    }

    /// <summary>A number; NaN: none.</summary>
    public double Number(Field field)
    {
        var number = double.NaN;
        if (Text(field) is { Length: > 0 } text && !TextValues.TryNumber(text, out number))
            Refuse(RecordFault.NotANumber, field.Element);
        return number;
    }

    /// <summary>A moment; none where the field is empty.</summary>
    /// <param name="field">The field.</param>
    /// <param name="format">See <see cref="TextValues.TryTime"/>.</param>
    public (ClinicalTime Time, bool IsDate) Moment(Field field, string format = TextValues.Iso8601)
    {
        if (Text(field) is not { Length: > 0 } text)
            return (ClinicalTime.None, false);
        if (!TextValues.TryTime(text, format, _clock, out var time, out var isDate))
            Refuse(RecordFault.NotADate, field.Element);
        return (time, isDate);
    }

    /// <summary>Refuses the row, unless it is already.</summary>
    public void Refuse(RecordFault fault, string element)
    {
        if (!IsRefused)
            _sink.Refuse(Line, fault, element);
        IsRefused = true;
    }

    /// <inheritdoc/>
    public void Dispose() => _rows.Dispose();

    /// <summary>Hash of all fields.</summary>
    protected ulong Content()
    {
        Bytes.Clear();
        AddFields();
        return EventKeys.Content(Bytes.Bytes);
    }

    /// <summary>Adds all fields to what is being hashed.</summary>
    protected void AddFields()
    {
        foreach (var value in _values)
            Bytes.Add(value);
    }
}
