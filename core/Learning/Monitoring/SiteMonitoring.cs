using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>The result of a monitoring step: every participant's report on one version. Canonical JSON <c>{"sites":[{"site","report"}]}</c>.</summary>
/// <param name="Sites">Each participant's report, in the order of the sites' names.</param>
public sealed record SiteMonitoring(IReadOnlyList<(SiteId Site, MonitoringReport Report)> Sites)
{
    /// <summary>The reports of all participants, in whatever order.</summary>
    public static SiteMonitoring Merge(IEnumerable<(SiteId Site, MonitoringReport Report)> reports) => new([.. reports.OrderBy(report => report.Site)]);

    /// <summary>The outcomes by score of several windows or sites, together; null where none tells any.</summary>
    public static ScoreHistogram? Pooled(IEnumerable<MonitoredWindow> windows) =>
        windows.Select(window => window.Outcomes?.Scores).OfType<ScoreHistogram>().Aggregate((ScoreHistogram?)null, (sum, next) => sum?.Merge(next) ?? next);

    /// <summary>The same of a model of a number.</summary>
    public static RegressionSums? PooledErrors(IEnumerable<MonitoredWindow> windows) =>
        windows.Select(window => window.Outcomes?.Number?.Errors).OfType<RegressionSums>().Aggregate((RegressionSums?)null, (sum, next) => sum?.Merge(next) ?? next);

    /// <summary>The errors of a model of a number in the study's subgroups, in several windows of one site or many; how many tell a subgroup counts windows. Null where none does.</summary>
    public static SubgroupSums<RegressionSums>? SubgroupErrors(IEnumerable<MonitoredWindow> windows) =>
        windows.Select(window => window.Outcomes?.Number?.Subgroups).OfType<SubgroupSums<RegressionSums>>().Aggregate((SubgroupSums<RegressionSums>?)null, (sum, next) => sum?.Merge(next) ?? next);

    /// <summary>How a version that predicts a number did in the study's subgroups, by <see cref="SubgroupErrors"/>. Empty where no window tells any.</summary>
    /// <param name="study">The model's study.</param>
    /// <param name="windows">The windows, of one site or many.</param>
    /// <exception cref="FormatException">They are of other subgroups than the study's.</exception>
    public static ImmutableArray<ErrorTable> ErrorTables(Study study, IEnumerable<MonitoredWindow> windows) => SubgroupErrors(windows) is { } told ? ErrorTable.OfErrors(study, told) : [];

    /// <summary>How a version did in the study's subgroups, in several windows of one site or many; how many tell a subgroup counts windows. Empty where none does, and where a number is predicted.</summary>
    /// <param name="study">The model's study.</param>
    /// <param name="sites">The windows of each site.</param>
    public static ImmutableArray<SubgroupTable> Subgroups(Study study, IReadOnlyCollection<IEnumerable<MonitoredWindow>> sites) =>
        sites.SelectMany(windows => windows).Select(window => window.Outcomes?.Subgroups).OfType<SubgroupSums<ScoreHistogram>>().Aggregate((SubgroupSums<ScoreHistogram>?)null, (sum, next) => sum?.Merge(next) ?? next) is { } told
            ? SubgroupTable.OfScores(study, told, SubgroupArea.Combined(sites)) : [];

    /// <summary>Canonical JSON.</summary>
    public byte[] Write(Study study) => CanonicalJson.Write(new JsonObject
    {
        ["sites"] = new JsonArray([.. Sites.Select(item => new JsonObject { ["site"] = item.Site.Value, ["report"] = item.Report.ToJson(study) })]),
    });

    /// <summary>Reads a result, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static SiteMonitoring Read(Study study, ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "monitoring");
        var sites = fields.List("sites", int.MaxValue, (node, path) =>
        {
            var item = new JsonFields(node, path);
            if (!SiteId.TryParse(item.Text("site", 63), out var site))
                item.Fail("site", $"be a site name: {Name.Rule}");
            var report = MonitoringReport.Read(study, item.Node("report"), item.PathOf("report"));
            item.End();
            return (site, report);
        });
        fields.End();
        if (sites.Zip(sites.Skip(1)).Any(pair => pair.First.site.CompareTo(pair.Second.site) >= 0))
            fields.Fail("sites", "be in the order of their names, each once");
        return new SiteMonitoring(sites);
    }
}
