using System.Globalization;
using System.Net;
using System.Text;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Plots of a <see cref="QualityPage"/>, as SVG. What colour says, a word or a shape says too; text takes the page's colour, light or dark.</summary>
internal static class QualityPlots
{
    private const int Row = 20;
    private const int Character = 7; // width of one, at most, at the size in which plots write

    /// <summary>One bar a line: name, share of all, percentage.</summary>
    public static void AppendBars(StringBuilder page, string title, (string Name, double Share, bool Failed)[] bars)
    {
        if (bars.Length == 0)
            return;
        var left = Math.Max(100, bars.Max(bar => bar.Name.Length) * Character);
        var width = left + 510;
        page.Append(CultureInfo.InvariantCulture, $"<h2>{title}</h2>\n<svg role=\"img\" aria-label=\"{title}\" viewBox=\"0 0 {width} {(bars.Length * Row) + 4}\" style=\"width:{width}px\">");
        foreach (var (i, (name, share, failed)) in bars.Index())
        {
            var (top, length) = (i * Row, share * 380);
            page.Append(CultureInfo.InvariantCulture, $"<text x=\"{left}\" y=\"{top + 15}\" text-anchor=\"end\">{WebUtility.HtmlEncode(name)}</text>")
                .Append(CultureInfo.InvariantCulture, $"<rect class=\"track\" x=\"{left + 10}\" y=\"{top + 4}\" width=\"380\" height=\"14\"/>")
                .Append(CultureInfo.InvariantCulture, $"<rect class=\"{(failed ? "bad" : "good")}\" x=\"{left + 10}\" y=\"{top + 4}\" width=\"{length:F1}\" height=\"14\"/>")
                .Append(CultureInfo.InvariantCulture, $"<text x=\"{left + 396}\" y=\"{top + 15}\">{QualityPage.Percent(share)}{(failed ? " failed" : "")}</text>");
        }

        page.Append("</svg>\n");
    }

    /// <summary>Bins over the plausible range, and what lies outside of it, hollow, at the ends.</summary>
    public static void AppendHistogram(StringBuilder page, NumberHistogram histogram)
    {
        const int Bin = 10, Gap = 8, Height = 76;
        var (most, name) = (Math.Max(1, Math.Max(histogram.Bins.Max(), Math.Max(histogram.Below, histogram.Above))), WebUtility.HtmlEncode(histogram.Name));
        var (first, last) = (Bin + Gap, Bin + Gap + (histogram.Bins.Length * Bin));
        var width = last + Gap + Bin;
        page.Append(CultureInfo.InvariantCulture, $"<figure><svg role=\"img\" aria-label=\"{name}\" width=\"{width}\" height=\"{Height + 18}\">");
        AppendBin("out", 0, histogram.Below);
        foreach (var (i, count) in histogram.Bins.Index())
            AppendBin("good", first + (i * Bin), count);
        AppendBin("out", last + Gap, histogram.Above);
        page.Append(CultureInfo.InvariantCulture, $"<path class=\"axis\" d=\"M{first} {Height + 2}.5H{last}\"/>")
            .Append(CultureInfo.InvariantCulture, $"<text x=\"{first}\" y=\"{Height + 15}\">{histogram.Minimum}</text><text x=\"{last}\" y=\"{Height + 15}\" text-anchor=\"end\">{histogram.Maximum} {WebUtility.HtmlEncode(histogram.Unit)}</text>")
            .Append(CultureInfo.InvariantCulture, $"</svg><figcaption><b>{name}</b><br/>{histogram.Count} numbers, at most {most} in a bin;<br/>{histogram.Below} below the range, {histogram.Above} above</figcaption></figure>\n");

        void AppendBin(string css, int x, long count)
        {
            if (count == 0)
                return;
            var height = Math.Max(1, (double)Height * count / most);
            page.Append(CultureInfo.InvariantCulture, $"<rect class=\"{css}\" x=\"{x}\" y=\"{Height + 2 - height:F1}\" width=\"{Bin - 1}\" height=\"{height:F1}\"/>");
        }
    }
}
