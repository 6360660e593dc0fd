using System.Collections.Immutable;

namespace FederatedClinicalMl.Studies;

/// <summary>What a site changes about a rule that comes with the software.</summary>
/// <param name="Rule">Id of the rule.</param>
/// <param name="Severity">How bad the site takes it to be; null: as it comes.</param>
/// <param name="MaximumShare">Greatest share, in [0, 1], that the site lets fail; null: as it comes.</param>
/// <param name="Reason">Why, in the site's words.</param>
public sealed record QualityChange(string Rule, QualitySeverity? Severity, double? MaximumShare, string Reason);

/// <summary>What a site says of the quality of its events, besides what comes with the software.</summary>
/// <param name="Rules">Rules of its own.</param>
/// <param name="Changes">What it changes about rules that come with the software, at most one for each.</param>
public sealed record SiteQuality(ImmutableArray<QualityRule> Rules, ImmutableArray<QualityChange> Changes)
{
    /// <summary>A site that says nothing.</summary>
    public static SiteQuality None { get; } = new([], []);
}
