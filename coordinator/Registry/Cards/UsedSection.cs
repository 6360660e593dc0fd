using System.Collections.Immutable;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What a version does where it is served, in a card: how much it is used, how fast it answers, and how right it is, as far as sites tell.</summary>
internal static class UsedSection
{
    private static readonly string[] s_outcomes = ["outcomes of", "AUROC", "calibration in the large"];

    /// <summary>The section; none where no site has told anything.</summary>
    public static IEnumerable<CardSection> Of(ModelFacts facts)
    {
        var sites = facts.Evidence.Used.Where(site => site.Use is not null).ToList();
        if (sites.Count == 0)
            yield break;
        var number = facts.Study.Data.Label.Number;
        yield return new CardSection("In use, site by site", [
            new CardTable(
                ["site", "window", "rows answered", "median latency", "99th percentile", .. number is null ? s_outcomes : ["outcomes of", $"mean absolute error{number.AfterName}", $"bias{number.AfterName}"], "most drift of an input"],
                [.. sites.Select(Row)]),
            .. number is null ? [] : ErrorSections.Blocks(SiteFigures.ErrorTables(facts.Study, facts.Evidence.Used), "windows", number),
            .. SiteFigures.Subgroups(facts.Study, facts.Evidence.Used).SelectMany(table => SubgroupSection.Blocks(table, "windows", withPoints: false)),
            new CardText("What each site's scoring saw in the newest window that it told, in rows and not patients; drift is the population stability index against the site's profile of the study, or its first window. Subgroups are of all outcomes told by any site in any window, where they are not withheld. 'fcml models monitoring' has every window.")]);
    }

    private static ImmutableArray<string> Row(SiteFigures site)
    {
        var (use, came) = (site.Use!, site.Outcomes);
        return
        [
            site.Told.Site.Value, Days(use), ModelCard.Text($"{use.Window.Usage!.Answered:N0}"), Within(use.Median), Within(use.Slowest),
            came is null ? "" : Days(came), .. came?.Errors is { } errors
                ? (string[])[RegressionMetrics.Text(errors.MeanAbsoluteError), RegressionMetrics.Text(errors.Bias)]
                : [came?.Metrics?.AurocInterval is { } area ? area.Text() : "", came?.Calibration?.InTheLarge is { } large ? large.Text() : ""],
            use.Worst is { Stability: { } stability } worst ? ModelCard.Text($"{worst.Feature} {stability.Index:0.00}") : "",
        ];
    }

    private static string Days(WindowFigures figures) => $"{CalendarDay.Text(figures.Window.Window.From)} to {CalendarDay.Text(figures.Window.Window.To)}";

    internal static string Within(LatencyBounds? bounds) => bounds is not { } known ? "" : known.Below is { } below ? ModelCard.Text($"below {below / 1000.0:0.###} ms") : ModelCard.Text($"from {known.From / 1000.0:0.###} ms");
}
