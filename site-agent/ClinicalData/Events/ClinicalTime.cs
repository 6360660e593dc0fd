using System.Globalization;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A moment: microseconds since 1970-01-01T00:00Z, or <see cref="None"/>.</summary>
/// <param name="Microseconds">Microseconds since the Unix epoch.</param>
public readonly record struct ClinicalTime(long Microseconds) : IComparable<ClinicalTime>
{
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;

    /// <summary>Not known. Before every moment, so that nothing is taken for known by comparing with it: ask <see cref="IsKnown"/> first.</summary>
    public static ClinicalTime None => new(long.MinValue);

    /// <summary>After every moment.</summary>
    public static ClinicalTime Never => new(long.MaxValue);

    /// <summary>Whether this is a moment.</summary>
    public bool IsKnown => Microseconds != long.MinValue;

    /// <summary>The moment of a point in time; what is finer than a microsecond is cut off.</summary>
    public static ClinicalTime Of(DateTimeOffset time) => new(Floor(time.UtcTicks - DateTime.UnixEpoch.Ticks));

    /// <summary>As a point in time, UTC.</summary>
    /// <exception cref="InvalidOperationException">Not known.</exception>
    public DateTimeOffset ToDateTimeOffset() => IsKnown
        ? new DateTimeOffset(DateTime.UnixEpoch.Ticks + (Microseconds * TicksPerMicrosecond), TimeSpan.Zero)
        : throw new InvalidOperationException("The moment is not known.");

    /// <inheritdoc/>
    public int CompareTo(ClinicalTime other) => Microseconds.CompareTo(other.Microseconds);

    /// <inheritdoc/>
    public override string ToString() => IsKnown ? ToDateTimeOffset().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture) : "unknown";

    /// <summary>Earlier.</summary>
    public static bool operator <(ClinicalTime left, ClinicalTime right) => left.Microseconds < right.Microseconds;

    /// <summary>Later.</summary>
    public static bool operator >(ClinicalTime left, ClinicalTime right) => left.Microseconds > right.Microseconds;

    /// <summary>Earlier or the same.</summary>
    public static bool operator <=(ClinicalTime left, ClinicalTime right) => left.Microseconds <= right.Microseconds;

    /// <summary>Later or the same.</summary>
    public static bool operator >=(ClinicalTime left, ClinicalTime right) => left.Microseconds >= right.Microseconds;

    /// <summary>A moment later.</summary>
    public static ClinicalTime operator +(ClinicalTime time, TimeSpan span) => new(time.Microseconds + (span.Ticks / TicksPerMicrosecond));

    /// <summary>A moment earlier.</summary>
    public static ClinicalTime operator -(ClinicalTime time, TimeSpan span) => new(time.Microseconds - (span.Ticks / TicksPerMicrosecond));

    private static long Floor(long ticks) => ticks >= 0 ? ticks / TicksPerMicrosecond : -((-ticks + TicksPerMicrosecond - 1) / TicksPerMicrosecond);
}

/// <summary>
/// The hospital's clock: what a date without time, or a time without offset, means here. A date stands for the end of that local day (of
/// that month, of that year), for nobody can say that what it dates was known any earlier.
/// </summary>
/// <param name="zone">The hospital's time zone.</param>
public sealed class ClinicalClock(TimeZoneInfo zone)
{
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    // Days of 1900 to 2100, for dates come by the million and time zones are slow. Zero: not yet computed.
    private readonly long[] _ends = new long[73_414];
    private static readonly int s_first = new DateOnly(1900, 1, 1).DayNumber;

    /// <summary>The time zone.</summary>
    public TimeZoneInfo Zone => zone;

    /// <summary>The last microsecond of a local day.</summary>
    public ClinicalTime EndOfDay(DateOnly day)
    {
        var index = day.DayNumber - s_first;
        if (index < 0 || index >= _ends.Length)
            return ComputeEnd(day);
        if (_ends[index] == 0)
            _ends[index] = ComputeEnd(day).Microseconds;
        return new ClinicalTime(_ends[index]);
    }

    /// <summary>The first microsecond of a local day.</summary>
    public ClinicalTime StartOfDay(DateOnly day) => day == DateOnly.MinValue ? Local(DateTime.MinValue) : new(EndOfDay(day.AddDays(-1)).Microseconds + 1);

    /// <summary>A local time without offset. An hour that the clocks skip is read with the offset before it, one that they repeat as its second.</summary>
    public ClinicalTime Local(DateTime local)
    {
        var unspecified = DateTime.SpecifyKind(local, DateTimeKind.Unspecified);
        var offset = zone.IsInvalidTime(unspecified)
            ? zone.GetUtcOffset(unspecified - s_day)
            : zone.IsAmbiguousTime(unspecified) ? zone.GetAmbiguousTimeOffsets(unspecified).Min() : zone.GetUtcOffset(unspecified);
        return new((unspecified.Ticks - offset.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);
    }

    /// <summary>The local date and time of a moment.</summary>
    public DateTime ToLocal(ClinicalTime time) => TimeZoneInfo.ConvertTime(time.ToDateTimeOffset(), zone).DateTime;

    private ClinicalTime ComputeEnd(DateOnly day) => day == DateOnly.MaxValue
        ? Local(DateTime.MaxValue)
        : new(Local(day.AddDays(1).ToDateTime(TimeOnly.MinValue)).Microseconds - 1);
}
