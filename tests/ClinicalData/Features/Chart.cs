using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.ClinicalData;

/// <summary>One patient's events, as a test writes them down. Times are hours after 2020-01-01; what is not said is available at once.</summary>
internal sealed class Chart
{
    public static readonly ClinicalClock Clock = new(TimeZoneInfo.Utc);

    private readonly List<ClinicalEvent> _events = [];

    public ConceptDictionary Dictionary { get; } = new();

    public SiteConcepts Concepts => new(Dictionary.Concepts, SiteMapping.Empty);

    public Chart Born(int year, int month = 1, int day = 1, string? sex = null)
    {
        var birth = Clock.EndOfDay(new DateOnly(year, month, day));
        _events.Add(Event(EventKind.Birth, birth, birth));
        if (sex is not null)
            _events.Add(Event(EventKind.Sex, birth, birth) with { Value = Dictionary.GetOrAdd(new Coding(CodeSystems.Gender, sex)) });
        return this;
    }

    public Chart Observation(string loinc, double time, double number, string? unit = "1", double? available = null, EventFlags flags = EventFlags.None)
    {
        _events.Add(Event(EventKind.Observation, Hour(time), Hour(available ?? time)) with
        {
            Concept = Dictionary.GetOrAdd(new Coding(CodeSystems.Loinc, loinc)),
            Number = number,
            Unit = unit is null ? -1 : Dictionary.GetOrAdd(new Coding(CodeSystems.Ucum, unit)),
            Flags = flags,
        });
        return this;
    }

    public Chart Answer(string loinc, double time, string snomed)
    {
        _events.Add(Event(EventKind.Observation, Hour(time), Hour(time)) with
        {
            Concept = Dictionary.GetOrAdd(new Coding(CodeSystems.Loinc, loinc)),
            Value = Dictionary.GetOrAdd(new Coding(CodeSystems.Snomed, snomed)),
        });
        return this;
    }

    public Chart Coded(EventKind kind, string system, string code, double time, double? available = null, double? end = null)
    {
        _events.Add(Event(kind, Hour(time), Hour(available ?? time)) with
        {
            Concept = Dictionary.GetOrAdd(new Coding(system, code)),
            End = end is { } hour ? Hour(hour) : ClinicalTime.None,
        });
        return this;
    }

    public Chart Add(ClinicalEvent item)
    {
        _events.Add(item);
        return this;
    }

    public PatientTimeline Timeline()
    {
        var timeline = new PatientTimeline();
        timeline.Begin(0);
        foreach (var item in _events)
            timeline.Add(item, ClinicalTime.Never, default);
        timeline.End();
        return timeline;
    }

    /// <summary>The features' values at a moment.</summary>
    public double[] Compute(IEnumerable<Feature> features, double hour)
    {
        var computer = new FeatureComputer([.. features], Concepts, Clock);
        var row = new double[computer.Width];
        computer.Compute(Timeline(), Hour(hour), row);
        return row;
    }

    public static ClinicalTime Hour(double hours) => ScriptedRecord.Hour(hours);

    private static ClinicalEvent Event(EventKind kind, ClinicalTime time, ClinicalTime available) =>
        new(kind, 0, 0, time, ClinicalTime.None, available, EventFlags.None, -1, double.NaN, -1, -1);
}
