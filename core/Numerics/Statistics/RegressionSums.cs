using System.Numerics;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// What the errors of a model of a number add up to: outcomes, residuals (outcome less prediction), their squares, magnitudes and fourth powers, as whole numbers on public grids: exact, so that merging in
/// any order gives the same bits.
/// </summary>
/// <remarks>
/// The grids follow from the outcome's plausible range [a, b]. A residual beyond ±2(b - a) counts as that: such a model has diverged, and its errors are great enough to say so. Fourth powers, which only intervals
/// need, are of residuals on a grid 2^20 coarser, and leave a site rounded (<see cref="Suppress"/>): exact sums of many powers would be equations from which few rows follow.
/// </remarks>
public sealed record RegressionSums : IMergeable<RegressionSums>
{
    private const int CoarseBits = 20;
    private const int FourthBits = 8;
    private const double ResolvedFourth = 8 * 8 * 8 * 8; // residuals of eight steps

    private RegressionSums(double minimum, double maximum, Moments outcome, Moments residual, Int128 magnitude, Int128 fourth) =>
        (Minimum, Maximum, Outcome, Residual, Magnitude, Fourth) = (minimum, maximum, outcome, residual, magnitude, fourth);

    /// <inheritdoc/>
    public static string Field => "errors";

    /// <summary>Least plausible outcome.</summary>
    public double Minimum { get; }

    /// <summary>Greatest plausible outcome.</summary>
    public double Maximum { get; }

    /// <summary>Count, sum and sum of squares of the outcomes.</summary>
    public Moments Outcome { get; }

    /// <summary>Those of the residuals.</summary>
    public Moments Residual { get; }

    /// <summary>Sum of the magnitudes of the residuals' places on their grid.</summary>
    public Int128 Magnitude { get; }

    /// <summary>Sum of the fourth powers of the residuals' places on a grid 2^20 coarser.</summary>
    public Int128 Fourth { get; private init; }

    /// <summary>Rows.</summary>
    public long Count => Residual.Count;

    /// <summary>The mean magnitude of the residuals, in the outcome's unit; null where there are no rows.</summary>
    public double? MeanMagnitude => Count == 0 ? null : Math.ScaleB((double)Magnitude / Count, Residual.Grid.Exponent);

    /// <summary>The residuals' mean square, in the square of the outcome's unit; null where there are no rows.</summary>
    public double? MeanSquare => Count == 0 ? null : Math.ScaleB((double)Residual.SumOfSquares / Count, 2 * Residual.Grid.Exponent);

    /// <summary>The root of the residuals' mean square, in the outcome's unit; null where there are no rows.</summary>
    public double? RootMeanSquare => Count == 0 ? null : Math.ScaleB(Math.Sqrt((double)Residual.SumOfSquares / Count), Residual.Grid.Exponent);

    /// <summary>
    /// The variance of the squared residuals; null where there are no rows. Never less than what the rounding of fourth powers leaves open, so that no interval made of it is certain; and where residuals are a few steps of the
    /// coarse grid or less, at least that of normal ones, 2(mean square)².
    /// </summary>
    public double? VarianceOfSquares => MeanSquare is { } square
        ? Math.Max(
            Math.ScaleB((double)Fourth / Count, 4 * (Residual.Grid.Exponent + CoarseBits)) - (square * square),
            square * square * ((double)Fourth / Count < ResolvedFourth ? 2 : Math.ScaleB(1, -FourthBits)))
        : null;

    /// <summary>Sums over rows.</summary>
    /// <param name="minimum">Least plausible outcome.</param>
    /// <param name="maximum">Greatest plausible outcome, above it.</param>
    /// <param name="outcomes">[rows], within the range, none NaN.</param>
    /// <param name="predictions">[rows], none NaN.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a number is NaN.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range has no grid, or an outcome lies beyond it.</exception>
    public static RegressionSums Of(double minimum, double maximum, ReadOnlySpan<double> outcomes, ReadOnlySpan<double> predictions)
    {
        if (outcomes.Length != predictions.Length)
            throw new ArgumentException($"There are {outcomes.Length} outcomes and {predictions.Length} predictions.", nameof(predictions));
        var (outcomeGrid, residualGrid, most) = Grids(minimum, maximum);
        var residuals = new double[outcomes.Length];
        var (magnitude, fourth) = (Int128.Zero, Int128.Zero);
        for (var row = 0; row < residuals.Length; row++)
        {
            if (double.IsNaN(outcomes[row]))
                throw new ArgumentException("A row has no outcome.", nameof(outcomes));
            if (double.IsNaN(predictions[row]))
                throw new ArgumentException("A prediction is NaN: the model has diverged.", nameof(predictions));
            residuals[row] = Math.Clamp(outcomes[row] - predictions[row], -most, most);
            var place = Math.Abs(residualGrid.PlaceOf(residuals[row]));
            magnitude += place;
            Int128 coarse = (place + (1L << (CoarseBits - 1))) >> CoarseBits;
            fourth += coarse * coarse * coarse * coarse;
        }

        return new RegressionSums(minimum, maximum, Moments.Of(outcomeGrid, outcomes), Moments.Of(residualGrid, residuals), magnitude, fourth);
    }

