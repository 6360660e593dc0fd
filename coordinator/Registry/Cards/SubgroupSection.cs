using System.Collections.Immutable;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What a card says of subgroups: how the model does in each, how far they are apart, and what is withheld.</summary>
internal static class SubgroupSection
{
    private static readonly ImmutableArray<string> s_heads = ["subgroup", "told by", "rows", "AUROC", "calibration in the large"];
    private static readonly ImmutableArray<string> s_pointHeads = ["subgroup", "from this probability on", "sensitivity", "specificity", "PPV", "called positive"];

    public static CardSection Of(ModelFacts facts)
    {
        const string Heading = "Performance, by subgroup";
        if (ErrorTable.Of(facts.Study, facts.Evaluation) is { IsEmpty: false } errors)
            return new CardSection(Heading, ErrorSections.Subgroups(errors, facts.Study.Data.Label.Number!));
        var tables = SubgroupTable.Of(facts.Study, facts.Evaluation);
        return new CardSection(Heading, tables.IsEmpty
            ? [new CardText(facts.Study.Evaluation.Subgroups.IsEmpty ? "The study declares no subgroups (evaluation.subgroups): how the model serves the sexes, ages or others is not known." : "Nothing was evaluated.")]
            :
            [
                .. tables.SelectMany(table => Blocks(table, "sites", withPoints: true)),
                new CardText(
                    "Pooled from the sites' suppressed histograms of scores, added up over the sites that tell a subgroup. A site withholds one in which a count is below its minimum, others from which that count would follow, and a whole partition by which, beside one before it, "
                    + "few patients could be told apart. Gaps are the greatest value less the least over the subgroups that are told, from what is certain to what is possible; in brackets what the subgroups' own 95 % intervals leave of them, as small subgroups differ by chance."),
            ]);
    }

    /// <summary>The line on fairness of the reproducibility report.</summary>
    public static string Line(ModelFacts facts) => ErrorTable.Of(facts.Study, facts.Evaluation) is { IsEmpty: false } errors ? ErrorSections.Line(errors, facts.Study.Data.Label.Number!)
        : SubgroupTable.Of(facts.Study, facts.Evaluation) is { IsEmpty: false } tables
        ? $"By subgroup, for the study's partitions by {string.Join(", ", tables.Select(table => table.Feature))}: {string.Join("; ", tables.Select(table => $"AUROC by {table.Feature} {Words(table.Auroc)}"))}. The card has each subgroup, equal opportunity and demographic parity."
        : "The study declares no subgroups, or nothing was evaluated: how the model serves them is not known.";

    /// <summary>A partition's table, and how far its subgroups are apart.</summary>
    /// <param name="table">The table.</param>
    /// <param name="of">Of what it counts how many tell a subgroup.</param>
    /// <param name="withPoints">Whether the operating points are shown.</param>
    public static IEnumerable<CardBlock> Blocks(SubgroupTable table, string of, bool withPoints)
    {
        yield return new CardText($"By {table.Feature}:");
        yield return new CardTable(s_heads, [.. table.Subgroups.Select(group => group.Sites == 0
            ? ImmutableArray.Create(group.Name, $"none of {table.Sites} {of}: withheld", "", "", "")
            : [group.Name, ModelCard.Text($"{group.Sites} of {table.Sites} {of}"), ModelCard.Text($"{group.Metrics.Positives:N0} positive, {group.Metrics.Negatives:N0} negative"),
                group.Area is { } area ? area.Text() : "undefined", group.Calibration?.InTheLarge is { } large ? large.Text() : "undefined"])]);
        if (withPoints)
            yield return new CardTable(s_pointHeads, [.. table.Subgroups.Where(group => !group.At.IsEmpty && group.Metrics.Positives + group.Metrics.Negatives > 0).SelectMany(group => table.Thresholds.Zip(group.At, (threshold, at) => ImmutableArray.Create(
            group.Name, threshold.Name, ModelCard.Share(at.Sensitivity), ModelCard.Share(at.Specificity), ModelCard.Share(at.PositivePredictiveValue), ModelCard.Share(at.PredictedPositive))))]);
        yield return CardTable.Facts(table.Gaps.Select(gap => ($"Gap: {gap.Measure}", Words(gap.Gap))));
    }

    private static string Words(Gap? gap) => gap is { } known ? $"{known.Words} apart, over {known.Subgroups} subgroups" : "not decided: fewer than two subgroups are told";
}
