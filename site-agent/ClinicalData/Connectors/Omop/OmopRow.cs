using System.Globalization;
using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>The present row of a table of the model.</summary>
internal sealed class OmopRow(ITextRows rows, int[] places, IEventSink sink, ClinicalClock clock) : TypedRow(rows, places, sink, clock)
{
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

    /// <summary>The record: a row of this table. Several tables make observations, so the key has the table's name.</summary>
    /// <param name="table">The table.</param>
    /// <param name="kind">What its rows are.</param>
    /// <param name="id">Primary key.</param>
    public SourceRecord Record(OmopTable table, EventKind kind, long id) => new(
        EventKeys.RecordKey(kind, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{table.Name}/{id}"))), Content(), Line);
}
