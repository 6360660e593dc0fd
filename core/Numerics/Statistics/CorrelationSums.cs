using System.Collections.Immutable;
using System.Numerics;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>Sums over the rows in which both of two features have a value, as whole numbers on the features' <see cref="MomentGrid"/>s.</summary>
/// <param name="Count">Rows.</param>
/// <param name="X">Sum of the first feature's places.</param>
/// <param name="Y">Sum of the second feature's places.</param>
/// <param name="XX">Sum of squares of the first.</param>
/// <param name="YY">Sum of squares of the second.</param>
/// <param name="XY">Sum of products.</param>
public readonly record struct PairSums(long Count, Int128 X, Int128 Y, Int128 XX, Int128 YY, Int128 XY)
{
    /// <summary>Pearson's correlation of these rows; null where a feature does not vary. What cancels does so in whole numbers.</summary>
    public double? Correlation
    {
        get
        {
            var (x, y, xy) = Spreads();
            return x.IsZero || y.IsZero ? null : Math.Clamp((double)xy / (Math.Sqrt((double)x) * Math.Sqrt((double)y)), -1, 1);
        }
    }

    /// <summary>Whether any values can have these sums: n·Σx² ≥ (Σx)², and the same of the products by Cauchy and Schwarz.</summary>
    internal bool CanBe
    {
        get
        {
            var most = (BigInteger)Count * MomentGrid.MaximumPlace * MomentGrid.MaximumPlace;
            if (XX < 0 || YY < 0 || XX > most || YY > most || BigInteger.Abs(XY) > most)
                return false;
            var (x, y, xy) = Spreads();
            return x.Sign >= 0 && y.Sign >= 0 && xy * xy <= x * y;
        }
    }

    internal PairSums Add(Int128 x, Int128 y) => new(Count + 1, X + x, Y + y, XX + (x * x), YY + (y * y), XY + (x * y));

    internal PairSums Merge(PairSums other) => checked(new PairSums(
        Count + other.Count, X + other.X, Y + other.Y, XX + other.XX, YY + other.YY, XY + other.XY));

    private (BigInteger X, BigInteger Y, BigInteger XY) Spreads() => (
        ((BigInteger)Count * XX) - ((BigInteger)X * X),
        ((BigInteger)Count * YY) - ((BigInteger)Y * Y),
        ((BigInteger)Count * XY) - ((BigInteger)X * Y));
}

/// <summary>
/// Sums for the pairwise Pearson correlations of a few features, over the rows in which both have a value: exact, so that merging in any order gives the
/// same bits.
/// </summary>
public sealed class CorrelationSums
{
    /// <summary>Most features.</summary>
    public const int MaximumFeatures = 64;

    private CorrelationSums(ImmutableArray<MomentGrid> grids, ImmutableArray<PairSums> pairs) => (Grids, Pairs) = (grids, pairs);

    /// <summary>[features]: their grids.</summary>
    public ImmutableArray<MomentGrid> Grids { get; }

    /// <summary>[features * (features - 1) / 2]: the sums of the pairs (0, 1), (0, 2), ..., (1, 2), ...</summary>
    public ImmutableArray<PairSums> Pairs { get; }

    /// <summary>The sums of a pair.</summary>
    /// <param name="first">Index of a feature.</param>
    /// <param name="second">Index of a later feature.</param>
    public PairSums this[int first, int second] =>
        first >= 0 && first < second && second < Grids.Length
            ? Pairs[IndexOf(first, second)]
            : throw new ArgumentOutOfRangeException(nameof(second), "A pair is a feature and a later one.");

    /// <summary>Sums rows.</summary>
    /// <param name="grids">[features].</param>
    /// <param name="values">[rows, features], row by row; NaN is a missing value.</param>
    /// <exception cref="ArgumentException">There are too many features, or values that are no whole number of rows.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A value lies outside the plausible range of its feature.</exception>
    public static CorrelationSums Of(ImmutableArray<MomentGrid> grids, ReadOnlySpan<double> values)
    {
        CheckCount(grids);
        if (grids.Length == 0 ? values.Length > 0 : values.Length % grids.Length != 0)
            throw new ArgumentException($"{values.Length} values are no whole number of rows of {grids.Length}.", nameof(values));
        var pairs = new PairSums[grids.Length * (grids.Length - 1) / 2];
        var places = new long?[grids.Length];
        for (; values.Length > 0; values = values[grids.Length..])
        {
            for (var i = 0; i < places.Length; i++)
                places[i] = double.IsNaN(values[i]) ? null : grids[i].PlaceOf(values[i]);
            var pair = 0;
            for (var first = 0; first < places.Length; first++)
            {
                for (var second = first + 1; second < places.Length; second++, pair++)
                {
                    if (places[first] is { } x && places[second] is { } y)
                        pairs[pair] = pairs[pair].Add(x, y);
                }
            }
        }

        return new CorrelationSums(grids, [.. pairs]);
    }

    /// <summary>The sums of both populations together.</summary>
    /// <exception cref="ArgumentException">The grids differ.</exception>
    public CorrelationSums Merge(CorrelationSums other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!other.Grids.AsSpan().SequenceEqual(Grids.AsSpan()))
            throw new ArgumentException("Sums on different grids cannot be merged: the plausible ranges differ.", nameof(other));
        return new CorrelationSums(Grids, [.. Pairs.Zip(other.Pairs, (mine, theirs) => mine.Merge(theirs))]);
    }

    /// <summary>JSON with the field pairs: a list of objects with count, x, y, xx, yy and xy; the sums are decimal strings.</summary>
    public JsonObject ToJson() => new()
    {
        ["pairs"] = new JsonArray([.. Pairs.Select(pair => (JsonNode)new JsonObject
        {
            ["count"] = pair.Count,
            ["x"] = JsonFields.Text(pair.X),
            ["y"] = JsonFields.Text(pair.Y),
            ["xx"] = JsonFields.Text(pair.XX),
            ["yy"] = JsonFields.Text(pair.YY),
            ["xy"] = JsonFields.Text(pair.XY),
        })]),
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly: sums that no values on these grids can have are refused.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static CorrelationSums Read(JsonNode? node, ImmutableArray<MomentGrid> grids, string path)
    {
        CheckCount(grids);
        var fields = new JsonFields(node, path);
        var expected = grids.Length * (grids.Length - 1) / 2;
        var pairs = fields.List("pairs", expected, ReadPair);
        fields.End();
        if (pairs.Length != expected)
            fields.Fail("pairs", "have one item for each pair of features");
        return new CorrelationSums(grids, [.. pairs]);
    }

    private static PairSums ReadPair(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var pair = new PairSums(
            fields.Integer("count", 0, Moments.MaximumCount),
            fields.BigInteger("x"), fields.BigInteger("y"), fields.BigInteger("xx"), fields.BigInteger("yy"), fields.BigInteger("xy"));
        fields.End();
        if (!pair.CanBe)
            fields.Fail("xy", "and the other sums be what this many pairs of values can add up to");
        return pair;
    }

    private int IndexOf(int first, int second) => (first * ((2 * Grids.Length) - first - 1) / 2) + second - first - 1;

    private static void CheckCount(ImmutableArray<MomentGrid> grids)
    {
        if (grids.Length > MaximumFeatures)
            throw new ArgumentException($"Correlations are kept of at most {MaximumFeatures} features.", nameof(grids));
    }
}
