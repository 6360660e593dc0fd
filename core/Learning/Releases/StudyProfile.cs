using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// The result of a profile step: every participant's report, and what they add up to. Canonical JSON <c>{"sites":[{"site","profile"}]}</c>. What a site
/// withholds is not in the overall figures either, so that nothing follows from the difference.
/// </summary>
/// <param name="Sites">Each participant's report, in the order of the sites' names.</param>
public sealed record StudyProfile(IReadOnlyList<(SiteId Site, ProfileReport Report)> Sites)
{
    /// <summary>The reports of all participants, in whatever order.</summary>
    public static StudyProfile Merge(IEnumerable<(SiteId Site, ProfileReport Report)> reports) => new([.. reports.OrderBy(report => report.Site)]);

    /// <summary>A number over all sites that tell it, and those that do not; null where none does.</summary>
    public (NumberProfile? Profile, IReadOnlyList<SiteId> Without) Number(int feature) => Number(report => report.Numbers[feature]);

    /// <summary>The outcomes over all sites that tell them, and those that do not, where a number is predicted; null where none does.</summary>
    public (NumberProfile? Profile, IReadOnlyList<SiteId> Without) Outcomes => Number(report => report.Outcomes);

    /// <summary>A category over all sites; a level that any site withholds is withheld.</summary>
    public CategoryCounts Category(int feature) => Sites.Select(site => site.Report.Categories[feature]!).Aggregate((sum, next) => sum.Merge(next));

    /// <summary>Rows by outcome over all sites; null where a number is predicted.</summary>
    public CategoryCounts? Outcome => Sites.Select(site => site.Report.Outcome).Aggregate((sum, next) => sum?.Merge(next!));

    /// <summary>Rows over all sites; null where a site withholds them.</summary>
    public long? Rows => Outcome is { } outcome ? outcome.Rows : Sites.Aggregate((long?)0, (sum, site) => sum + site.Report.Rows);

    /// <summary>A step of the flow over all sites; what any site withholds is withheld.</summary>
    public FlowCount Flow(int step) => new(
        Sites.Select(site => site.Report.Flow[step].Patients).Aggregate((sum, next) => sum + next), Sites.Select(site => site.Report.Flow[step].Rows).Aggregate((sum, next) => sum + next));

    /// <summary>Canonical JSON.</summary>
    public byte[] Write(Study study) => CanonicalJson.Write(new JsonObject
    {
        ["sites"] = new JsonArray([.. Sites.Select(item => new JsonObject { ["site"] = item.Site.Value, ["profile"] = item.Report.ToJson(study) })]),
    });

    /// <summary>Reads a result, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static StudyProfile Read(Study study, ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "profile");
        var sites = fields.List("sites", int.MaxValue, (node, path) =>
        {
            var item = new JsonFields(node, path);
            if (!SiteId.TryParse(item.Text("site", 63), out var site))
                item.Fail("site", $"be a site name: {Name.Rule}");
            var report = ProfileReport.Read(study, item.Node("profile"), item.PathOf("profile"));
            item.End();
            return (site, report);
        });
        fields.End();
        if (sites.Length == 0 || sites.Zip(sites.Skip(1)).Any(pair => pair.First.site.CompareTo(pair.Second.site) >= 0))
            fields.Fail("sites", "be in the order of their names, each once, at least one");
        return new StudyProfile(sites);
    }

    private (NumberProfile? Profile, IReadOnlyList<SiteId> Without) Number(Func<ProfileReport, NumberProfile?> of)
    {
        var told = Sites.Where(site => of(site.Report)?.Moments is not null).Select(site => of(site.Report)!).ToList();
        return (
            told.Count == 0 ? null : new NumberProfile(
                told.Select(number => number.Moments!).Aggregate((sum, next) => sum.Merge(next)),
                told.Select(number => number.Histogram!).Aggregate((sum, next) => sum.Merge(next))),
            [.. Sites.Where(site => of(site.Report)?.Moments is null).Select(site => site.Site)]);
    }
}
