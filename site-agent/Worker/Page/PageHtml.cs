using System.Net;
using System.Text;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>The page as one file that needs nothing else, to be read in a browser, printed and filed: no script, no address.</summary>
public static class PageHtml
{
    // Vermilion of Okabe and Ito 2008, darkened until it has a contrast of 4.5 with its background (WCAG 2.2, 1.4.3); what it marks is also said in a word.
    private const string Style = """
        :root{color-scheme:light dark;--text:#1b1f24;--page:#fff;--line:#d0d7de;--weak:#57606a;--mark:#9a3b00;--back:#fff4ec}
        @media (prefers-color-scheme:dark){:root{--text:#e6edf3;--page:#14181d;--line:#3d444d;--weak:#9aa4ae;--mark:#f0a06a;--back:#2a1f18}}
        @media print{:root{color-scheme:light;--text:#000;--page:#fff;--line:#999;--weak:#444;--mark:#7a2f00;--back:#fff}body{margin:0;max-width:none;font-size:10pt}div{break-inside:avoid}h2{break-after:avoid}}
        body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:var(--text);background:var(--page)}
        h1{font-size:1.5rem;line-height:1.25}h2{font-size:1.15rem;margin:2rem 0 .25rem}
        dl{margin:0}div{display:grid;grid-template-columns:13rem 1fr;gap:0 1rem;padding:.5rem;border-top:1px solid var(--line)}dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
        .attention{background:var(--back);box-shadow:inset 3px 0 var(--mark)}.attention dt{color:var(--mark)}
        footer{margin-top:2rem;padding-top:.5rem;border-top:1px solid var(--line);color:var(--weak);font-size:.85rem;overflow-wrap:anywhere}
        @media (max-width:40rem){div{grid-template-columns:1fr}}
        """;

    /// <summary>The whole page.</summary>
    public static string Of(StewardPage page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var html = new StringBuilder()
            .Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>")
            .Append($"<title>{Text(page.Title)}</title><style>{Style}</style></head><body><main>\n<h1>{Text(page.Title)}</h1>\n");
        foreach (var section in page.Sections)
        {
            html.Append($"<section><h2>{Text(section.Heading)}</h2>\n<dl>\n");
            foreach (var item in section.Items)
                html.Append($"<div{(item.Attention ? " class=\"attention\"" : "")}><dt>{(item.Attention ? "Attention: " : "")}{Text(item.Lead)}</dt><dd>{Text(item.Text)}</dd></div>\n");
            html.Append("</dl></section>\n");
        }

        return html.Append($"</main><footer>SHA-256 of this page's text, which the worker's log has where the study was approved by it: {page.Digest}</footer></body></html>\n").ToString();
    }

    private static string Text(string text) => WebUtility.HtmlEncode(PageText.Clean(text));
}
