using System.Collections.Immutable;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>What is made of all that one site has told of a version.</summary>
/// <param name="Told">What it told.</param>
/// <param name="Windows">The figures of each window, in their order.</param>
/// <param name="HasProfile">Whether features are held against the site's profile of the study, and not against its first window.</param>
public sealed record SiteFigures(KnownMonitoring Told, IReadOnlyList<WindowFigures> Windows, bool HasProfile)
{
    /// <summary>The newest window of whose use something is told.</summary>
    public WindowFigures? Use => Windows.LastOrDefault(figures => figures.Window.Usage is not null);

    /// <summary>The newest window of whose outcomes something is told.</summary>
    public WindowFigures? Outcomes => Windows.LastOrDefault(figures => figures.Metrics is not null || figures.Errors is not null);

    /// <summary>How it did in the study's subgroups, of all outcomes that the sites have told: small subgroups need many windows. Empty where nothing is told of them.</summary>
    public static ImmutableArray<SubgroupTable> Subgroups(Study study, IEnumerable<SiteFigures> sites) =>
        SiteMonitoring.Subgroups(study, [.. sites.Select(site => site.Windows.Select(figures => figures.Window))]);

    /// <summary>The same of a model of a number.</summary>
    public static ImmutableArray<ErrorTable> ErrorTables(Study study, IEnumerable<SiteFigures> sites) =>
        SiteMonitoring.ErrorTables(study, sites.SelectMany(site => site.Windows.Select(figures => figures.Window)));

    /// <summary>Of each site that has ever answered, in the order of their names.</summary>
    public static ImmutableArray<SiteFigures> Of(SiteMonitorings told, MonitoringOrder of, Study study)
    {
        ArgumentNullException.ThrowIfNull(told);
        var known = told.Of(of);
        var profiles = known.Count == 0 ? null : told.Profile(study);
        return
        [
            .. known.Select(site =>
            {
                var profile = profiles?.Sites.FirstOrDefault(item => item.Site == site.Site).Report;
                return new SiteFigures(site, WindowFigures.All(study, site.Windows, profile), profile is not null);
            }),
        ];
    }
}
