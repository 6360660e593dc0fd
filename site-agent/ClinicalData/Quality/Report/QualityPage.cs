using System.Globalization;
using System.Net;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A report as one static page that needs nothing else: no script, no address, plots as SVG.</summary>
public static class QualityPage
{
    // Vermilion and blue of Okabe and Ito 2008 (jfly.uni-koeln.de/color), which every kind of colour vision tells apart; lighter on a dark page.
    private const string Style = """
        :root{color-scheme:light dark;--text:#1b1f24;--page:#fff;--line:#d8dee4;--weak:#59636e;--track:#eef1f4;--bad:#b34700;--good:#0072b2}
        @media (prefers-color-scheme:dark){:root{--text:#e6edf3;--page:#14181d;--line:#3d444d;--weak:#9aa4ae;--track:#262c33;--bad:#f08a3c;--good:#5ab4e5}}
        @media print{:root{color-scheme:light;--text:#000;--page:#fff;--line:#999;--weak:#444;--track:#eee;--bad:#b34700;--good:#0072b2}body{margin:0;max-width:none;font-size:9pt}
        *{print-color-adjust:exact;-webkit-print-color-adjust:exact}tr,figure,svg{break-inside:avoid}h2{break-after:avoid}thead{display:table-header-group}}
        body{font:14px/1.45 system-ui,sans-serif;max-width:84rem;margin:2rem auto;padding:0 1rem;color:var(--text);background:var(--page)}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
        .wide{overflow-x:auto}table{border-collapse:collapse;width:100%}td,th{padding:.25rem .5rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
        td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.n,td code,td.v{white-space:nowrap}
        .failed{color:var(--bad);font-weight:600}.passed{color:var(--good)}.rules th:nth-child(1){width:22rem}.rules th:nth-child(2){width:4.5rem}.rules th:nth-child(n+4){width:5rem}.rules th:last-child{width:7rem}
        .none,.change{color:var(--weak)}figure{display:inline-block;margin:.5rem 1.5rem .5rem 0;vertical-align:top}figcaption{font-size:12px}
        svg{max-width:100%}svg text{font:11px system-ui,sans-serif;fill:var(--text)}.bad{fill:var(--bad)}.good{fill:var(--good)}.track{fill:var(--track)}.out{fill:none;stroke:var(--bad);stroke-width:1.5}.axis{stroke:var(--weak);fill:none}
        """;

    /// <summary>The page.</summary>
    /// <param name="dataset">Name of the dataset.</param>
    /// <param name="report">What was found.</param>
    /// <param name="quality">What the study says that asks; null: none asks.</param>
    /// <param name="study">Its name.</param>
    public static string Write(string dataset, QualityReport report, StudyQuality? quality, string study = "")
    {
        ArgumentNullException.ThrowIfNull(report);
        var page = new StringBuilder();
        var failing = report.Failing(quality);
        page.Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>")
            .Append($"<title>Data quality of {Text(dataset)}</title><style>{Style}</style></head><body>\n")
            .Append($"<h1>Data quality of {Text(dataset)}{(study.Length == 0 ? "" : $" for the study {Text(study)}")}</h1>\n")
            .Append(CultureInfo.InvariantCulture, $"<p>{report.Patients} patients, {report.Events} events, up to import {report.Import} (store {report.Fingerprint.Short}); mapping version {report.Mapping}, decisions version {report.Decisions}. ")
            .Append("For this site's steward: a count may be that of one patient, so this page does not leave the site.</p>\n")
            .Append(failing.IsEmpty
                ? "<p class=\"passed\">\u2713 No failed rule keeps this site out of a round.</p>\n"
                : $"<p class=\"failed\">\u2717 Kept out of rounds by: {Text(string.Join(", ", failing.Select(result => result.Rule.Id)))}.</p>\n");
        if (quality is null && !report.Loosened.IsEmpty)
            page.Append($"<p class=\"failed\">\u2717 As they come these rules fail, and keep this site out of a study that says nothing of quality: {Text(string.Join(", ", report.Loosened.Select(result => result.Rule.Id)))}.</p>\n");
        foreach (var dimension in Enum.GetValues<QualityDimension>())
            AppendTable(page, dimension, [.. report.Results.Where(result => result.Rule.Dimension == dimension)], [.. failing.Select(result => result.Rule.Id)]);
        QualityPlots.AppendBars(page, "Completeness by field", [.. report.Results.Where(result => result.Rule.Id.StartsWith("missing-", StringComparison.Ordinal) && result.Checked > 0)
            .Select(result => (result.Rule.Id["missing-".Length..], 1 - result.Share, result.Verdict == QualityVerdict.Failed))]);
        QualityPlots.AppendBars(page, "Shares that fail", [.. report.Results.Where(result => result.Failed > 0).Select(result => (result.Rule.Id, result.Share, result.Verdict == QualityVerdict.Failed))]);
        if (!report.Histograms.IsEmpty)
            page.Append("<h2>Key numbers</h2>\n<p>Over each rule's plausible range; what lies outside is drawn hollow, at the ends.</p>\n");
        foreach (var histogram in report.Histograms)
            QualityPlots.AppendHistogram(page, histogram);
        AppendSpreads(page, report);
        return page.Append("</body></html>\n").ToString();
    }

