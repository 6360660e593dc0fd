namespace FederatedClinicalMl.Cli.Bench;

/// <summary>The middle and the ends of some measurements.</summary>
internal readonly record struct Spread(double Median, double Minimum, double Maximum)
{
    /// <summary>Of at least one value; the median of an even number of values is the mean of the two in the middle.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new Spread((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1]);
    }

    /// <summary>The same, each with three decimals.</summary>
    public Spread Rounded() => new(Math.Round(Median, 3), Math.Round(Minimum, 3), Math.Round(Maximum, 3));
}
