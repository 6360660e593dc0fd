namespace FederatedClinicalMl.ClinicalData;

/// <summary>From when on what a table says could be known at the site, as its steward declares it: a time after the event, or the end of its encounter.</summary>
public sealed record AvailabilityRule
{
    private AvailabilityRule(TimeSpan? lag) => Lag = lag;

    /// <summary>When the event's encounter ended.</summary>
    public static AvailabilityRule EncounterEnd { get; } = new(lag: null);

    /// <summary>Time between the event and its being known; null: <see cref="EncounterEnd"/>.</summary>
    public TimeSpan? Lag { get; }

    /// <summary>Some time after the event; zero: with it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Before the event.</exception>
    public static AvailabilityRule After(TimeSpan lag)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lag, TimeSpan.Zero);
        return new AvailabilityRule(lag);
    }
}
