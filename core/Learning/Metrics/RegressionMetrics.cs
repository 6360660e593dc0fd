using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>Metrics of a model of a number, pooled from sums. One that is not defined on the data is null.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="MeanAbsoluteError">MAE, in the outcome's unit.</param>
/// <param name="RootMeanSquaredError">RMSE, in the outcome's unit.</param>
/// <param name="RSquared">R²: 1 - Σ(y - ŷ)²/Σ(y - ȳ)², with the mean of these rows; below 0 for a model that is worse than that mean. Undefined where all outcomes are equal.</param>
/// <param name="Bias">Mean of outcome less prediction, in the outcome's unit.</param>
public sealed record RegressionMetrics(long Rows, double? MeanAbsoluteError, double? RootMeanSquaredError, double? RSquared, double? Bias)
{
    /// <summary>The metrics that follow from sums; all undefined where there are none.</summary>
    public static RegressionMetrics Of(RegressionSums? sums)
    {
        if (sums is null)
            return new RegressionMetrics(0, null, null, null, null);
        var error = sums.RootMeanSquare;
        return new RegressionMetrics(
            sums.Residual.Count,
            sums.MeanMagnitude,
            error,
            sums.Outcome.StandardDeviation is > 0 and { } deviation ? 1 - (error / deviation * (error / deviation)) : null,
            sums.Residual.Mean);
    }
}
