using System.Runtime.InteropServices;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Makes one value of the numbers in a window. One definition for the offline and the online path: the same numbers at the same times give
/// the same bits, for they are always taken in the order of the timeline.
/// </summary>
internal static class Aggregates
{
    private const double MicrosecondsPerDay = 86_400_000_000.0;

    /// <summary>The aggregate; NaN where there are too few numbers.</summary>
    /// <param name="aggregate">Which.</param>
    /// <param name="numbers">Moment (microseconds) and value, by time.</param>
    public static double Of(Aggregate aggregate, List<(long Time, double Value)> numbers)
    {
        var items = CollectionsMarshal.AsSpan(numbers);
        if (items.IsEmpty)
            return double.NaN;
        return aggregate switch
        {
            Aggregate.Last => items[^1].Value,
            Aggregate.First => items[0].Value,
            Aggregate.Mean => Mean(items),
            Aggregate.Minimum => Extreme(items, sign: 1),
            Aggregate.Maximum => Extreme(items, sign: -1),
            Aggregate.StandardDeviation => StandardDeviation(items),
            Aggregate.Slope => Slope(items),
            _ => throw new ArgumentOutOfRangeException(nameof(aggregate)),
        };
    }

    private static double Mean(ReadOnlySpan<(long Time, double Value)> items)
    {
        var sum = 0.0;
        foreach (var item in items)
            sum += item.Value;
        return sum / items.Length;
    }

    private static double Extreme(ReadOnlySpan<(long Time, double Value)> items, int sign)
    {
        var best = items[0].Value;
        foreach (var item in items[1..])
        {
            if (sign * item.Value < sign * best)
                best = item.Value;
        }

        return best;
    }

    // In two passes: the sum of squares less the square of the sum loses what is left of nearly equal values.
    private static double StandardDeviation(ReadOnlySpan<(long Time, double Value)> items)
    {
        if (items.Length < 2)
            return double.NaN;
        var mean = Mean(items);
        var squares = 0.0;
        foreach (var item in items)
            squares += (item.Value - mean) * (item.Value - mean);
        return Math.Sqrt(squares / (items.Length - 1));
    }

    private static double Slope(ReadOnlySpan<(long Time, double Value)> items)
    {
        var first = items[0].Time;
        var mean = Mean(items);
        var days = 0.0;
        foreach (var item in items)
            days += (item.Time - first) / MicrosecondsPerDay;
        days /= items.Length;
        var (above, below) = (0.0, 0.0);
        foreach (var item in items)
        {
            var day = ((item.Time - first) / MicrosecondsPerDay) - days;
            above += day * (item.Value - mean);
            below += day * day;
        }

        return below == 0 ? double.NaN : above / below;
    }
}
