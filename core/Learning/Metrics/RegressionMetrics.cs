using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// Metrics of a model of a number, pooled from sums, each with the 95 % interval that it has where rows are drawn independently: normal, by the variance of the residuals' magnitudes, squares or values, whatever their
/// distribution. One that is not defined on the data is null. That sites differ is not in it.
/// </summary>
/// <param name="Rows">Rows.</param>
/// <param name="MeanAbsoluteError">MAE, in the outcome's unit.</param>
/// <param name="RootMeanSquaredError">RMSE, in the outcome's unit.</param>
/// <param name="RSquared">R²: 1 - Σ(y - ŷ)²/Σ(y - ȳ)², with the mean of these rows; below 0 for a model that is worse than that mean. Its interval takes the outcomes as given. Undefined where all outcomes are equal.</param>
/// <param name="Bias">Mean of outcome less prediction, in the outcome's unit.</param>
/// <param name="OutcomeDeviation">Standard deviation of the outcomes, in their unit.</param>
public sealed record RegressionMetrics(long Rows, Estimate? MeanAbsoluteError, Estimate? RootMeanSquaredError, Estimate? RSquared, Estimate? Bias, double? OutcomeDeviation)
{
    /// <summary>The metrics that follow from sums; all undefined where there are none.</summary>
    public static RegressionMetrics Of(RegressionSums? sums)
    {
        if (sums is not { MeanSquare: { } square, MeanMagnitude: { } magnitude, VarianceOfSquares: { } spread, Residual.Mean: { } bias, Outcome.StandardDeviation: { } deviation })
            return new RegressionMetrics(0, null, null, null, null, null);
        var squares = FromZero(Mean(square, spread));
        var variance = deviation * deviation;
        return new RegressionMetrics(
            sums.Count,
            FromZero(Mean(magnitude, square - (magnitude * magnitude))),
            new Estimate(sums.RootMeanSquare!.Value, Math.Sqrt(squares.Low), Math.Sqrt(squares.High)),
            deviation > 0 ? new Estimate(1 - (square / variance), 1 - (squares.High / variance), 1 - (squares.Low / variance)) : null,
            Mean(bias, square - (bias * bias)),
            deviation);

        Estimate Mean(double mean, double ofRows) => Estimate.Around(mean, Estimate.Z * Math.Sqrt(Math.Max(0, ofRows) / sums.Count));

        static Estimate FromZero(Estimate estimate) => estimate with { Low = Math.Max(0, estimate.Low) };
    }

    /// <summary>JSON for records and scripts: rows, and each metric's value; undefined ones are null.</summary>
    public JsonObject ToJson() => new()
    {
        ["rows"] = Rows,
        ["mae"] = MeanAbsoluteError?.Value,
        ["rmse"] = RootMeanSquaredError?.Value,
        ["r2"] = RSquared?.Value,
        ["bias"] = Bias?.Value,
    };

    /// <summary>A metric in the outcome's unit, for people: four significant digits.</summary>
    public static string Text(double? metric) => metric?.ToString("G4", CultureInfo.InvariantCulture) ?? "undefined";

    /// <summary>The same with its interval.</summary>
    public static string Text(Estimate? metric) => metric is { } told ? $"{Text(told.Value)} [{Text(told.Low)}, {Text(told.High)}]" : "undefined";
}
