using System.Collections.Immutable;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What the charges against one population have come to. It only grows.</summary>
/// <param name="Total">All of them.</param>
/// <param name="Studies">By study.</param>
/// <param name="Days">By day (UTC) on which they were logged.</param>
public sealed record PopulationSpending(
    RenyiCurve Total, ImmutableDictionary<StudyDigest, RenyiCurve> Studies, ImmutableSortedDictionary<DateOnly, RenyiCurve> Days)
{
    /// <summary>Days that a period has, its last one included. The day before its first counts too: a charge late on that day is less than a period old.</summary>
    private const int PeriodDays = 365;

    /// <summary>Nothing.</summary>
    public static PopulationSpending None { get; } = new(RenyiCurve.Zero, ImmutableDictionary<StudyDigest, RenyiCurve>.Empty, ImmutableSortedDictionary<DateOnly, RenyiCurve>.Empty);

    /// <summary>What one study has been charged.</summary>
    public RenyiCurve Of(StudyDigest study) => Studies.GetValueOrDefault(study, RenyiCurve.Zero);

    /// <summary>
    /// What was charged in the period that ends on a day. What the log dates later counts: a clock that is set back frees nothing.
    /// </summary>
    public RenyiCurve InPeriod(DateOnly lastDay) =>
        Days.Where(day => day.Key >= lastDay.AddDays(-PeriodDays)).Aggregate(RenyiCurve.Zero, (sum, day) => sum + day.Value);

    /// <summary>With one more charge.</summary>
    /// <param name="cost">What it costs.</param>
    /// <param name="study">For which study; null: for none, as a loss is.</param>
    /// <param name="day">When.</param>
    public PopulationSpending With(RenyiCurve cost, StudyDigest? study, DateOnly day) => new(
        Total + cost,
        study is { } known ? Studies.SetItem(known, Of(known) + cost) : Studies,
        Days.SetItem(day, Days.GetValueOrDefault(day, RenyiCurve.Zero) + cost));

    /// <summary>Both: what was charged against either concerns the patients of both.</summary>
    public PopulationSpending Plus(PopulationSpending other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var sum = this with { Total = Total + other.Total };
        foreach (var (study, cost) in other.Studies)
            sum = sum with { Studies = sum.Studies.SetItem(study, sum.Of(study) + cost) };
        foreach (var (day, cost) in other.Days)
            sum = sum with { Days = sum.Days.SetItem(day, sum.Days.GetValueOrDefault(day, RenyiCurve.Zero) + cost) };
        return sum;
    }
}
