namespace FederatedClinicalMl.ClinicalData;

/// <summary>What every connector of tables does alike with a record that it keeps, noting what cannot be used of it.</summary>
/// <param name="sink">Takes the notes.</param>
/// <param name="clock">The hospital's clock.</param>
internal sealed class EventRules(IEventSink sink, ClinicalClock clock)
{
    /// <summary>The encounter that a record refers to, where there is one of this key; 0: none.</summary>
    public long Encounter(long key, long line, string element)
    {
        if (key == 0 || sink.KnowsEncounter(key))
            return key;
        sink.Note(line, RecordNote.EncounterUnknown, element);
        return 0;
    }

    /// <summary>When an event became available by a rule; null: none was declared.</summary>
    public (ClinicalTime Time, EventFlags Flags) Available(AvailabilityRule? rule, ClinicalTime time, long encounter, long line)
    {
        if (rule?.Lag is { } lag && time.IsKnown)
            return (time + lag, EventFlags.None);
        if (rule is { Lag: null } && encounter != 0)
            return (ClinicalTime.None, EventFlags.AvailableAtEncounterEnd);
        sink.Note(line, RecordNote.AvailabilityUnknown);
        return (ClinicalTime.None, EventFlags.None);
    }

    /// <summary>An event's end, unless it lies before the beginning. Of an event that began on a day, any time of that day will do.</summary>
    public ClinicalTime End(ClinicalTime time, bool isDate, ClinicalTime end, long line, string element)
    {
        if (!end.IsKnown || end >= time)
            return end;
        if (isDate && end >= clock.StartOfDay(DateOnly.FromDateTime(clock.ToLocal(time))))
            return time;
        sink.Note(line, RecordNote.EndsBeforeItBegins, element);
        return ClinicalTime.None;
    }
}
