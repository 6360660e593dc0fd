using System.Collections.Immutable;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>What a reader makes of a site's window: all of it follows from what was released. Null: not to be had.</summary>
/// <param name="Window">The window.</param>
/// <param name="Features">[features]; empty where the window's use is withheld.</param>
/// <param name="Metrics">Area and calibration by the outcomes; null where none are told.</param>
/// <param name="Calibration">How far the probabilities are from the outcomes.</param>
/// <param name="Positives">Share of positives among the outcomes.</param>
/// <param name="LabelChange">That share less the reference's; where a number is predicted, the outcomes' mean less the profile's, in their unit and without a test.</param>
/// <param name="LabelP">Pearson's chi-square of both: probability of such a difference or a larger one without a change.</param>
/// <param name="Median">Bounds of the median latency, in microseconds.</param>
/// <param name="Slowest">Bounds of the 99th percentile.</param>
public sealed record WindowFigures(
    MonitoredWindow Window, ImmutableArray<FeatureDrift> Features, ClassifierMetrics? Metrics, CalibrationSummary? Calibration, double? Positives, double? LabelChange, double? LabelP, LatencyBounds? Median,
    LatencyBounds? Slowest)
{
    /// <summary>Where a number is predicted, its errors by the outcomes; null where none are told.</summary>
    public RegressionMetrics? Errors { get; private init; }

    /// <summary>The feature that has changed the most.</summary>
    public FeatureDrift? Worst => Features.Where(feature => feature.Stability is not null).MaxBy(feature => feature.Stability!.Value.Index);

    /// <summary>How far all numbers together are from the rows that the site last trained on; null: not told.</summary>
    public JointDrift? Joint => Window.Usage?.Joint;

    /// <summary>The figures of all windows that a site has told, in their order.</summary>
    /// <param name="study">The model's study.</param>
    /// <param name="windows">The windows.</param>
    /// <param name="profile">What the site has told of its rows of the study; null: nothing, and features are held against the first window that tells its use.</param>
    public static IReadOnlyList<WindowFigures> All(Study study, IReadOnlyList<MonitoredWindow> windows, ProfileReport? profile)
    {
        var first = windows.FirstOrDefault(window => window.Usage is { Answered: > 0 });
        return [.. windows.Select(window => Of(study, window, profile, first))];
    }

    /// <summary>The figures of a window.</summary>
    /// <param name="study">The model's study.</param>
    /// <param name="window">The window.</param>
    /// <param name="profile">What the site has told of its rows of the study; null: nothing.</param>
    /// <param name="first">Else, what the features are held against: the first window of the site that tells its use; null: nothing.</param>
    public static WindowFigures Of(Study study, MonitoredWindow window, ProfileReport? profile, MonitoredWindow? first)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(window);
        var (usage, scores) = (window.Usage, window.Outcomes?.Scores);
        ImmutableArray<FeatureDrift> features = usage is null ? [] :
        [
            .. study.Data.Features.Select((feature, i) => FeatureDrift.Of(feature, profile is not null ? FeatureDrift.Reference(profile, i) : first?.Usage?.Features[i].Cells ?? [], usage, i)),
        ];
        var rows = scores is null ? 0 : scores.Negatives + scores.Positives;
        double? positives = rows == 0 ? null : (double)scores!.Positives / rows;
        double? change = null, p = null;
        if (rows > 0 && profile?.Outcome?.Cells is [long before, long had, ..] && before + had > 0)
            (change, p) = (positives - ((double)had / (before + had)), ChiSquareTest.OfCounts([before, had], [scores!.Negatives, scores.Positives]).P);
        var errors = window.Outcomes?.Number?.Errors;
        if (errors?.Outcome.Mean is { } mean)
            change = mean - profile?.Outcomes?.Moments?.Mean;
        return new WindowFigures(
            window, features, rows == 0 ? null : ClassifierMetrics.Of(scores), CalibrationSummary.Of(scores), positives, change, p, LatencyBounds.Of(usage?.Latency, 0.5), LatencyBounds.Of(usage?.Latency, 0.99))
        {
            Errors = errors is { Count: > 0 } ? RegressionMetrics.Of(errors) : null,
        };
    }
}

/// <summary>Between what a quantile of latencies lies, in microseconds.</summary>
/// <param name="From">It is not below; 0 where it lies in the first bin.</param>
/// <param name="Below">It is below; null where it lies in the last bin, which has no upper end.</param>
public readonly record struct LatencyBounds(long From, long? Below)
{
    /// <summary>Of n rows the one of rank max(1, ceil(n * probability)) (definition 1 of Hyndman and Fan 1996); null where there are none.</summary>
    /// <param name="latency">Rows by <see cref="LatencyBins"/>.</param>
    /// <param name="probability">In [0, 1].</param>
    public static LatencyBounds? Of(PartitionedRows? latency, double probability)
    {
        if (probability is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(probability), "A probability lies in [0, 1].");
        if (latency is null || latency.Told == 0)
            return null;
        var (rank, seen) = (Math.Max(1, (long)Math.Ceiling(latency.Told * probability)), 0L);
        var cell = latency.Cells.First(cell => (seen += cell.Count ?? 0) >= rank);
        return new LatencyBounds(cell.From == 0 ? 0 : LatencyBins.UpperEnds[cell.From - 1], cell.To == LatencyBins.Count ? null : LatencyBins.UpperEnds[cell.To - 1]);
    }
}
