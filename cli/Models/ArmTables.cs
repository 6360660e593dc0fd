using System.Globalization;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary>Two versions beside each other, for people and for scripts.</summary>
/// <param name="of">What is compared.</param>
/// <param name="version">The version that <see cref="ArmComparison"/> has as production.</param>
/// <param name="beside">The one beside it.</param>
/// <param name="number">The number that both predict; null: whether something is positive.</param>
internal sealed class ArmTables(ArmComparison of, string version, string beside, NumericOutcome? number)
{
    private string Measure => number is null ? "AUROC" : $"mean absolute error{number.AfterName}";

    /// <summary>A row for each site and version, and for each version at all of them.</summary>
    public Table Table()
    {
        var table = new Table { Title = new TableTitle($"{version} and {beside}, over the windows that a site told of both".EscapeMarkup()) }
            .AddColumns(["site", "version", "windows", "rows", "outcomes", $"{(number is null ? "AUROC" : $"MAE{number.AfterName}")}, 95 %".EscapeMarkup(), "difference", number is null ? "in the large" : $"bias{number.AfterName}".EscapeMarkup()]);
        foreach (var site in of.Sites)
        {
            table.AddRow(Row(site.Site.Value, version, site.Windows, site.Production, null));
            table.AddRow(Row("", beside, site.Windows, site.Candidate, ArmComparison.DifferenceAt(site)));
        }

        table.AddRow(Row("all, pooled", version, of.Sites.Sum(site => site.Windows), of.Production, null));
        table.AddRow(Row("", beside, of.Sites.Sum(site => site.Windows), of.Candidate, of.Difference));
        return table;
    }

    /// <summary>What the difference comes to.</summary>
    public string Words() => of.Sites.IsEmpty ? "No site has told a window of both: of a shadow none ever will." : of.Difference is not { } told ? "Of no site the outcomes of both are told."
        : $"{beside} less {version} in {Measure}: {Text(told)}, the mean of the sites' own differences. {(told.Low <= 0 && told.High >= 0 ? "So much comes by chance alone, too." : $"More than chance: {beside} did {(told.Value > 0 == number is null ? "better" : "worse")}.")}";

    /// <summary>The same for scripts.</summary>
    public object Json() => new
    {
        version, beside, difference = of.Difference,
        sites = of.Sites.Select(site => new { site = site.Site.Value, site.Windows, site.Ended, difference = ArmComparison.DifferenceAt(site), arms = new[] { Json(version, site.Production), Json(beside, site.Candidate) } }),
        all = new[] { Json(version, of.Production), Json(beside, of.Candidate) },
    };

    private static object Json(string version, ComparedArm arm) => new
    {
        version, rows = arm.Answered, arm.Unscored, arm.UnscoredFew, failing = arm.Failing, arm.Slowest,
        metrics = arm.Scores is null ? null : arm.Metrics.ToJson(), auroc = arm.Metrics.AurocInterval, inTheLarge = arm.InTheLarge, errors = arm.Errors is null ? null : arm.ErrorMetrics.ToJson(), meanAbsoluteError = arm.ErrorMetrics.MeanAbsoluteError,
    };

    private static string[] Row(string site, string version, int windows, ComparedArm arm, Estimate? difference)
    {
        var (outcomes, figure, offset) = arm.Errors is { } errors ? (errors.Count, RegressionMetrics.Text(arm.ErrorMetrics.MeanAbsoluteError), RegressionMetrics.Text(arm.ErrorMetrics.Bias))
            : (arm.Metrics.Negatives + arm.Metrics.Positives, arm.Metrics.AurocInterval is { } area ? area.Text() : "", Text(arm.InTheLarge));
        return [.. new[] { site, version, Count(windows), Count(arm.Answered), outcomes == 0 ? "" : Count(outcomes), figure, Text(difference), offset }.Select(cell => cell.EscapeMarkup())];
    }

    private static string Count(long count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Text(Estimate? estimate) => estimate?.SignedText() ?? "";
}
