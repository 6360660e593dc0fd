using FederatedClinicalMl.Learning;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary>The sites' own metrics of a model, for people.</summary>
internal static class SiteMetricsTable
{
    public static Table Of(SiteMetrics metrics)
    {
        var table = new Table { Title = new TableTitle("what each site tells of its own test rows") }.AddColumns(
            metrics.Sites.All(site => site.Report.Withheld is not null) ? ["site", ""]
            : metrics.Sites.Any(site => site.Report.Errors is not null) ? ["site", "rows", "MAE [[95 %]]", "RMSE [[95 %]]", "R²", "bias [[95 %]]"]
            : ["site", "negatives", "positives", "AUROC (± ties) or [[95 %]]", "AUPRC", "accuracy", "Brier", "calibration (intercept, slope)"]);
        foreach (var (site, report) in metrics.Sites)
        {
            if (report.Errors is { } errors)
                table.AddRow([site.Value, .. ErrorFigures.Cells(RegressionMetrics.Of(errors))]);
            else if (report.Metrics is { } of)
            {
                table.AddRow(
                    site.Value, $"{of.Negatives}", $"{of.Positives}", AreaOf(report, of), Text(of.Auprc), Text(of.Accuracy), Text(of.Brier),
                    $"{Text(of.CalibrationIntercept)}, {Text(of.CalibrationSlope)}");
            }
            else
            {
                table.AddRow(site.Value, report.Withheld == Withholding.Policy ? "withheld by its policy" : "withheld: too few");
            }
        }

        if (metrics.AreaLogit is { } effects)
            table.Caption(new TableTitle($"AUROC together: {effects.Mean.FromLogit().Text()}, {effects.Basis}".EscapeMarkup()));
        return table;
    }

    // Its rows' own with DeLong's interval, or what its bins tell.
    private static string AreaOf(SiteMetricsReport report, ClassifierMetrics of) => report is { ExactArea: not null, Area: { } exact } ? exact.Text().EscapeMarkup() : $"{Text(of.Auroc)} (± {Text(of.AurocBound)})";

    private static string Text(double? metric) => ClassifierMetrics.Text(metric);
}
