using System.Runtime.InteropServices;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>One patient, as the rules see them: what counts now, older versions of records aside. Used again for patient after patient.</summary>
/// <param name="concepts">What ordinals stand for.</param>
/// <param name="clock">The hospital's clock.</param>
internal sealed class QualityPatient(SiteConcepts concepts, ClinicalClock clock)
{
    private readonly List<TimelineEvent> _events = [];
    private readonly HashSet<long> _births = [];
    private readonly HashSet<int> _sexes = [];

    /// <summary>The events, by time.</summary>
    public ReadOnlySpan<TimelineEvent> Events => CollectionsMarshal.AsSpan(_events);

    /// <summary>The birth; <see cref="ClinicalTime.None"/>: not known.</summary>
    public ClinicalTime Birth { get; private set; }

    /// <summary>When the birth can have been at the earliest: a date stands for the end of its day, and 31 December may stand for its year, a month's last day for the month.</summary>
    public ClinicalTime EarliestBirth { get; private set; }

    /// <summary>The death; <see cref="ClinicalTime.None"/>: none is known.</summary>
    public ClinicalTime Death { get; private set; }

    /// <summary>The first event of care; <see cref="ClinicalTime.None"/>: there is none.</summary>
    public ClinicalTime FirstOfCare { get; private set; }

    /// <summary>The last.</summary>
    public ClinicalTime LastOfCare { get; private set; }

    /// <summary>Sex; null: neither male nor female, or not known.</summary>
    public bool? IsMale { get; private set; }

    /// <summary>Whether something is said of the sex.</summary>
    public bool HasSex => _sexes.Count > 0;

    /// <summary>Whether there are two births or sexes.</summary>
    public bool IsTwo => _births.Count > 1 || _sexes.Count > 1;

    /// <summary>Index of the event that stands for the patient: the birth, else the first.</summary>
    public int Anchor { get; private set; }

    /// <summary>Takes up another patient. An event that is not sound is counted, and no other rule sees it.</summary>
    /// <param name="timeline">The patient.</param>
    /// <param name="dictionary">Concepts in the store's dictionaries.</param>
    /// <param name="schema">Counts; null: these patients were counted before.</param>
    public void Begin(PatientTimeline timeline, int dictionary, RuleTally? schema)
    {
        _events.Clear();
        _births.Clear();
        _sexes.Clear();
        (Birth, EarliestBirth, Death, FirstOfCare, LastOfCare) = (ClinicalTime.None, ClinicalTime.None, ClinicalTime.None, ClinicalTime.None, ClinicalTime.None);
        (IsMale, Anchor) = (null, 0);
        foreach (ref readonly var item in timeline.Events)
        {
            if (item.Until != ClinicalTime.Never)
                continue;
            var sound = IsSound(item.Event, dictionary);
            schema?.Count(!sound, item);
            if (sound)
                Add(item);
        }

        if (Birth.IsKnown)
            EarliestBirth = clock.StartOfDay(Earliest(DateOnly.FromDateTime(clock.ToLocal(Birth))));
    }

    private void Add(in TimelineEvent item)
    {
        _events.Add(item);
        switch (item.Event.Kind)
        {
            case EventKind.Birth:
                (Birth, Anchor) = (item.Event.Time, _events.Count - 1);
                _births.Add(item.Event.Time.Microseconds);
                return;
            case EventKind.Sex:
                if (item.Event.Value >= 0 && _sexes.Add(item.Event.Value))
                    IsMale = Demographics.IsMale(concepts[item.Event.Value]);
                return;
            case EventKind.Death:
                Death = item.Event.Time;
                return;
            default:
                if (!FirstOfCare.IsKnown)
                    FirstOfCare = item.Event.Time;
                LastOfCare = item.Event.Time;
                return;
        }
    }

    private static bool IsSound(in ClinicalEvent item, int dictionary) =>
        item.Kind is >= EventKind.Birth and <= EventKind.Procedure && !double.IsInfinity(item.Number)
        && IsIn(item.Concept, dictionary) && IsIn(item.Value, dictionary) && IsIn(item.Unit, dictionary)
        && (item.Kind is not (EventKind.Birth or EventKind.Death) || item.Time.IsKnown) && (item.Kind != EventKind.Sex || item.Value >= 0);

    private static bool IsIn(int ordinal, int dictionary) => ordinal >= -1 && ordinal < dictionary;

    private static DateOnly Earliest(DateOnly birth) =>
        birth is { Month: 12, Day: 31 } ? new DateOnly(birth.Year, 1, 1)
        : birth.Day == DateTime.DaysInMonth(birth.Year, birth.Month) ? new DateOnly(birth.Year, birth.Month, 1)
        : birth;
}
