using System.Numerics.Tensors;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// Random Fourier features (Rahimi and Recht 2007, "Random features for large-scale kernel machines"): frequencies w_1 ... w_D, normal with standard
/// deviation 1/bandwidth, and the embedding φ(x) = (cos w_j·x, sin w_j·x) / √D, so that φ(x)·φ(y) is near exp(-|x - y|² / (2 bandwidth²)). Cosine and sine of
/// the same frequency rather than a cosine with a random phase: less variance (Sutherland and Schneider 2015), and φ(x)·φ(x) = 1 exactly.
/// </summary>
public sealed class FourierBasis
{
    /// <summary>Most frequencies.</summary>
    public const int MaximumFrequencies = 1024;

    private readonly double[] _frequencies;

    private FourierBasis(string seed, int dimension, int frequencies, double bandwidth, double[] values) =>
        (Seed, Dimension, Frequencies, Bandwidth, _frequencies) = (seed, dimension, frequencies, bandwidth, values);

    /// <summary>Label of the frequencies' random stream.</summary>
    public string Seed { get; }

    /// <summary>Numbers in a row.</summary>
    public int Dimension { get; }

    /// <summary>D, the number of frequencies. An embedding has twice as many components.</summary>
    public int Frequencies { get; }

    /// <summary>Bandwidth of the Gaussian kernel, in the unit of the rows.</summary>
    public double Bandwidth { get; }

    /// <summary>Components of an embedding.</summary>
    public int Components => 2 * Frequencies;

    /// <summary>The basis that these four make: the same at every site, but for the last bit of the platform's logarithm and cosine.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1 or too large, or the bandwidth not positive and finite.</exception>
    public static FourierBasis Of(string seed, int dimension, int frequencies, double bandwidth)
    {
        ArgumentNullException.ThrowIfNull(seed);
        ArgumentOutOfRangeException.ThrowIfLessThan(dimension, 1);
        if (frequencies is < 1 or > MaximumFrequencies)
            throw new ArgumentOutOfRangeException(nameof(frequencies), $"There are 1 to {MaximumFrequencies} frequencies.");
        if (!(bandwidth > 0) || !double.IsFinite(bandwidth))
            throw new ArgumentOutOfRangeException(nameof(bandwidth), "A bandwidth is positive and finite.");
        var random = DeterministicRandom.Of("fourier-basis", seed);
        var values = new double[checked(frequencies * dimension)];
        for (var i = 0; i < values.Length; i++)
        {
            // Box and Muller 1958; 1 - u is never 0.
            var radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = radius * Math.Cos(2 * Math.PI * random.NextDouble()) / bandwidth;
        }

        return new FourierBasis(seed, dimension, frequencies, bandwidth, values);
    }

    /// <summary>Embeds a row.</summary>
    /// <param name="row">[dimension], finite.</param>
    /// <param name="into">[components]: the cosines, then the sines, without the factor 1/√D.</param>
    /// <exception cref="ArgumentException">A length is another, or a number is not finite.</exception>
    public void Embed(ReadOnlySpan<double> row, Span<double> into)
    {
        if (row.Length != Dimension || into.Length != Components)
            throw new ArgumentException($"A row has {Dimension} numbers, and its embedding {Components}.", nameof(row));
        if (TensorPrimitives.IsFiniteAll(row) is false)
            throw new ArgumentException("The numbers of a row must be finite: missing ones are filled in before.", nameof(row));
        for (var i = 0; i < Frequencies; i++)
            (into[Frequencies + i], into[i]) = Math.SinCos(TensorPrimitives.Dot(_frequencies.AsSpan(i * Dimension, Dimension), row));
    }

    internal bool IsSameAs(FourierBasis other) =>
        (Seed, Dimension, Frequencies, Bandwidth) == (other.Seed, other.Dimension, other.Frequencies, other.Bandwidth);
}