    private static void AppendTable(StringBuilder page, QualityDimension dimension, QualityResult[] results, string[] keepsOut)
    {
        if (results.Length == 0)
            return;
        page.Append($"<h2>{dimension}</h2>\n<div class=\"wide\"><table class=\"rules\"><thead><tr><th>rule</th><th>severity</th><th>what must hold</th><th class=\"n\">checked</th><th class=\"n\">failed</th><th class=\"n\">share</th><th class=\"n\">allowed</th><th>verdict</th></tr></thead><tbody>\n");
        foreach (var result in results)
        {
            var rule = result.Rule;
            var (css, verdict) = result.Verdict switch
            {
                QualityVerdict.Failed => ("failed", "\u2717 failed"),
                QualityVerdict.Passed when keepsOut.Contains(rule.Id) => ("failed", "\u2717 fails as it comes"),
                QualityVerdict.Passed => ("passed", "\u2713 passed"),
                _ => ("none", "not checked"),
            };
            var change = rule.AsItComes is null ? "" : $"<br/><span class=\"change\"><b>changed by this site</b>: {Text(rule.ChangeInWords())}</span>";
            page.Append($"<tr><td><code>{Text(rule.Id)}</code></td><td>{rule.Severity.Word()}</td><td>{Text(rule.Sentence)}{change}</td>")
                .Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{result.Checked} {rule.Of.Word()}</td><td class=\"n\">{result.Failed}{(result.Kept > 0 ? $" (and {result.Kept} kept)" : "")}</td>")
                .Append($"<td class=\"n\">{(result.Checked == 0 ? "" : Percent(result.Share))}</td><td class=\"n\">{Percent(rule.MaximumShare)}</td><td class=\"{css} v\">{verdict}</td></tr>\n");
        }

        page.Append("</tbody></table></div>\n");
    }

    private static void AppendSpreads(StringBuilder page, QualityReport report)
    {
        var shown = report.Spreads.OrderByDescending(spread => Math.Max(spread.OutsideIqr, spread.OutsideZ)).Take(50).ToArray();
        if (shown.Length == 0)
            return;
        page.Append("<h2>Measures by the share of their numbers far from the rest</h2>\n<div class=\"wide\"><table><thead><tr><th>code</th><th>unit</th><th class=\"n\">numbers</th><th class=\"n\">outside 3 IQR</th><th class=\"n\">modified z above 3.5</th></tr></thead><tbody>\n");
        foreach (var spread in shown)
        {
            page.Append($"<tr><td><code>{Text(spread.Concept.ToString())}</code></td><td>{Text(spread.Unit.Code)}</td>")
                .Append(CultureInfo.InvariantCulture, $"<td class=\"n\">{spread.Numbers}</td><td class=\"n\">{Percent(spread.OutsideIqr)}</td><td class=\"n\">{Percent(spread.OutsideZ)}</td></tr>\n");
        }

        page.Append("</tbody></table></div>\n");
    }

    /// <summary>A share, in per cent.</summary>
    internal static string Percent(double share) => share is > 0 and < 0.0001 ? "&lt; 0.01 %" : (share * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
