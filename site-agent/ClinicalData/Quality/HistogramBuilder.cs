using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Counts numbers in bins of one width over a plausible range, and those outside. The edges come from the rule, never from the data.</summary>
/// <param name="name">Of what.</param>
/// <param name="unit">Unit of the range.</param>
/// <param name="minimum">Least plausible.</param>
/// <param name="maximum">Greatest plausible.</param>
internal sealed class HistogramBuilder(string name, string unit, double minimum, double maximum)
{
    private const int Bins = 24;

    private readonly long[] _counts = new long[Bins];
    private long _below;
    private long _above;

    public bool Holds(double number) => number >= minimum && number <= maximum;

    public void Add(double number)
    {
        if (number < minimum)
            _below++;
        else if (number > maximum)
            _above++;
        else
            _counts[Math.Min(Bins - 1, (int)((number - minimum) / (maximum - minimum) * Bins))]++;
    }

    public NumberHistogram Build() => new(name, unit, minimum, maximum, [.. _counts], _below, _above);
}
