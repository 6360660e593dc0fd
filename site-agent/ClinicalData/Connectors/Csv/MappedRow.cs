namespace FederatedClinicalMl.ClinicalData;

/// <summary>The present row of a mapped file.</summary>
internal sealed class MappedRow(ITextRows rows, IReadOnlyList<string> columns, MappedFile file, IEventSink sink, ClinicalClock clock)
    : TypedRow(rows, [.. Enumerable.Range(0, columns.Count)], sink, clock)
{
    private readonly Dictionary<string, Field> _fields = columns.Select((column, place) => new Field(place, column)).Where(field => file.Columns.Contains(field.Element))
        .ToDictionary(field => field.Element, StringComparer.Ordinal);

    /// <summary>An identifier or a code; empty: none, or no such column was named.</summary>
    public string Code(string? column) => column is null ? "" : Code(_fields[column]);

    /// <summary>An identifier or a code that must be there.</summary>
    public string Needed(string column)
    {
        var text = Code(column);
        if (text.Length == 0)
            Refuse(RecordFault.ElementMissing, column);
        return text;
    }

    /// <summary>A number; NaN: none, or no such column was named.</summary>
    public double Number(string? column) => column is null ? double.NaN : Number(_fields[column]);

    /// <summary>A moment; none where there is none, or no such column was named.</summary>
    public (ClinicalTime Time, bool IsDate) Moment(MappedMoment? moment) => moment is null ? (ClinicalTime.None, false) : Moment(_fields[moment.Column], moment.Format);

    /// <summary>What a word stands for; empty: there is none.</summary>
    public string Word(MappedWords? words)
    {
        if (words is null || Code(words.Column) is not { Length: > 0 } text)
            return "";
        if (words.Codes.TryGetValue(text, out var code))
            return code;
        Refuse(RecordFault.CodeUnknown, words.Column);
        return "";
    }

    /// <summary>The record. Identifiers are the file's own: another file may use the same. Without one, the record is the whole row.</summary>
    /// <param name="id">Its identifier; null: none.</param>
    public SourceRecord Record(string? id)
    {
        var content = Content();
        Bytes.Clear().Add(file.Path);
        if (id is null)
            AddFields();
        else
            Bytes.Add(id);
        return new SourceRecord(EventKeys.RecordKey(file.Kind, Bytes.Bytes), content, Line);
    }
}
