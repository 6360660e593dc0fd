using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>What came of the rows of a window, as a site tells it once, however many outcomes come later: of two such parts of one window the difference would be of few patients.</summary>
/// <param name="Scores">The outcomes by score, in bins made of the window's score cells; null where they are too few.</param>
public sealed record MonitoredOutcomes(ScoreHistogram? Scores)
{
    /// <summary>What leaves of the outcomes of a window's rows.</summary>
    /// <param name="usage">What was told of the window's use; null where nothing was: then nothing is of its outcomes.</param>
    /// <param name="outcomes">All outcomes, in the grid's own bins.</param>
    /// <param name="minimum">The least count that the site's policy lets out, from 1.</param>
    public static MonitoredOutcomes Of(MonitoredUsage? usage, ScoreHistogram outcomes, int minimum)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        return new MonitoredOutcomes(usage is null ? null : outcomes.Suppress(minimum, [.. usage.Scores.Cells.Select(cell => (cell.From, cell.To, cell.Count!.Value))]));
    }

    /// <summary>Whether no count from 1 to <paramref name="minimum"/> - 1 is in it, nor follows from it and from what was told of the window's use.</summary>
    public bool Fits(MonitoredUsage? usage, int minimum)
    {
        if (Scores is null)
            return true;
        return usage is not null && Scores.Bins.All(bin => MayLeave(bin.Negatives) && MayLeave(bin.Positives) && ScoredIn(usage.Scores, bin) is { } scored && MayLeave(scored - bin.Count));

        bool MayLeave(long count) => count == 0 || count >= minimum;
    }

    internal JsonObject ToJson() => new() { ["scores"] = Scores?.ToJson() };

    internal static MonitoredOutcomes Read(JsonFields fields)
    {
        var outcomes = new MonitoredOutcomes(fields.IsNull("scores") ? null : ScoreHistogram.Read(fields.Node("scores"), fields.PathOf("scores")));
        if (outcomes.Scores is { IsPartition: false })
            fields.Fail("scores", "cover the grid without gaps and overlaps");
        fields.End();
        return outcomes;
    }

    // Null where the bin is not made of whole cells.
    private static long? ScoredIn(PartitionedRows scores, ScoreBin bin)
    {
        var cells = scores.Cells.Where(cell => cell.From < bin.To && cell.To > bin.From).ToList();
        return cells.Count > 0 && cells[0].From == bin.From && cells[^1].To == bin.To ? cells.Sum(cell => cell.Count) : null;
    }
}
