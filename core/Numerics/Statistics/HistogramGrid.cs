using System.Collections.Immutable;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// The public cells into which a feature's values are counted, declared before anybody looks at data so that every site uses the same. With
/// edges e0 &lt; ... &lt; ek they are: below e0, the bins [e0, e1) ... [ek-1, ek] (the last holds its upper edge, as in numpy.histogram), above ek.
/// </summary>
public sealed class HistogramGrid : IEquatable<HistogramGrid>
{
    /// <summary>Most bins.</summary>
    public const int MaximumBins = 1024;

    private HistogramGrid(ImmutableArray<double> edges) => Edges = edges;

    /// <summary>The edges e0 ... ek, in the feature's unit, rising.</summary>
    public ImmutableArray<double> Edges { get; }

    /// <summary>Number of cells: the bins and the two outside of the range. Cell i lies between boundaries i and i + 1.</summary>
    public int Cells => Edges.Length + 1;

    /// <summary>The grid with these edges.</summary>
    /// <param name="edges">[bins + 1], finite and rising.</param>
    /// <exception cref="ArgumentException">They are not that, or there is none or more than <see cref="MaximumBins"/> bins.</exception>
    public static HistogramGrid Of(params ReadOnlySpan<double> edges)
    {
        if (edges.Length is < 2 or > MaximumBins + 1)
            throw new ArgumentException($"A histogram has 1 to {MaximumBins} bins.", nameof(edges));
        for (var i = 0; i < edges.Length; i++)
        {
            if (!double.IsFinite(edges[i]) || (i > 0 && edges[i] <= edges[i - 1]))
                throw new ArgumentException($"Edge {i} of a histogram must be finite and above the one before.", nameof(edges));
        }

        return new HistogramGrid([.. edges]);
    }

    /// <summary>The grid of equally wide bins over a plausible range.</summary>
    /// <exception cref="ArgumentException">The range is empty or not finite, or too narrow for that many bins.</exception>
    public static HistogramGrid Uniform(double minimum, double maximum, int bins)
    {
        var edges = new double[Math.Max(bins, 0) + 1];
        for (var i = 0; i < edges.Length; i++)
            edges[i] = i == bins ? maximum : minimum + ((maximum - minimum) * i / bins);
        return Of(edges);
    }

    /// <summary>The cell of a value; an infinity lies outside of the range.</summary>
    /// <exception cref="ArgumentException">The value is NaN, which is a missing one.</exception>
    public int CellOf(double value)
    {
        if (double.IsNaN(value))
            throw new ArgumentException("A missing value has no cell.", nameof(value));
        if (value.Equals(Edges[^1]))
            return Edges.Length - 1;
        var at = Edges.AsSpan().BinarySearch(value);
        return at < 0 ? ~at : at + 1;
    }

    /// <summary>A boundary of the cells: 0 is -infinity, 1 ... k + 1 are the edges, the last is +infinity.</summary>
    public double Boundary(int index) =>
        index == 0 ? double.NegativeInfinity : index == Cells ? double.PositiveInfinity : Edges[index - 1];

    /// <inheritdoc/>
    public bool Equals(HistogramGrid? other) => other is not null && Edges.AsSpan().SequenceEqual(other.Edges.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as HistogramGrid);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Edges.Length, Edges[0], Edges[^1]);
}
