using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// The sum of rows' embeddings in a <see cref="FourierBasis"/>: a fingerprint of their joint distribution, from two of which follows the maximum mean
/// discrepancy (Gretton et al. 2012, "A kernel two-sample test", JMLR 13). Each component is a whole number of 2^-32, so that merging in any order gives the
/// same bits; the rounding moves a mean by less than 2^-33.
/// </summary>
public sealed class FourierSketch
{
    /// <summary>Most rows.</summary>
    public const long MaximumCount = 1L << 30;

    private const double Units = 1L << 32;

    // From here on the chi-square with one degree of freedom is the worst of the sums.
    private const double BoundFrom = 1.5365;

    private FourierSketch(FourierBasis basis, long count, ImmutableArray<long> sums) => (Basis, Count, Sums) = (basis, count, sums);

    /// <summary>The basis.</summary>
    public FourierBasis Basis { get; }

    /// <summary>Rows.</summary>
    public long Count { get; }

    /// <summary>[components]: the sums, in units of 2^-32, without the factor 1/√D.</summary>
    public ImmutableArray<long> Sums { get; }

    /// <summary>Sums rows.</summary>
    /// <param name="basis">The basis.</param>
    /// <param name="rows">[rows, dimension], row by row, finite.</param>
    /// <exception cref="ArgumentException">The values are no whole number of rows, too many, or not finite.</exception>
    public static FourierSketch Of(FourierBasis basis, ReadOnlySpan<double> rows)
    {
        ArgumentNullException.ThrowIfNull(basis);
        if (rows.Length % basis.Dimension != 0)
            throw new ArgumentException($"{rows.Length} values are no whole number of rows of {basis.Dimension}.", nameof(rows));
        var count = rows.Length / basis.Dimension;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaximumCount, nameof(rows));
        var sums = new long[basis.Components];
        var embedding = new double[basis.Components];
        for (; rows.Length > 0; rows = rows[basis.Dimension..])
        {
            basis.Embed(rows[..basis.Dimension], embedding);
            for (var i = 0; i < sums.Length; i++)
                sums[i] += (long)Math.Round(embedding[i] * Units, MidpointRounding.ToEven);
        }

        return new FourierSketch(basis, count, [.. sums]);
    }

    /// <summary>The sketch of both populations together.</summary>
    /// <exception cref="ArgumentException">The bases differ, or there are too many rows.</exception>
    public FourierSketch Merge(FourierSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        CheckBasis(other);
        if (Count + other.Count > MaximumCount)
            throw new ArgumentException($"A sketch holds at most {MaximumCount} rows.", nameof(other));
        return new FourierSketch(Basis, Count + other.Count, [.. Sums.Zip(other.Sums, (mine, theirs) => mine + theirs)]);
    }

    /// <summary>
    /// The squared maximum mean discrepancy, BIASED (V-statistic; equation 5 of Gretton et al. 2012): the squared distance of the mean embeddings. Never
    /// negative; without drift it is about (1/n + 1/m)(1 - E k(x, y)). Null where a side has no rows.
    /// </summary>
    public double? BiasedDiscrepancy(FourierSketch other) => Products(other) is var (mine, theirs, both) ? mine + theirs - (2 * both) : null;

    /// <summary>
    /// The squared maximum mean discrepancy, UNBIASED for the kernel of this basis (U-statistic; equation 3 of Gretton et al. 2012): rows are not compared with
    /// themselves, which a sum can leave out because φ(x)·φ(x) = 1. Without drift it is 0 on average, and so often negative. Null where a side has fewer than
    /// 2 rows.
    /// </summary>
    public double? UnbiasedDiscrepancy(FourierSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Count < 2 || other.Count < 2 || Products(other) is not var (mine, theirs, both)
            ? null
            : Within(mine, Count) + Within(theirs, other.Count) - (2 * both);

        static double Within(double product, double count) => ((count * product) - 1) / (count - 1);
    }

    /// <summary>
    /// A bound from above of the probability of so large a discrepancy or a larger one without drift, had from the two sums alone; null where a side has no rows. Rows are
    /// taken to be independent, and many: then nm/(n + m) times the biased discrepancy is Σ λ χ²₁ over the eigenvalues λ of the embeddings' covariance C (Gretton et al. 2012).
    /// Sums do not tell the λ, but their sum: tr C = N/(N - 1) (1 - |mean embedding of all N|²), because φ(x)·φ(x) = 1. And of all Σ λ χ²₁ with Σ λ = 1 none exceeds an
    /// x from 1.5365 more often than χ²₁ itself (Székely and Bakirov 2003, "Extremal probabilities for Gaussian quadratic forms", Probab. Theory Relat. Fields 126);
    /// below that x the bound is 1. It is reached where one direction has all the variance, and large where many share it: what it finds, is there.
    /// </summary>
    public double? DriftBound(FourierSketch other)
    {
        if (Products(other) is not var (mine, theirs, both))
            return null;
        double n = Count, m = other.Count, all = n + m;
        var variance = (1 - (((n * n * mine) + (m * m * theirs) + (2 * n * m * both)) / (all * all))) * all / (all - 1);
        var ratio = n * m / all * (mine + theirs - (2 * both)) / variance;
        return variance > 0 && ratio >= BoundFrom ? ChiSquared.Upper(ratio, 1) : 1;
    }

    /// <summary>JSON with the fields count and sums; the sums are decimal strings.</summary>
    public JsonObject ToJson() => new()
    {
        ["count"] = Count,
        ["sums"] = new JsonArray([.. Sums.Select(sum => (JsonNode)JsonFields.Text(sum))]),
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly: sums that so many rows cannot have are refused.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static FourierSketch Read(JsonNode? node, FourierBasis basis, string path)
    {
        ArgumentNullException.ThrowIfNull(basis);
        var fields = new JsonFields(node, path);
        var count = fields.Integer("count", 0, MaximumCount);
        var sums = fields.List("sums", basis.Components, JsonFields.BigInteger);
        fields.End();
        if (sums.Length != basis.Components || sums.Any(sum => Int128.Abs(sum) > (Int128)count << 32))
            fields.Fail("sums", "have one sum for each component, which this many rows can have");
        return new FourierSketch(basis, count, [.. sums.Select(sum => (long)sum)]);
    }

    // Scalar products of the mean embeddings: mine with mine, theirs with theirs, mine with theirs.
    private (double Mine, double Theirs, double Both)? Products(FourierSketch other)
    {
        ArgumentNullException.ThrowIfNull(other);
        CheckBasis(other);
        if (Count == 0 || other.Count == 0)
            return null;
        var (mine, theirs, both) = (0.0, 0.0, 0.0);
        for (var i = 0; i < Sums.Length; i++)
        {
            var (x, y) = (Sums[i] / (Units * Count), other.Sums[i] / (Units * other.Count));
            (mine, theirs, both) = (mine + (x * x), theirs + (y * y), both + (x * y));
        }

        return (mine / Basis.Frequencies, theirs / Basis.Frequencies, both / Basis.Frequencies);
    }

    private void CheckBasis(FourierSketch other)
    {
        if (!Basis.IsSameAs(other.Basis))
            throw new ArgumentException("Sketches in different bases cannot be compared: seed, dimension, frequencies or bandwidth differ.", nameof(other));
    }
}
