using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Learning;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary>A model's metrics by subgroup, for people and for scripts.</summary>
internal static class SubgroupTables
{
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

    public static JsonArray Json(ImmutableArray<SubgroupTable> tables) => new([.. tables.Select(table => table.ToJson())]);
}
