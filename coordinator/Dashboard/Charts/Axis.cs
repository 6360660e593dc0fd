using System.Globalization;

namespace FederatedClinicalMl.Coordinator.Dashboard.Charts;

/// <summary>Values on a stretch of a picture, with round ticks.</summary>
/// <param name="From">Least value.</param>
/// <param name="To">Greatest value, above it.</param>
/// <param name="Start">Where the least value is, in units of the picture.</param>
/// <param name="End">Where the greatest is.</param>
internal readonly record struct Axis(double From, double To, double Start, double End)
{
    /// <summary>Where a value is.</summary>
    public double Of(double value) => Start + ((value - From) / (To - From) * (End - Start));

    /// <summary>A few round values within it.</summary>
    /// <param name="about">How many, more or less.</param>
    public IEnumerable<double> Ticks(int about)
    {
        var step = Step((To - From) / about);
        for (var at = Math.Ceiling(From / step - 1e-9); at * step <= To + (step * 1e-9); at++)
            yield return at == 0 ? 0 : at * step; // not -0
    }

    /// <summary>The axis that holds values and begins and ends on round ones.</summary>
    public static Axis Around(double least, double most, double start, double end, int about)
    {
        if (most - least < 1e-9)
            (least, most) = (least - 0.5, most + 0.5);
        var step = Step((most - least) / about);
        return new Axis(Math.Floor(least / step + 1e-9) * step, Math.Ceiling(most / step - 1e-9) * step, start, end);
    }

    /// <summary>A coordinate as the picture has it.</summary>
    public static string Text(double coordinate) => coordinate.ToString("0.#", CultureInfo.InvariantCulture);

    /// <summary>A value beside an axis, to three decimals, or where it is so small to three digits.</summary>
    public static string Number(double value, string format = "0.###") => value.ToString(Math.Abs(value) is > 0 and < 0.001 ? "G3" : format, CultureInfo.InvariantCulture);

    private static double Step(double rough)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        return (rough / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
    }
}
