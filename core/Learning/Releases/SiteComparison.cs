using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>The result of a comparison of two models at the sites: canonical JSON <c>{"sites":[{"areas","site","withheld"}]}</c>, of a number with <c>errors</c>. Which models they are, the run's plan says.</summary>
/// <param name="Sites">Each participant's report, in the order of the sites' names.</param>
public sealed record SiteComparison(IReadOnlyList<(SiteId Site, CorrelatedAreasReport Report)> Sites)
{
    /// <summary>The candidate's area, or of a number its mean absolute error, less the other model's, of each site that told it.</summary>
    public IReadOnlyList<(SiteId Site, SiteEstimate Difference)> Differences =>
        [.. Sites.Where(item => item.Report.Withheld is null).Select(item => (item.Site, item.Report.Errors?.Difference ?? item.Report.Areas!.Difference(0, 1)))];

    /// <summary>Whether the candidate is not worse by more than a margin, by the sites' differences: an area, or where they are of a number a share of the other model's error.</summary>
    /// <inheritdoc cref="GateDecision.NotWorse(IReadOnlyCollection{SiteEstimate}, double)"/>
    public GateDecision NotWorse(double margin) => Sites.Select(item => item.Report.Errors).OfType<PairedErrors>().ToList() is { Count: > 0 } errors
        ? GateDecision.NoGreaterError(errors, margin)
        : GateDecision.NotWorse([.. Differences.Select(item => item.Difference)], margin);

    /// <summary>The reports of all participants, in whatever order.</summary>
    public static SiteComparison Merge(IEnumerable<(SiteId Site, CorrelatedAreasReport Report)> reports) => new([.. reports.OrderBy(report => report.Site)]);

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(new JsonObject
    {
        ["sites"] = new JsonArray([.. Sites.Select(item =>
        {
            var report = item.Report.ToJson();
            report["site"] = item.Site.Value;
            return report;
        })]),
    });

    /// <summary>Reads a result, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static SiteComparison Read(ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "comparison");
        var sites = fields.List("sites", int.MaxValue, (node, path) =>
        {
            var item = new JsonFields(node, path);
            if (!SiteId.TryParse(item.Text("site", 63), out var site))
                item.Fail("site", $"be a site name: {Name.Rule}");
            var report = ComparisonReport.ReadAreas(item);
            item.End();
            return (site, report);
        });
        fields.End();
        if (sites.Zip(sites.Skip(1)).Any(pair => pair.First.site.CompareTo(pair.Second.site) >= 0))
            fields.Fail("sites", "be in the order of their names, each once");
        return new SiteComparison(sites);
    }
}
