using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>What one of two versions of a line did, at a site or at several, over the windows that were told of both.</summary>
/// <param name="Answered">Rows that it answered with a score.</param>
/// <param name="Unscored">Rows that it answered without one, as far as that is told.</param>
/// <param name="UnscoredFew">How many counts of such rows are withheld, being few.</param>
/// <param name="Failing">In how many windows it failed to run on at least the site's minimum of rows; how many rows is not told.</param>
/// <param name="Slowest">Bounds of the 99th percentile of its latency, in the window where that is greatest; null: it answered nobody.</param>
/// <param name="Scores">Outcomes by score; null where none are told, and where a number is predicted.</param>
/// <param name="Errors">Where a number is predicted, its errors; null where none are told.</param>
public sealed record ComparedArm(long Answered, long Unscored, int UnscoredFew, int Failing, LatencyBounds? Slowest, ScoreHistogram? Scores, RegressionSums? Errors)
{
    /// <summary>Area and calibration by the outcomes, pooled from sums; undefined where none are told.</summary>
    public ClassifierMetrics Metrics => ClassifierMetrics.Of(Scores);

    /// <summary>Share of positives less mean probability, with its interval; null where no outcomes are told.</summary>
    public Estimate? InTheLarge => CalibrationSummary.Of(Scores)?.InTheLarge;

    /// <summary>Where a number is predicted, how far off it was.</summary>
    public RegressionMetrics ErrorMetrics => RegressionMetrics.Of(Errors);

    /// <summary>Of windows whose use is told, and of those among them whose outcomes are to be compared.</summary>
    internal static ComparedArm Of(IReadOnlyCollection<MonitoredWindow> used, IReadOnlyCollection<MonitoredWindow> ended)
    {
        var usages = used.Select(window => window.Usage!).ToList();
        long?[] unscored = [.. usages.SelectMany(usage => new[] { usage.UnscoredMissing, usage.UnscoredOther })];
        return new ComparedArm(
            usages.Sum(usage => usage.Answered), unscored.Sum(count => count ?? 0), unscored.Count(count => count is null), usages.Count(usage => usage.Failing),
            Slower(usages.Select(usage => LatencyBounds.Of(usage.Latency, 0.99))), SiteMonitoring.Pooled(ended), SiteMonitoring.PooledErrors(ended));
    }

    /// <summary>The same version at several sites.</summary>
    internal static ComparedArm Together(IReadOnlyCollection<ComparedArm> sites) => new(
        sites.Sum(site => site.Answered), sites.Sum(site => site.Unscored), sites.Sum(site => site.UnscoredFew), sites.Sum(site => site.Failing), Slower(sites.Select(site => site.Slowest)),
        sites.Select(site => site.Scores).OfType<ScoreHistogram>().Aggregate((ScoreHistogram?)null, (sum, next) => sum?.Merge(next) ?? next),
        sites.Select(site => site.Errors).OfType<RegressionSums>().Aggregate((RegressionSums?)null, (sum, next) => sum?.Merge(next) ?? next));

    private static LatencyBounds? Slower(IEnumerable<LatencyBounds?> bounds) => bounds.Where(bound => bound is not null).MaxBy(bound => bound!.Value.Below ?? long.MaxValue);
}
