using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What a card says of how good a model of a number is: errors, in the outcome's unit, in the place of areas, calibration and operating points.</summary>
internal static class ErrorSections
{
    public static ImmutableArray<CardBlock> Overall(RegressionMetrics metrics, NumericOutcome number) => metrics.Rows == 0
        ? [new CardText("Nothing was evaluated, or every site withheld its errors.")]
        :
        [
            CardTable.Facts(
                ("Test rows", ModelCard.Text($"{metrics.Rows:N0}")), ($"Mean absolute error{number.AfterName}", In95(metrics.MeanAbsoluteError)), ($"Root mean squared error{number.AfterName}", In95(metrics.RootMeanSquaredError)),
                ("R²", metrics.RSquared is null ? "undefined: all outcomes are the same" : $"{Explained(metrics)} (95 %)"), ($"Bias, outcome less prediction{number.AfterName}", In95(metrics.Bias)),
                ($"Standard deviation of the outcomes{number.AfterName}", RegressionMetrics.Text(metrics.OutcomeDeviation))),
            new CardText("Pooled from the sites' exact sums of errors, added up; intervals are of rows, not of hospitals. docs/reference/evaluation.md says what each figure is made of."),
        ];

    public static CardTable Sites(SiteMetrics sites, NumericOutcome number) => new(
        ["site", "test rows", $"mean absolute error{number.AfterName}", $"root mean squared error{number.AfterName}", "R²", $"bias{number.AfterName}"],
        [.. sites.Sites.Select(site => site.Report.Errors is { } errors
            ? [site.Site.Value, .. Figures(RegressionMetrics.Of(errors))]
            : ImmutableArray.Create(site.Site.Value, site.Report.Withheld == Withholding.Policy ? "withheld by its policy" : "withheld: too few", "", "", "", ""))]);

    public static ImmutableArray<CardBlock> Subgroups(ImmutableArray<ErrorTable> tables, NumericOutcome number) =>
    [
        .. Blocks(tables, "sites", number),
        new CardText(
            "Pooled from the sites' sums of errors, added up over the sites that tell a subgroup. A site withholds one of fewer rows than its minimum, others from which it would follow, and a whole partition by which, beside one before it, few patients could be told "
            + "apart. Gaps are the greatest value less the least over the subgroups that are told; in brackets what the subgroups' own 95 % intervals leave of them, as small subgroups differ by chance."),
    ];

    /// <summary>Each partition's table, and how far its subgroups are apart.</summary>
    /// <param name="tables">The tables.</param>
    /// <param name="of">Of what they count how many tell a subgroup.</param>
    /// <param name="number">What is predicted.</param>
    public static IEnumerable<CardBlock> Blocks(ImmutableArray<ErrorTable> tables, string of, NumericOutcome number) => tables.SelectMany(table => new CardBlock[]
    {
        new CardText($"By {table.Feature}:"),
        new CardTable(
            ["subgroup", "told by", "rows", $"mean absolute error{number.AfterName}", $"root mean squared error{number.AfterName}", "R²", $"bias{number.AfterName}"],
            [.. table.Subgroups.Select(group => group.Sites == 0
                ? ImmutableArray.Create(group.Name, $"none of {table.Sites} {of}: withheld", "", "", "", "", "")
                : [group.Name, ModelCard.Text($"{group.Sites} of {table.Sites} {of}"), .. Figures(group.Metrics)])]),
        CardTable.Facts(table.Gaps.Select(gap => ($"Gap: {gap.Measure}", Words(gap.Gap, number)))),
    });

    /// <summary>The line on fairness of the reproducibility report.</summary>
    public static string Line(ImmutableArray<ErrorTable> tables, NumericOutcome number) =>
        $"By subgroup, for the study's partitions by {string.Join(", ", tables.Select(table => table.Feature))}: {string.Join("; ", tables.Select(table => $"mean absolute errors by {table.Feature} {Words(table.MeanAbsoluteError, number)}"))}. The card has each subgroup.";

    public static ImmutableArray<CardBlock> Rounds(ImmutableArray<RoundEvaluation> rounds, NumericOutcome number) =>
    [
        new CardTable(
            ["round", "test rows", $"mean absolute error{number.AfterName}", $"root mean squared error{number.AfterName}", "R²", $"bias{number.AfterName}"],
            [.. rounds.Select(round => round.Report.Number?.Errors is { } errors ? [RoundsSection.NameOf(round), .. Figures(RegressionMetrics.Of(errors))] : ImmutableArray.Create(RoundsSection.NameOf(round), "withheld", "", "", "", ""))]),
        new CardText("All sites' test rows at each evaluation, pooled from their sums of errors."),
    ];

    /// <summary>The figures that matter, in a line.</summary>
    public static string Measures(RegressionMetrics metrics, NumericOutcome number) =>
        ModelCard.Text($"Mean absolute error {RegressionMetrics.Text(metrics.MeanAbsoluteError)}{number.AfterNumber}, root mean squared error {RegressionMetrics.Text(metrics.RootMeanSquaredError)}{number.AfterNumber}, R² {Explained(metrics)}, bias {RegressionMetrics.Text(metrics.Bias)}{number.AfterNumber}, on {metrics.Rows} rows; more in the card.");

    private static IEnumerable<string> Figures(RegressionMetrics metrics) =>
        [ModelCard.Text($"{metrics.Rows:N0}"), RegressionMetrics.Text(metrics.MeanAbsoluteError), RegressionMetrics.Text(metrics.RootMeanSquaredError), Explained(metrics), RegressionMetrics.Text(metrics.Bias)];

    private static string In95(Estimate? estimate) => $"{RegressionMetrics.Text(estimate)} (95 %)";

    private static string Explained(RegressionMetrics metrics) => metrics.RSquared is { } explained ? explained.Text() : "undefined";

    private static string Words(ErrorGap? gap, NumericOutcome number) => gap is { } known ? $"{known.Words}{number.AfterNumber} apart, over {known.Subgroups} subgroups" : "not decided: fewer than two subgroups are told";
}
