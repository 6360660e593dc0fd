using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>The pictures of a card: curves on a square with labelled axes. Colours are the page's; lines differ in their dashes too.</summary>
internal static class CardPlots
{
    private const int Left = 56, Top = 16, Width = 420, Height = 320;

    /// <summary>Share of positives against mean probability, a circle for each bin, of an area that grows with its rows.</summary>
    public static CardPlot Calibration(ImmutableArray<CalibrationBin> bins)
    {
        double most = bins.Max(bin => bin.Count);
        var plot = new StringBuilder();
        plot.Append(CultureInfo.InvariantCulture, $"<path d=\"M{X(0):F1} {Y(0):F1}L{X(1):F1} {Y(1):F1}\" stroke=\"var(--weak)\" stroke-dasharray=\"5 5\" fill=\"none\"/>");
        foreach (var bin in bins)
            plot.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(bin.Predicted):F1}\" cy=\"{Y(bin.Observed):F1}\" r=\"{2 + (8 * Math.Sqrt(bin.Count / most)):F1}\" fill=\"var(--first)\" fill-opacity=\"0.6\"><title>{bin.Count} rows: predicted {bin.Predicted:0.000}, observed {bin.Observed:0.000}</title></circle>\n");
        return Framed("Calibration", "mean probability", "share of positives", 0, 1, plot.ToString(),
            $"Calibration: share of positives against mean probability in {bins.Length} bins, pooled from sums; a larger circle is more rows, on the dashed line they agree.");
    }

    /// <summary>Net benefit over thresholds: the model's bounds, treating all, treating none.</summary>
    public static CardPlot Decisions(ImmutableArray<DecisionPoint> points)
    {
        var most = points.Max(point => Math.Max(point.Most, point.TreatAll)) is > 0 and var found ? found : 1;
        var least = -most / 4; // treating all falls without end
        double At(double benefit) => (Math.Max(benefit, least) - least) / (most - least);
        string Line(Func<DecisionPoint, double> of) => string.Concat(points.Select((point, at) => string.Create(CultureInfo.InvariantCulture, $"{(at == 0 ? 'M' : 'L')}{X(point.Threshold):F1} {Y(At(of(point))):F1}")));
        var plot = string.Create(CultureInfo.InvariantCulture,
            $"<path d=\"M{X(0):F1} {Y(At(0)):F1}h{Width}\" stroke=\"var(--weak)\"/><path d=\"{Line(point => point.TreatAll)}\" stroke=\"var(--second)\" stroke-width=\"2\" stroke-dasharray=\"8 5\" fill=\"none\"/><path d=\"{Line(point => point.Least)}\" stroke=\"var(--first)\" stroke-width=\"2.5\" fill=\"none\"/><path d=\"{Line(point => point.Most)}\" stroke=\"var(--first)\" stroke-width=\"1\" fill=\"none\"/>\n");
        return Framed("Decision curve", "threshold probability", "net benefit", least, most, plot,
            "Decision curve, pooled from sums: net benefit of the model (solid; thick is the least and thin the most that merged bins leave open), of treating all (dashed) and of treating none (the line at 0).");
    }

    private static CardPlot Framed(string name, string x, string y, double least, double most, string content, string words)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"{name}\" viewBox=\"0 0 {Left + Width + 16} {Top + Height + 48}\" width=\"{Left + Width + 16}\" font-size=\"12\" fill=\"var(--weak)\">");
        for (var tick = 0; tick <= 4; tick++)
        {
            var (share, value) = (tick / 4.0, least + ((most - least) * tick / 4));
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left} {Y(share):F1}h{Width}M{X(share):F1} {Top}v{Height}\" stroke=\"var(--line)\"/><text x=\"{Left - 6}\" y=\"{Y(share) + 4:F1}\" text-anchor=\"end\">{value:0.00}</text><text x=\"{X(share):F1}\" y=\"{Top + Height + 18}\" text-anchor=\"middle\">{share:0.00}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + (Width / 2)}\" y=\"{Top + Height + 38}\" text-anchor=\"middle\">{x}</text><text x=\"14\" y=\"{Top + (Height / 2)}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {Top + (Height / 2)})\">{y}</text>\n");
        return new CardPlot(svg.Append(content).Append("</svg>").ToString(), words);
    }

    private static double X(double share) => Left + (Width * share);

    private static double Y(double share) => Top + (Height * (1 - share));
}
