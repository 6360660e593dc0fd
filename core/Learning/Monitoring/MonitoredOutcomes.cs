using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What came of the rows of a window, as a site tells it once, however many outcomes come later: of two such parts of one window the difference would be of few patients.</summary>
/// <param name="Scores">The outcomes by score, in bins made of the window's score cells; null where they are too few, and where a number is predicted.</param>
/// <param name="Subgroups">The same by the study's subgroups; null where it declares none, or of a day of the window they are not known.</param>
/// <param name="Areas">The area in each told subgroup; null where the site's policy does not let exact areas out.</param>
public sealed record MonitoredOutcomes(ScoreHistogram? Scores, SubgroupSums<ScoreHistogram>? Subgroups = null, ImmutableArray<ImmutableArray<SubgroupArea?>>? Areas = null)
{
    /// <summary>Where a number is predicted, the errors; null: whether something is positive is predicted.</summary>
    public ErrorEvaluation? Number { get; private init; }

    /// <summary>What leaves of the outcomes of a window's rows.</summary>
    /// <param name="study">The model's study.</param>
    /// <param name="usage">What was told of the window's use; null where nothing was: then nothing is of its outcomes.</param>
    /// <param name="sum">The reports of all days of the window, with the rows of which that use was told.</param>
    /// <param name="minimum">The least count that the site's policy lets out, from 1.</param>
    /// <param name="withAreas">Whether it lets exact areas out.</param>
    public static MonitoredOutcomes Of(Study study, MonitoredUsage? usage, DayReport sum, int minimum, bool withAreas)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(sum);
        if (sum.OutcomeErrors is not null)
            return new MonitoredOutcomes(Scores: null) { Number = Errors(study, usage, sum, minimum) };
        if (usage is null)
            return new MonitoredOutcomes(Scores: null);
        var scores = sum.Outcomes.Suppress(minimum, [.. usage.Scores.Cells.Select(cell => (cell.From, cell.To, cell.Count!.Value))]);
        if (CountsBeside(usage, sum) is not { } counts)
            return new MonitoredOutcomes(scores);
        var told = SubgroupSums.OfSite(SubgroupSuppression.Suppress(scores, counts, minimum, partition => SubgroupsInUse.Of(study, usage, sum, minimum, partition)));
        return new MonitoredOutcomes(scores, told, withAreas ? SubgroupArea.Of(counts, told) : null);
    }

    // Other rows than those of the use were counted, by somebody's hand: what follows from both is not known.
    private static SubgroupCounts? CountsBeside(MonitoredUsage usage, DayReport sum) => usage.Answered == sum.Answered ? sum.Subgroups : null;

    // Rows without an outcome follow from the use less the errors. Which subgroups are told is decided for rows of one class with one score, in whose place the errors leave then.
    private static ErrorEvaluation Errors(Study study, MonitoredUsage? usage, DayReport sum, int minimum)
    {
        if (usage is null)
            return new ErrorEvaluation(null);
        var all = MayLeave(usage.Answered - sum.OutcomeErrors!.Count, minimum) ? sum.OutcomeErrors.Suppress(minimum) : null;
        if (CountsBeside(usage, sum) is not { } counts)
            return new ErrorEvaluation(all);
        var rows = all is null ? null : counts.Groups(0).Aggregate((total, next) => total.Merge(next)).Suppress(minimum);
        var told = SubgroupSuppression.Suppress(rows, counts, minimum, partition => SubgroupsInUse.Of(study, usage, sum, minimum, partition));
        return new ErrorEvaluation(all, SubgroupSums.OfSite(told
            .Select((groups, partition) => groups.Select((group, i) => group is null ? null : sum.SubgroupErrors!.Groups(partition)[i].Suppress(minimum)).ToImmutableArray()).ToImmutableArray()));
    }

    private static bool MayLeave(long count, int minimum) => count == 0 || count >= minimum;

    /// <summary>Whether no count from 1 to <paramref name="minimum"/> - 1 is in it, nor follows from it and from what was told of the window's use.</summary>
    public bool Fits(MonitoredUsage? usage, int minimum)
    {
        if (Number is { } number)
        {
            return (number.Errors is not { } errors || (errors.Fits(minimum) && usage is not null && MayLeave(usage.Answered - errors.Count, minimum)))
                && number.Subgroups?.FitsSite(of => ErrorSuppression.Fits(number.Errors, of, minimum)) != false;
        }

        if (Subgroups is not null && !Subgroups.FitsSite(groups => SubgroupSuppression.Fits(Scores, groups, minimum)))
            return false;
        if (Scores is null)
            return true;
        return usage is not null && Scores.Bins.All(bin => MayLeave(bin.Negatives, minimum) && MayLeave(bin.Positives, minimum) && ScoredIn(usage.Scores, bin) is { } scored && MayLeave(scored - bin.Count, minimum));
    }

    internal JsonObject ToJson()
    {
        var json = Number is { } number ? new JsonObject { ["errors"] = number.Errors?.ToJson() } : new JsonObject { ["scores"] = Scores?.ToJson() };
        if ((Number is { } of ? of.Subgroups?.ToJson() : Subgroups?.ToJson()) is { } subgroups)
            json["subgroups"] = subgroups;
        if (Areas is { } areas)
            json["areas"] = SubgroupArea.ToJson(areas);
        return json;
    }

    internal static MonitoredOutcomes Read(Study study, JsonFields fields)
    {
        if (study.Data.Label.Number is { } number)
            return ReadNumber(study, number, fields);
        var subgroups = fields.Has("subgroups") ? SubgroupSums<ScoreHistogram>.Read(fields.Object("subgroups")) : null;
        var outcomes = new MonitoredOutcomes(
            fields.IsNull("scores") ? null : ScoreHistogram.Read(fields.Node("scores"), fields.PathOf("scores")), subgroups, fields.Has("areas") ? SubgroupArea.Read(fields, "areas", subgroups) : null);
        if (outcomes.Scores is { IsPartition: false })
            fields.Fail("scores", "cover the grid without gaps and overlaps");
        if (outcomes.Subgroups is { } groups && !(groups.Fits(study) && groups.FitsSite(of => SubgroupSuppression.Fits(outcomes.Scores, of, 1))))
            fields.Fail("subgroups", "be of the study's partitions, and add up to no more than the scores");
        fields.End();
        return outcomes;
    }

    private static MonitoredOutcomes ReadNumber(Study study, NumericOutcome number, JsonFields fields)
    {
        var errors = new ErrorEvaluation(
            fields.IsNull("errors") ? null : RegressionSums.Read(fields.Node("errors"), fields.PathOf("errors")), fields.Has("subgroups") ? SubgroupSums<RegressionSums>.Read(fields.Object("subgroups")) : null);
        if (!errors.Fits(study, number, 1))
            fields.Fail("errors", "be within the study's range, with subgroups of its partitions that add up to no more");
        fields.End();
        return new MonitoredOutcomes(Scores: null) { Number = errors };
    }

    // Null where the bin is not made of whole cells.
    private static long? ScoredIn(PartitionedRows scores, ScoreBin bin)
    {
        var cells = scores.Cells.Where(cell => cell.From < bin.To && cell.To > bin.From).ToList();
        return cells.Count > 0 && cells[0].From == bin.From && cells[^1].To == bin.To ? cells.Sum(cell => cell.Count) : null;
    }
}
