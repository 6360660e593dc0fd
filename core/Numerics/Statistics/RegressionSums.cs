using System.Numerics;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// What the errors of a model of a number add up to: outcomes, residuals (outcome less prediction), their squares and their magnitudes, as whole numbers on public grids: exact, so that merging in
/// any order gives the same bits.
/// </summary>
/// <remarks>The grids follow from the outcome's plausible range [a, b]. A residual beyond ±2(b - a) counts as that: such a model has diverged, and its errors are great enough to say so.</remarks>
public sealed record RegressionSums
{
    private RegressionSums(Moments outcome, Moments residual, Int128 magnitude) => (Outcome, Residual, Magnitude) = (outcome, residual, magnitude);

    /// <summary>Count, sum and sum of squares of the outcomes.</summary>
    public Moments Outcome { get; }

    /// <summary>Those of the residuals.</summary>
    public Moments Residual { get; }

    /// <summary>Sum of the magnitudes of the residuals' places on their grid.</summary>
    public Int128 Magnitude { get; }

    /// <summary>The mean magnitude of the residuals, in the outcome's unit; null where there are no rows.</summary>
    public double? MeanMagnitude => Residual.Count == 0 ? null : Math.ScaleB((double)Magnitude / Residual.Count, Residual.Grid.Exponent);

    /// <summary>The root of the residuals' mean square, in the outcome's unit; null where there are no rows.</summary>
    public double? RootMeanSquare => Residual.Count == 0 ? null : Math.ScaleB(Math.Sqrt((double)Residual.SumOfSquares / Residual.Count), Residual.Grid.Exponent);

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
        var magnitude = Int128.Zero;
        for (var row = 0; row < residuals.Length; row++)
        {
            if (double.IsNaN(outcomes[row]))
                throw new ArgumentException("A row has no outcome.", nameof(outcomes));
            if (double.IsNaN(predictions[row]))
                throw new ArgumentException("A prediction is NaN: the model has diverged.", nameof(predictions));
            residuals[row] = Math.Clamp(outcomes[row] - predictions[row], -most, most);
            magnitude += Math.Abs(residualGrid.PlaceOf(residuals[row]));
        }

        return new RegressionSums(Moments.Of(outcomeGrid, outcomes), Moments.Of(residualGrid, residuals), magnitude);
    }

    /// <summary>The sums over both populations together.</summary>
    /// <exception cref="ArgumentException">The grids differ.</exception>
    public RegressionSums Merge(RegressionSums other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new RegressionSums(Outcome.Merge(other.Outcome), Residual.Merge(other.Residual), checked(Magnitude + other.Magnitude));
    }

    /// <summary>The same; null where the rows are 1 to <paramref name="minimum"/> - 1. Suppression is not differential privacy.</summary>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    public RegressionSums? Suppress(int minimum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        return Residual.Count == 0 || Residual.Count >= minimum ? this : null;
    }

    /// <summary>JSON with the fields outcome, residual (as <see cref="Moments.ToJson"/> writes them) and magnitude (a decimal string).</summary>
    public JsonObject ToJson() => new()
    {
        ["outcome"] = Outcome.ToJson(),
        ["residual"] = Residual.ToJson(),
        ["magnitude"] = JsonFields.Text(Magnitude),
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly: sums that no rows can have are refused.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static RegressionSums Read(JsonNode? node, double minimum, double maximum, string path)
    {
        var (outcomeGrid, residualGrid, _) = Grids(minimum, maximum);
        var fields = new JsonFields(node, path);
        var outcome = Moments.Read(fields.Node("outcome"), outcomeGrid, fields.PathOf("outcome"));
        var residual = Moments.Read(fields.Node("residual"), residualGrid, fields.PathOf("residual"));
        var magnitude = fields.BigInteger("magnitude");
        fields.End();
        if (outcome.Missing != 0 || residual.Missing != 0 || residual.Count != outcome.Count)
            fields.Fail("residual", "be of as many rows as the outcome, none missing");
        if (magnitude < Int128.Abs(residual.Sum) || (BigInteger)magnitude * magnitude > (BigInteger)residual.Count * residual.SumOfSquares)
            fields.Fail("magnitude", "fit the residuals' sum and sum of squares");
        return new RegressionSums(outcome, residual, magnitude);
    }

    private static (MomentGrid Outcome, MomentGrid Residual, double Most) Grids(double minimum, double maximum)
    {
        var most = 2 * (maximum - minimum);
        return (MomentGrid.For(minimum, maximum), MomentGrid.For(-most, most), most);
    }
}
