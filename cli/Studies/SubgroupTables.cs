using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary>A model's metrics by subgroup, for people and for scripts.</summary>
internal static class SubgroupTables
{
    /// <summary>Shows an evaluation's tables, of scores or of errors.</summary>
    public static void Show(Study study, EvaluationReport? evaluation, Terminal terminal)
    {
        Show(SubgroupTable.Of(study, evaluation), terminal);
        Show(ErrorTable.Of(study, evaluation), terminal);
    }

    /// <param name="tables">The tables.</param>
    /// <param name="terminal">Where to.</param>
    /// <param name="of">Of what they count how many tell a subgroup.</param>
    public static void Show(ImmutableArray<ErrorTable> tables, Terminal terminal, string of = "sites")
    {
        foreach (var table in tables)
        {
            var shown = new Table { Title = new TableTitle($"by {table.Feature.EscapeMarkup()}, pooled from the {of} that tell it") }.AddColumns("subgroup", of, "rows", "MAE [[95 %]]", "RMSE [[95 %]]", "R²", "bias [[95 %]]");
            foreach (var group in table.Subgroups)
                shown.AddRow(group.Sites == 0 ? [group.Name.EscapeMarkup(), "withheld by each"] : [group.Name.EscapeMarkup(), $"{group.Sites} of {table.Sites}", .. ErrorFigures.Cells(group.Metrics)]);
            terminal.Show(shown);
            terminal.Say(Words(table).EscapeMarkup());
        }
    }

    /// <param name="tables">The tables.</param>
    /// <param name="terminal">Where to.</param>
    /// <param name="of">Of what they count how many tell a subgroup.</param>
    public static void Show(ImmutableArray<SubgroupTable> tables, Terminal terminal, string of = "sites")
    {
        foreach (var table in tables)
        {
            var shown = new Table { Title = new TableTitle($"by {table.Feature.EscapeMarkup()}, pooled from the {of} that tell it") }
                .AddColumns("subgroup", of, "negatives", "positives", "AUROC (± ties, or 95 %)", "calibration in the large");
            foreach (var group in table.Subgroups)
            {
                if (group.Sites == 0)
                    shown.AddRow(group.Name.EscapeMarkup(), "withheld by each");
                else if (group.Metrics.Negatives + group.Metrics.Positives == 0)
                    shown.AddRow(group.Name.EscapeMarkup(), $"{group.Sites} of {table.Sites}", "0", "0");
                else
                    shown.AddRow(group.Name.EscapeMarkup(), $"{group.Sites} of {table.Sites}", $"{group.Metrics.Negatives}", $"{group.Metrics.Positives}", Area(group), ClassifierMetrics.Text(group.Calibration?.InTheLarge?.Value));
            }

            terminal.Show(shown);
            terminal.Say(Words(table).EscapeMarkup());
        }
    }

    // An area that sites told has an interval; one of bins what ties leave open.
    private static string Area(Subgroup group) => group.ToldArea is { } told
        ? string.Create(CultureInfo.InvariantCulture, $"{told.Value:0.000} ({told.Low:0.000} to {told.High:0.000})")
        : $"{ClassifierMetrics.Text(group.Metrics.Auroc)} (± {ClassifierMetrics.Text(group.Metrics.AurocBound)})";

    /// <summary>How far subgroups are apart, in a line.</summary>
    public static string Words(SubgroupTable table) => string.Join("; ", table.Gaps.Select(gap => $"{gap.Measure} {(gap.Gap is { } known ? $"{known.Words} apart" : "not decided")}"));

    /// <summary>How far the subgroups of each of a model's partitions are apart, a line for each.</summary>
    public static IEnumerable<(string Feature, string Words)> Lines(Study study, EvaluationReport? evaluation) =>
        [.. SubgroupTable.Of(study, evaluation).Select(table => (table.Feature, Words(table))), .. ErrorTable.Of(study, evaluation).Select(table => (table.Feature, Words(table)))];

    /// <summary>An evaluation's tables, of scores or of errors, for scripts.</summary>
    public static JsonArray Json(Study study, EvaluationReport? evaluation) =>
        study.Data.Label.Number is null ? Json(SubgroupTable.Of(study, evaluation)) : Json(ErrorTable.Of(study, evaluation));

    public static JsonArray Json(ImmutableArray<ErrorTable> tables) => new([.. tables.Select(table => table.ToJson())]);

    private static string Words(ErrorTable table) => string.Join("; ", table.Gaps.Select(gap => $"{gap.Measure} {(gap.Gap is { } known ? $"{known.Words} apart" : "not decided")}"));

    public static JsonArray Json(ImmutableArray<SubgroupTable> tables) => new([.. tables.Select(table => table.ToJson())]);
}
