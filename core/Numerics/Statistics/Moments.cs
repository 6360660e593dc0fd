using System.Numerics;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// The public grid on which a feature's values are summed: multiples of 2^<paramref name="Exponent"/>, chosen from the feature's plausible range
/// alone so that every site uses the same. A value's place is a whole number of magnitude at most 2^40.
/// </summary>
/// <param name="Exponent">Exponent of the grid step.</param>
public readonly record struct MomentGrid(int Exponent)
{
    internal const long MaximumPlace = 1L << 40;

    /// <summary>The grid of a feature.</summary>
    /// <param name="minimum">Least plausible value.</param>
    /// <param name="maximum">Greatest plausible value.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range is empty or not finite, or its magnitude lies outside [1e-200, 1e200].</exception>
    public static MomentGrid For(double minimum, double maximum)
    {
        var magnitude = Math.Max(Math.Abs(minimum), Math.Abs(maximum));
        if (!(minimum <= maximum) || magnitude is not (>= 1e-200 and <= 1e200))
            throw new ArgumentOutOfRangeException(nameof(maximum), $"The range [{minimum:R}, {maximum:R}] has no grid: its magnitude must lie in [1e-200, 1e200].");
        return new MomentGrid(Math.ILogB(magnitude) + 1 - 40);
    }

    internal long PlaceOf(double value)
    {
        var place = Math.Round(Math.ScaleB(value, -Exponent), MidpointRounding.ToEven);
        return Math.Abs(place) <= MaximumPlace
            ? (long)place
            : throw new ArgumentOutOfRangeException(nameof(value), "The value lies outside the plausible range of its feature.");
    }
}

/// <summary>
/// Count, sum and sum of squares of a feature's values, as whole numbers on a public grid: exact, so that merging in any order gives the
/// same bits.
/// </summary>
public sealed record Moments
{
    /// <summary>Most values of one feature.</summary>
    public const long MaximumCount = 1L << 40;

    private Moments(MomentGrid grid, long count, long? missing, Int128 sum, Int128 sumOfSquares) =>
        (Grid, Count, Missing, Sum, SumOfSquares) = (grid, count, missing, sum, sumOfSquares);

    /// <summary>The grid of the sums.</summary>
    public MomentGrid Grid { get; }

    /// <summary>Number of values that are there.</summary>
    public long Count { get; }

    /// <summary>Number of values that are missing or implausible; null where a site withheld it.</summary>
    public long? Missing { get; private init; }

    /// <summary>Sum of the values' places.</summary>
    public Int128 Sum { get; }

    /// <summary>Sum of the squares of the values' places.</summary>
    public Int128 SumOfSquares { get; }

    /// <summary>The moments of no values.</summary>
    public static Moments None(MomentGrid grid) => new(grid, 0, 0, 0, 0);

    /// <summary>The moments of <paramref name="values"/>; NaN is a missing value.</summary>
    public static Moments Of(MomentGrid grid, ReadOnlySpan<double> values)
    {
        var (count, missing, sum, squares) = (0L, 0L, Int128.Zero, Int128.Zero);
        foreach (var value in values)
        {
            if (double.IsNaN(value))
            {
                missing++;
                continue;
            }

            Int128 place = grid.PlaceOf(value);
            count++;
            sum += place;
            squares += place * place;
        }

        return new Moments(grid, count, missing, sum, squares);
    }

    /// <summary>The moments of both populations together.</summary>
    /// <exception cref="ArgumentException">The grids differ.</exception>
    public Moments Merge(Moments other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Grid != Grid)
            throw new ArgumentException("Moments on different grids cannot be merged: the plausible ranges differ.", nameof(other));
        return new Moments(Grid, checked(Count + other.Count), Missing + other.Missing, checked(Sum + other.Sum), checked(SumOfSquares + other.SumOfSquares));
    }

    /// <summary>The same without the number of missing values.</summary>
    public Moments WithholdMissing() => this with { Missing = null };

    /// <summary>The mean, in the feature's unit; null where there are no values.</summary>
    public double? Mean => Count == 0 ? null : Math.ScaleB((double)Sum / Count, Grid.Exponent);

    /// <summary>
    /// The POPULATION standard deviation (divided by n, as scikit-learn's StandardScaler does), in the feature's unit; null where there
    /// are no values. n·Σx² - (Σx)² is made in whole numbers, so that nothing cancels.
    /// </summary>
    public double? StandardDeviation
    {
        get
        {
            if (Count == 0)
                return null;
            var spread = ((BigInteger)Count * SumOfSquares) - ((BigInteger)Sum * Sum);
            return Math.ScaleB(Math.Sqrt((double)spread) / Count, Grid.Exponent);
        }
    }

    /// <summary>JSON with the fields count, missing, sum and sumOfSquares; the sums are decimal strings.</summary>
    public JsonObject ToJson() => new()
    {
        ["count"] = Count,
        ["missing"] = Missing,
        ["sum"] = JsonFields.Text(Sum),
        ["sumOfSquares"] = JsonFields.Text(SumOfSquares),
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly: sums that no values on this grid can have are refused.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static Moments Read(JsonNode? node, MomentGrid grid, string path)
    {
        var fields = new JsonFields(node, path);
        var count = fields.Integer("count", 0, MaximumCount);
        long? missing = fields.IsNull("missing") ? null : fields.Integer("missing", 0, MaximumCount);
        var sum = fields.BigInteger("sum");
        var squares = fields.BigInteger("sumOfSquares");
        fields.End();
        BigInteger most = count;
        if (BigInteger.Abs(sum) > most * MomentGrid.MaximumPlace)
            fields.Fail("sum", "be within what this many values can add up to");
        if (squares < 0 || squares > most * MomentGrid.MaximumPlace * MomentGrid.MaximumPlace || (BigInteger)sum * sum > most * squares)
            fields.Fail("sumOfSquares", "fit the count and the sum");
        return new Moments(grid, count, missing, sum, squares);
    }
}