    /// <summary>The sums over both populations together.</summary>
    /// <exception cref="ArgumentException">The plausible ranges differ.</exception>
    public RegressionSums Merge(RegressionSums other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if ((Minimum, Maximum) != (other.Minimum, other.Maximum))
            throw new ArgumentException("Sums of different plausible ranges cannot be merged.", nameof(other));
        return new RegressionSums(Minimum, Maximum, Outcome.Merge(other.Outcome), Residual.Merge(other.Residual), checked(Magnitude + other.Magnitude), checked(Fourth + other.Fourth));
    }

    /// <summary>
    /// What may leave a site: null where the rows are 1 to <paramref name="minimum"/> - 1; else the same with the sum of fourth powers rounded to its 8 leading bits. Suppression is not differential privacy.
    /// </summary>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    public RegressionSums? Suppress(int minimum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        return Count > 0 && Count < minimum ? null : this with { Fourth = Leading(Fourth) };
    }

    /// <summary>Whether one site's release under a policy of this minimum can hold it.</summary>
    public bool Fits(int minimum) => (Count == 0 || Count >= minimum) && Fourth == Leading(Fourth);

    /// <summary>JSON with the fields minimum, maximum, outcome, residual (as <see cref="Moments.ToJson"/> writes them), magnitude and fourth (decimal strings).</summary>
    public JsonObject ToJson() => new()
    {
        ["minimum"] = Minimum,
        ["maximum"] = Maximum,
        ["outcome"] = Outcome.ToJson(),
        ["residual"] = Residual.ToJson(),
        ["magnitude"] = JsonFields.Text(Magnitude),
        ["fourth"] = JsonFields.Text(Fourth),
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly: sums that no rows can have are refused.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static RegressionSums Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var (minimum, maximum) = (fields.Number("minimum"), fields.Number("maximum"));
        if (!(minimum < maximum) || Math.Max(Math.Abs(minimum), Math.Abs(maximum)) is not (>= 1e-200 and <= 1e199) || maximum - minimum < 1e-200)
            fields.Fail("maximum", "be above the minimum, and both and their difference of a magnitude that has a grid");
        var (outcomeGrid, residualGrid, _) = Grids(minimum, maximum);
        var outcome = Moments.Read(fields.Node("outcome"), outcomeGrid, fields.PathOf("outcome"));
        var residual = Moments.Read(fields.Node("residual"), residualGrid, fields.PathOf("residual"));
        var (magnitude, fourth) = (fields.BigInteger("magnitude"), fields.BigInteger("fourth"));
        fields.End();
        if (outcome.Missing != 0 || residual.Missing != 0 || residual.Count != outcome.Count)
            fields.Fail("residual", "be of as many rows as the outcome, none missing");
        if (magnitude < Int128.Abs(residual.Sum) || (BigInteger)magnitude * magnitude > (BigInteger)residual.Count * residual.SumOfSquares)
            fields.Fail("magnitude", "fit the residuals' sum and sum of squares");
        if (fourth < 0 || fourth > (BigInteger)residual.Count << (4 * (40 - CoarseBits)))
            fields.Fail("fourth", "be within what this many residuals can add up to");
        return new RegressionSums(minimum, maximum, outcome, residual, magnitude, fourth);
    }

    private static Int128 Leading(Int128 number)
    {
        var low = Math.Max(0, 128 - (int)Int128.LeadingZeroCount(number) - FourthBits);
        return low == 0 ? number : ((number + (Int128.One << (low - 1))) >> low) << low;
    }

    private static (MomentGrid Outcome, MomentGrid Residual, double Most) Grids(double minimum, double maximum)
    {
        var most = 2 * (maximum - minimum);
        return (MomentGrid.For(minimum, maximum), MomentGrid.For(-most, most), most);
    }
}
