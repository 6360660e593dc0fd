using System.Globalization;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>
/// Draws for one purpose: streams of different names do not touch each other, so that what is changed at one hospital, or added to one aspect, leaves the rest as
/// it was.
/// </summary>
internal sealed class Draws
{
    private readonly DeterministicRandom _random;

    private Draws(DeterministicRandom random) => _random = random;

    /// <summary>The stream of a hospital's aspect, or of one of its patients'.</summary>
    public static Draws Of(long seed, int site, string aspect, int patient = 0) => new(DeterministicRandom.Of(
        "fcml-synth-v1", Text(seed), Text(site), aspect, Text(patient)));

    /// <summary>Uniform in [from, below).</summary>
    public double Between(double from, double below) => from + ((below - from) * _random.NextDouble());

    /// <summary>A whole number in [from, below).</summary>
    public int Whole(int from, int below) => from + _random.NextInt(below - from);

    /// <summary>Whether something of a probability happens.</summary>
    public bool Chance(double probability) => _random.NextDouble() < probability;

    /// <summary>Standard normal (Box and Muller 1958).</summary>
    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    /// <summary>Poisson, by multiplication (Knuth 1969); for small means.</summary>
    public int Poisson(double mean)
    {
        var (count, product, least) = (0, _random.NextDouble(), Math.Exp(-mean));
        for (; product > least; count++)
            product *= _random.NextDouble();
        return count;
    }

    /// <summary>A moment in [from, below), to the second.</summary>
    public DateTime Moment(DateTime from, DateTime below) => from.AddSeconds(Math.Floor(Between(0, (below - from).TotalSeconds)));

    /// <summary>1 / (1 + e^-logit).</summary>
    public static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
