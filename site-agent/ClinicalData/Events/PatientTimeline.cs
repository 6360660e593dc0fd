using System.Runtime.InteropServices;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Where in the sources an event stands.</summary>
/// <param name="Import">Number of the import; 0: of none.</param>
/// <param name="File">Ordinal of the file in it.</param>
/// <param name="Line">Line in the file.</param>
public readonly record struct EventOrigin(int Import, int File, long Line);

/// <summary>An event as it could be seen: from <see cref="ClinicalEvent.Available"/>, until a later version of its record was there.</summary>
/// <param name="Event">The event. Its availability is resolved: what becomes available with its encounter's end has that moment.</param>
/// <param name="Until">From then on a later version counts; <see cref="ClinicalTime.Never"/>: there is none.</param>
/// <param name="Origin">Where it stands.</param>
public readonly record struct TimelineEvent(ClinicalEvent Event, ClinicalTime Until, EventOrigin Origin)
{
    /// <summary>Whether it had happened, and somebody at the site could know it, at a moment, and no later version had replaced it: the one rule of point-in-time correctness.</summary>
    public bool IsVisibleAt(ClinicalTime moment) => Event.Time <= moment && Event.Available.IsKnown && Event.Available <= moment && moment < Until;
}

/// <summary>
/// All that is known of one patient, in the order of time. Events of the same time are ordered by what they say, never by where they stand:
/// the same record gives the same features, from whichever source it came and along whichever path. Used again for patient after patient.
/// </summary>
public sealed class PatientTimeline
{
    private readonly List<TimelineEvent> _events = [];
    private readonly Dictionary<long, ClinicalTime> _encounterEnds = [];
    private bool _pending;

    /// <summary>Ordinal of the patient.</summary>
    public int Patient { get; private set; }

    /// <summary>When anything of the patient was first known, of all events, asked for or not (birth, sex and death aside); <see cref="ClinicalTime.None"/>: never.</summary>
    public ClinicalTime FirstKnown { get; private set; }

    /// <summary>Time of the last event, of all, asked for or not (birth, sex and death aside).</summary>
    public ClinicalTime Last { get; private set; }

    /// <summary>The events, by time.</summary>
    public ReadOnlySpan<TimelineEvent> Events => CollectionsMarshal.AsSpan(_events);

    /// <summary>Begins with another patient.</summary>
    public void Begin(int patient)
    {
        (Patient, FirstKnown, Last) = (patient, ClinicalTime.None, ClinicalTime.None);
        _events.Clear();
        _encounterEnds.Clear();
        _pending = false;
    }

    /// <summary>Adds an event.</summary>
    /// <param name="item">The event.</param>
    /// <param name="until">From then on a later version counts.</param>
    /// <param name="origin">Where it stands.</param>
    /// <param name="keep">False: it is not asked for; of use is when something was known at all, and when an encounter ended.</param>
    public void Add(in ClinicalEvent item, ClinicalTime until, EventOrigin origin, bool keep = true)
    {
        if (item.Kind is not (EventKind.Birth or EventKind.Sex or EventKind.Death))
            Observe(item);
        // The end that is known last holds; encounters are never many for one patient.
        if (item.Kind == EventKind.Encounter && item.End.IsKnown && until == ClinicalTime.Never)
            _encounterEnds[item.Encounter] = item.End;
        _pending |= item.Flags.HasFlag(EventFlags.AvailableAtEncounterEnd);
        if (keep)
            _events.Add(new TimelineEvent(item, until, origin));
    }

    private void Observe(in ClinicalEvent item)
    {
        if (item.Time > Last)
            Last = item.Time;
        var known = item.Available > item.Time ? item.Available : item.Time;
        if (item.Available.IsKnown && (!FirstKnown.IsKnown || known < FirstKnown))
            FirstKnown = known;
    }

    /// <summary>Ends a patient: resolves availability and orders the events. False: there is none.</summary>
    public bool End()
    {
        var events = CollectionsMarshal.AsSpan(_events);
        if (_pending)
        {
            foreach (ref var item in events)
            {
                if (item.Event.Flags.HasFlag(EventFlags.AvailableAtEncounterEnd))
                    item = item with { Event = item.Event with { Available = _encounterEnds.GetValueOrDefault(item.Event.Encounter, ClinicalTime.None) } };
            }
        }

        events.Sort(default(ByTime));
        return events.Length > 0;
    }

    // Concepts have other ordinals in other stores, so they cannot order anything; what is equal in all of this is alike in its numbers.
    private readonly struct ByTime : IComparer<TimelineEvent>
    {
        public int Compare(TimelineEvent x, TimelineEvent y)
        {
            var order = x.Event.Time.CompareTo(y.Event.Time);
            if (order == 0)
                order = x.Event.Available.CompareTo(y.Event.Available);
            if (order == 0)
                order = x.Event.Kind.CompareTo(y.Event.Kind);
            if (order == 0)
                order = x.Event.Number.CompareTo(y.Event.Number);
            return order != 0 ? order : x.Event.End.CompareTo(y.Event.End);
        }
    }
}
