using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>A step that a site declined because its data did not pass its quality gate.</summary>
/// <param name="Site">The site.</param>
/// <param name="Step">The step.</param>
/// <param name="Study">The study's name.</param>
/// <param name="Digest">The study.</param>
/// <param name="At">When it declined.</param>
/// <param name="Joined">When a release of its was next accepted in the same run; null: none was.</param>
internal sealed record QualityDecline(SiteId Site, StepId Step, string Study, StudyDigest Digest, DateTimeOffset At, DateTimeOffset? Joined);

/// <summary>How many of a site's rows lack a feature.</summary>
/// <param name="Missing">Share of rows without a value; null: withheld.</param>
/// <param name="Implausible">Share of rows with an implausible one; null: withheld. 0 where both are counted together.</param>
internal readonly record struct FeatureQuality(double? Missing, double? Implausible)
{
    /// <summary>The share of rows that lack it, as far as it is told.</summary>
    public double Lacking => (Missing ?? 0) + (Implausible ?? 0);
}

/// <summary>What sites have told of their rows' features: in a profile of a study, or in the newest window of a served version.</summary>
/// <param name="Name">The study's or the version's name.</param>
/// <param name="Address">Its page.</param>
/// <param name="Features">The features, the worst of any site first.</param>
/// <param name="Sites">[sites, features]: by site, with the days that it tells of, empty in a profile.</param>
/// <param name="Silent">Sites that were asked and have told nothing.</param>
internal sealed record QualityTable(string Name, string Address, ImmutableArray<string> Features, ImmutableArray<(SiteId Site, string Days, ImmutableArray<FeatureQuality> Cells)> Sites, ImmutableArray<SiteId> Silent)
{
    /// <summary>Orders the features.</summary>
    /// <param name="name">The study's or the version's name.</param>
    /// <param name="address">Its page.</param>
    /// <param name="study">The study whose features they are.</param>
    /// <param name="sites">By site, features in the study's order.</param>
    /// <param name="silent">Sites that were asked and have told nothing.</param>
    public static QualityTable Of(string name, string address, Study study, IReadOnlyList<(SiteId Site, string Days, ImmutableArray<FeatureQuality> Cells)> sites, IEnumerable<SiteId> silent)
    {
        var order = Enumerable.Range(0, study.Data.Features.Length).OrderByDescending(feature => sites.Select(site => site.Cells[feature].Lacking).DefaultIfEmpty().Max()).ToList();
        return new QualityTable(name, address, [.. order.Select(feature => study.Data.Features[feature].Name)], [.. sites.Select(site => site with { Cells = [.. order.Select(feature => site.Cells[feature])] })], [.. silent]);
    }

    /// <summary>The feature that a site lacks most; null where it has told nothing, or lacks none.</summary>
    public (string Table, string Feature, double Lacking)? WorstOf(SiteId site) => Sites.Where(row => row.Site == site)
        .SelectMany(row => row.Cells.Zip(Features, (cell, feature) => ((string, string, double)?)(Name, feature, cell.Lacking))).Where(cell => cell!.Value.Item3 > 0).MaxBy(cell => cell!.Value.Item3);
}

/// <summary>What the coordinator knows of the quality of sites' data. Immutable.</summary>
/// <param name="Declines">Steps declined, the newest first.</param>
/// <param name="Profiles">Of each study that has one, the newest profile.</param>
/// <param name="Uses">Of each served version, the newest window of each site.</param>
/// <param name="Unreadable">Why something cannot be shown.</param>
internal sealed record QualityPicture(ImmutableArray<QualityDecline> Declines, ImmutableArray<QualityTable> Profiles, ImmutableArray<QualityTable> Uses, ImmutableArray<string> Unreadable);
