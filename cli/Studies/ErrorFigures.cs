using FederatedClinicalMl.Learning;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary>Errors of a model of a number, for people.</summary>
internal static class ErrorFigures
{
    /// <summary>Rows, MAE, RMSE, R² and bias, each but the first and R² with its interval.</summary>
    public static string[] Cells(RegressionMetrics metrics) =>
    [
        $"{metrics.Rows}", RegressionMetrics.Text(metrics.MeanAbsoluteError).EscapeMarkup(), RegressionMetrics.Text(metrics.RootMeanSquaredError).EscapeMarkup(), ClassifierMetrics.Text(metrics.RSquared?.Value),
        RegressionMetrics.Text(metrics.Bias).EscapeMarkup(),
    ];

    /// <summary>The metrics that matter, in a line.</summary>
    public static string Sentence(RegressionMetrics metrics) =>
        $"MAE {RegressionMetrics.Text(metrics.MeanAbsoluteError?.Value)}, RMSE {RegressionMetrics.Text(metrics.RootMeanSquaredError?.Value)}, R² {ClassifierMetrics.Text(metrics.RSquared?.Value)}, bias {RegressionMetrics.Text(metrics.Bias?.Value)}";
}
