using System.Globalization;
using System.Net;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A report as one static page that needs nothing else: no script, no address, plots as SVG.</summary>
public static class QualityPage
{
    private const string Style = """
        body{font:14px/1.45 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
        table{border-collapse:collapse;width:100%}td,th{padding:.25rem .5rem;border-bottom:1px solid #d8dee4;text-align:left;vertical-align:top}td.n{text-align:right;font-variant-numeric:tabular-nums}
        .failed{color:#b3261e;font-weight:600}.passed{color:#1a6b33}.none{color:#6a737d}figure{display:inline-block;margin:.5rem 1rem .5rem 0}figcaption{font-size:12px}svg text{font:11px system-ui,sans-serif}
        """;

    /// <summary>The page.</summary>
    /// <param name="dataset">Name of the dataset.</param>
    /// <param name="report">What was found.</param>
    /// <param name="quality">What keeps the site out.</param>
    /// <param name="study">Name of the study; empty: of none.</param>
    public static string Write(string dataset, QualityReport report, StudyQuality quality, string study = "")
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(quality);
        var page = new StringBuilder();
        var failing = report.Failing(quality.KeepsOut);
        page.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")
            .Append($"<title>Data quality of {Text(dataset)}</title><style>{Style}</style></head><body>\n")
            .Append($"<h1>Data quality of {Text(dataset)}{(study.Length == 0 ? "" : $" for the study {Text(study)}")}</h1>\n")
            .Append(CultureInfo.InvariantCulture, $"<p>{report.Patients} patients, {report.Events} events, up to import {report.Import} (store {report.Fingerprint.Short}); mapping version {report.Mapping}, decisions version {report.Decisions}. ")
            .Append("For this site's steward: a count may be that of one patient, so this page does not leave the site.</p>\n")
            .Append(failing.IsEmpty
                ? "<p class=\"passed\">No failed rule keeps this site out of a round.</p>\n"
                : $"<p class=\"failed\">Kept out of rounds by: {Text(string.Join(", ", failing.Select(result => result.Rule.Id)))}.</p>\n");
        foreach (var dimension in Enum.GetValues<QualityDimension>())
            AppendTable(page, dimension, [.. report.Results.Where(result => result.Rule.Dimension == dimension)]);
        AppendBars(page, "Completeness by field", [.. report.Results.Where(result => result.Rule.Id.StartsWith("missing-", StringComparison.Ordinal) && result.Checked > 0)
            .Select(result => (result.Rule.Id["missing-".Length..], 1 - result.Share, result.Verdict == QualityVerdict.Failed))]);
        AppendBars(page, "Shares that fail", [.. report.Results.Where(result => result.Failed > 0).Select(result => (result.Rule.Id, result.Share, result.Verdict == QualityVerdict.Failed))]);
        page.Append("<h2>Key numbers</h2>\n<p>Over each rule's plausible range; what lies outside is drawn at the ends.</p>\n");
        foreach (var histogram in report.Histograms)
            AppendHistogram(page, histogram);
        AppendSpreads(page, report);
        return page.Append("</body></html>\n").ToString();
    }

    private static void AppendTable(StringBuilder page, QualityDimension dimension, QualityResult[] results)
    {
        if (results.Length == 0)
            return;
        page.Append($"<h2>{dimension}</h2>\n<table><tr><th>rule</th><th>severity</th><th>what must hold</th><th>checked</th><th>failed</th><th>share</th><th>allowed</th><th>verdict</th></tr>\n");
        foreach (var result in results)
        {
            var (rule, css) = (result.Rule, result.Verdict switch { QualityVerdict.Failed => "failed", QualityVerdict.Passed => "passed", _ => "none" });
            page.Append($"<tr><td><code>{Text(rule.Id)}</code></td><td>{rule.Severity.Word()}</td><td>{Text(rule.Sentence)}</td>")
                .Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{result.Checked} {rule.Of.Word()}</td><td class=\"n\">{result.Failed}{(result.Kept > 0 ? $" (and {result.Kept} kept)" : "")}</td>")
                .Append($"<td class=\"n\">{Percent(result.Share)}</td><td class=\"n\">{Percent(rule.MaximumShare)}</td><td class=\"{css}\">{result.Verdict.Word()}</td></tr>\n");
        }

        page.Append("</table>\n");
    }

    private static void AppendBars(StringBuilder page, string title, (string Name, double Share, bool Failed)[] bars)
    {
        if (bars.Length == 0)
            return;
        var height = (bars.Length * 20) + 4;
        page.Append(CultureInfo.InvariantCulture, $"<h2>{title}</h2>\n<svg role=\"img\" aria-label=\"{title}\" width=\"720\" height=\"{height}\">");
        foreach (var (i, (name, share, failed)) in bars.Index())
        {
            page.Append(CultureInfo.InvariantCulture, $"<text x=\"250\" y=\"{(i * 20) + 15}\" text-anchor=\"end\">{Text(name)}</text>")
                .Append(CultureInfo.InvariantCulture, $"<rect x=\"260\" y=\"{(i * 20) + 4}\" width=\"{share * 380:F1}\" height=\"14\" fill=\"{(failed ? "#b3261e" : "#4878a8")}\"/>")
                .Append(CultureInfo.InvariantCulture, $"<text x=\"{265 + (share * 380):F1}\" y=\"{(i * 20) + 15}\">{Percent(share)}</text>");
        }

        page.Append("</svg>\n");
    }

    private static void AppendHistogram(StringBuilder page, NumberHistogram histogram)
    {
        long[] bins = [histogram.Below, .. histogram.Bins, histogram.Above];
        var (most, width) = (Math.Max(1, bins.Max()), 10);
        page.Append(CultureInfo.InvariantCulture, $"<figure><svg role=\"img\" aria-label=\"{Text(histogram.Name)}\" width=\"{bins.Length * width}\" height=\"80\">");
        foreach (var (i, count) in bins.Index())
        {
            var height = count == 0 ? 0 : Math.Max(1, 76.0 * count / most);
            page.Append(CultureInfo.InvariantCulture, $"<rect x=\"{i * width}\" y=\"{78 - height:F1}\" width=\"{width - 1}\" height=\"{height:F1}\" fill=\"{(i == 0 || i == bins.Length - 1 ? "#b3261e" : "#4878a8")}\"/>");
        }

        page.Append(CultureInfo.InvariantCulture, $"</svg><figcaption>{Text(histogram.Name)}, {histogram.Minimum} to {histogram.Maximum} {Text(histogram.Unit)}: {histogram.Count} numbers, {histogram.Below} below, {histogram.Above} above</figcaption></figure>\n");
    }

    private static void AppendSpreads(StringBuilder page, QualityReport report)
    {
        var shown = report.Spreads.OrderByDescending(spread => Math.Max(spread.OutsideIqr, spread.OutsideZ)).Take(50).ToArray();
        if (shown.Length == 0)
            return;
        page.Append("<h2>Measures by the share of their numbers far from the rest</h2>\n<table><tr><th>code</th><th>unit</th><th>numbers</th><th>outside 3 IQR</th><th>modified z above 3.5</th></tr>\n");
        foreach (var spread in shown)
        {
            page.Append($"<tr><td><code>{Text(spread.Concept.ToString())}</code></td><td>{Text(spread.Unit.Code)}</td>")
                .Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{spread.Numbers}</td><td class=\"n\">{Percent(spread.OutsideIqr)}</td><td class=\"n\">{Percent(spread.OutsideZ)}</td></tr>\n");
        }

        page.Append("</table>\n");
    }

    private static string Percent(double share) => share is > 0 and < 0.0001 ? "&lt; 0.01 %" : (share * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
