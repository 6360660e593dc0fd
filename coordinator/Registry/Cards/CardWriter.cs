using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>Writes a card: as one HTML file that needs nothing else, with no script and no address, and as Markdown.</summary>
public static partial class CardWriter
{
    // Contrasts are at least 4.5 on either background (WCAG 2.2, 1.4.3); what colour says, a word or a shape says too.
    private const string Style = """
        :root{color-scheme:light dark;--text:#1b1f24;--page:#fff;--line:#d0d7de;--weak:#57606a;--first:#0a5ea8;--second:#9a3b00}
        @media (prefers-color-scheme:dark){:root{--text:#e6edf3;--page:#14181d;--line:#3d444d;--weak:#9aa4ae;--first:#6cb6ff;--second:#f0a06a}}
        @media print{:root{color-scheme:light;--text:#000;--page:#fff;--line:#999;--weak:#444;--first:#0a5ea8;--second:#7a2f00}body{margin:0;max-width:none;font-size:10pt}table,svg{break-inside:avoid}h2{break-after:avoid}}
        body{font:16px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;color:var(--text);background:var(--page)}
        h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.2rem;margin:2rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
        .wide{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}th,td{text-align:left;vertical-align:top;padding:.25rem 1rem .25rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}th{font-weight:600}th[scope=row]{min-width:9rem}
        figure{margin:1rem 0}svg{max-width:100%;height:auto}figcaption{color:var(--weak);font-size:.9rem}
        """;

    /// <summary>The card as HTML.</summary>
    public static string Html(Card card)
    {
        ArgumentNullException.ThrowIfNull(card);
        var html = new StringBuilder()
            .Append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>")
            .Append($"<title>{Escape(card.Title)}</title><style>{Style}</style></head><body><main>\n<h1>{Escape(card.Title)}</h1>\n");
        foreach (var section in card.Sections)
        {
            html.Append($"<section><h2>{Escape(section.Heading)}</h2>\n");
            foreach (var block in section.Blocks)
                html.Append(Html(block));
            html.Append("</section>\n");
        }

        return html.Append("</main></body></html>\n").ToString();
    }

    /// <summary>The card as Markdown (CommonMark with tables); pictures are their words.</summary>
    public static string Markdown(Card card)
    {
        ArgumentNullException.ThrowIfNull(card);
        var text = new StringBuilder($"# {Plain(card.Title)}\n");
        foreach (var section in card.Sections)
        {
            text.Append($"\n## {Plain(section.Heading)}\n");
            foreach (var block in section.Blocks)
                text.Append('\n').Append(Markdown(block));
        }

        return text.ToString();
    }

    private static string Html(CardBlock block) => block switch
    {
        CardText text => $"<p>{Escape(text.Text)}</p>\n",
        CardPlot plot => $"<figure>{plot.Svg}<figcaption>{Escape(plot.Words)}</figcaption></figure>\n",
        CardTable table => $"<div class=\"wide\" tabindex=\"0\"><table>{Heads(table)}<tbody>{string.Concat(table.Rows.Select(row => $"<tr>{Row(row)}</tr>\n"))}</tbody></table></div>\n",
        _ => throw new ArgumentException($"'{block.GetType().Name}' is no block.", nameof(block)),
    };

    private static string Heads(CardTable table) => table.Heads.IsEmpty ? "" : $"<thead><tr>{string.Concat(table.Heads.Select(head => $"<th scope=\"col\">{Escape(head)}</th>"))}</tr></thead>\n";

    private static string Row(IEnumerable<string> row) =>
        string.Concat(row.Select((cell, at) => at == 0 ? $"<th scope=\"row\">{Escape(cell)}</th>" : $"<td>{Escape(cell)}</td>"));

    private static string Markdown(CardBlock block) => block switch
    {
        CardText text => $"{Plain(text.Text)}\n",
        CardPlot plot => $"{Plain(plot.Words)}\n",
        CardTable { Rows.IsEmpty: false } table => string.Concat(
            Line(table.Heads.IsEmpty ? table.Rows[0].Select(_ => "") : table.Heads), Line(table.Rows[0].Select(_ => "---"), isRule: true), string.Concat(table.Rows.Select(row => Line(row)))),
        CardTable => "",
        _ => throw new ArgumentException($"'{block.GetType().Name}' is no block.", nameof(block)),
    };

    private static string Line(IEnumerable<string> cells, bool isRule = false) => $"| {string.Join(" | ", cells.Select(cell => isRule ? cell : Plain(cell)))} |\n";

    private static string Escape(string text) => WebUtility.HtmlEncode(Clean(text));

    // One line, in which nothing is markup.
    private static string Plain(string text) => Markup().Replace(Clean(text), @"\$0");

    // Texts of a study are a researcher's: whatever would be invisible, or turn the writing round, is shown as a space.
    private static string Clean(string text) => Invisible().Replace(text, " ");

    [GeneratedRegex(@"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+")]
    private static partial Regex Invisible();

    [GeneratedRegex(@"[\\`*_{}\[\]<>#|!&~]")]
    private static partial Regex Markup();
}
