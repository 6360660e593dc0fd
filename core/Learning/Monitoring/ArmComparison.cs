using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>Two versions of a line at one site, over the windows that it told of both.</summary>
/// <param name="Site">The site.</param>
/// <param name="Windows">How many windows of use it told of both.</param>
/// <param name="Ended">How many of them with the outcomes of both.</param>
/// <param name="Production">The version in production.</param>
/// <param name="Candidate">The version that is let in beside it.</param>
public sealed record SiteArms(SiteId Site, int Windows, int Ended, ComparedArm Production, ComparedArm Candidate);

/// <summary>
/// The version in production and the one that is let in beside it, over the same windows of the same sites. Each row is answered by one version of a line, so that the rows of the two are different rows, and of different patients while
/// the share of an A/B comparison or a canary stays as it is; of a shadow nothing is told.
/// </summary>
/// <remarks>
/// The difference is the mean of the sites' own differences, by weight: rows of one site are compared with each other only, for a version that is let in at the harder sites would look worse by that alone. Site i weighs 1/(1/m + 1/n) of the
/// rows m and n of both versions, of the smaller class where an area is compared: where the sites are alike that has the least variance. Its interval is that of Zou and Donner 2008 ("Construction of confidence limits about effect measures: a general
/// approach", Statistics in Medicine 27) for a sum of independent estimates, as Newcombe 1998 (ibid. 17) has it for two shares, beyond what ties in merged bins leave open (<see cref="ClassifierMetrics.AurocInterval"/>). It is for these sites and
/// takes rows as drawn independently: neither that sites differ is in it, nor that a patient can be many rows.
/// </remarks>
public sealed record ArmComparison
{
    private ArmComparison(ImmutableArray<SiteArms> sites, Estimate? difference) =>
        (Sites, Difference, Production, Candidate) = (sites, difference, ComparedArm.Together([.. sites.Select(site => site.Production)]), ComparedArm.Together([.. sites.Select(site => site.Candidate)]));

    /// <summary>The sites that told a window of both, in the order of their names.</summary>
    public ImmutableArray<SiteArms> Sites { get; }

    /// <summary>The candidate's area under the ROC curve less production's, or where a number is predicted its mean absolute error less production's in the outcome's unit; null where at no site both are defined.</summary>
    public Estimate? Difference { get; }

    /// <summary>Production at all of them, pooled from sums.</summary>
    public ComparedArm Production { get; }

    /// <summary>The candidate likewise.</summary>
    public ComparedArm Candidate { get; }

    /// <summary>The difference at one site.</summary>
    public static Estimate? DifferenceAt(SiteArms site) => DifferenceOf([site]);

    /// <summary>Whether what two versions predict can be compared: an outcome of one name, in one unit where it is a number.</summary>
    public static bool CanCompare(Study production, Study candidate)
    {
        ArgumentNullException.ThrowIfNull(production);
        ArgumentNullException.ThrowIfNull(candidate);
        return production.Data.Label.Name == candidate.Data.Label.Name && production.Data.Label.Number?.Unit == candidate.Data.Label.Number?.Unit;
    }

    /// <summary>Compares what sites have told of two versions whose predictions can be (<see cref="CanCompare"/>).</summary>
    /// <param name="production">The windows of the version in production, by site.</param>
    /// <param name="candidate">Those of the version beside it.</param>
    public static ArmComparison Of(IEnumerable<(SiteId Site, IReadOnlyList<MonitoredWindow> Windows)> production, IEnumerable<(SiteId Site, IReadOnlyList<MonitoredWindow> Windows)> candidate)
    {
        ImmutableArray<SiteArms> sites = [.. production.Join(candidate, site => site.Site, site => site.Site, (one, other) => At(one.Site, one.Windows, other.Windows)).Where(site => site.Windows > 0).OrderBy(site => site.Site)];
        return new ArmComparison(sites, DifferenceOf(sites));
    }

    private static SiteArms At(SiteId site, IReadOnlyList<MonitoredWindow> production, IReadOnlyList<MonitoredWindow> candidate)
    {
        var used = production.Join(candidate, window => window.Window, window => window.Window, (one, other) => (One: one, Other: other)).Where(both => both is { One.Usage.Answered: > 0, Other.Usage.Answered: > 0 }).ToList();
        var ended = used.Where(both => TellsOutcomes(both.One) && TellsOutcomes(both.Other)).ToList();
        return new SiteArms(
            site, used.Count, ended.Count, ComparedArm.Of([.. used.Select(both => both.One)], [.. ended.Select(both => both.One)]), ComparedArm.Of([.. used.Select(both => both.Other)], [.. ended.Select(both => both.Other)]));
    }

    private static bool TellsOutcomes(MonitoredWindow window) => window.Outcomes is { Scores: { } scores } ? scores.Negatives + scores.Positives > 0 : window.Outcomes?.Number?.Errors is { Count: > 0 };

    private static Estimate? DifferenceOf(IEnumerable<SiteArms> sites)
    {
        var told = sites.Select(site => (Production: Figure.Of(site.Production), Candidate: Figure.Of(site.Candidate))).Where(site => site is { Production: not null, Candidate: not null })
            .Select(site => (Production: site.Production!.Value, Candidate: site.Candidate!.Value, Weight: 1 / ((1 / site.Production.Value.Rows) + (1 / site.Candidate.Value.Rows)))).ToList();
        if (told.Count == 0)
            return null;
        var all = told.Sum(site => site.Weight);
        var (value, low, high, below, above) = (0.0, 0.0, 0.0, 0.0, 0.0);
        foreach (var (production, candidate, weighs) in told)
        {
            var weight = weighs / all;
            value += weight * (candidate.Value - production.Value);
            low += weight * (candidate.Least - production.Most);
            high += weight * (candidate.Most - production.Least);
            below += weight * weight * ((candidate.Below * candidate.Below) + (production.Above * production.Above));
            above += weight * weight * ((candidate.Above * candidate.Above) + (production.Below * production.Below));
        }

        return new Estimate(value, low - Math.Sqrt(below), high + Math.Sqrt(above));
    }

    // From Least to Most: what ties leave open of it. Below and Above: how far its interval reaches from either.
    private readonly record struct Figure(double Rows, double Value, double Least, double Most, double Below, double Above)
    {
        public static Figure? Of(ComparedArm arm)
        {
            if (arm.ErrorMetrics is { MeanAbsoluteError: { } error, Rows: var rows })
                return new Figure(rows, error.Value, error.Value, error.Value, error.Value - error.Low, error.High - error.Value);
            if (arm.Metrics is not { Auroc: { } area, AurocBound: { } ties, AurocInterval: { } interval } metrics)
                return null;
            var (least, most) = (Math.Max(0, area - ties), Math.Min(1, area + ties));
            return new Figure(Math.Min(metrics.Negatives, metrics.Positives), area, least, most, least - interval.Low, interval.High - most);
        }
    }
}
