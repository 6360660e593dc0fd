using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using FederatedClinicalMl.Privacy;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary>What is spent round by round, as a table with bars, an SVG and a page: two lines under a ceiling. What colour says, a word or a shape says too.</summary>
/// <param name="plan">The plan.</param>
/// <param name="shape">Its rounds.</param>
/// <param name="curve">Points of it, the last round among them.</param>
internal sealed class PlanPicture(PrivacyPlan plan, RoundShape shape, ImmutableArray<PlanPoint> curve)
{
    private const int BarWidth = 50;
    private const int Left = 60, Top = 20, Width = 560, Height = 260;

    /// <summary>The points.</summary>
    public ImmutableArray<PlanPoint> Curve => curve;

    /// <summary>After the last round.</summary>
    public PlanPoint Last => curve[^1];

    /// <summary>The ceiling in words.</summary>
    public string Ceiling => Text($"epsilon {Epsilon:0.####} at delta {plan.Ceiling.Delta.ToDouble():0.##e+0}");

    private double Epsilon => plan.Ceiling.Epsilon.ToDouble();

    private double Most => 1.05 * Math.Max(Epsilon, Last.Ledger);

    /// <summary>How much of the ceiling's epsilon is spent.</summary>
    public string Share(PlanPoint point) => Text($"{100 * point.Ledger / Epsilon:0} %");

    /// <summary>A table for people: <c>█</c> up to the loss distribution's cost, <c>▒</c> on to the ledger's, <c>│</c> the ceiling.</summary>
    public void Show(Terminal terminal, int rows)
    {
        var table = new Table().AddColumns("after round", "ledger", "loss distribution", "of the ceiling", "█ loss distribution  ▒ ledger  │ ceiling");
        foreach (var column in table.Columns.Take(4))
            column.RightAligned();
        foreach (var point in Some(rows))
            table.AddRow(Text($"{point.Rounds}"), Text($"{point.Ledger:0.000}"), Text($"{point.Loss.Upper:0.000}"), Share(point), Bar(point));
        terminal.Show(table);
    }

    /// <summary>The plot by itself.</summary>
    public string Svg()
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"Epsilon spent by round\" viewBox=\"0 0 {Left + Width + 20} {Top + Height + 70}\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#777\">\n");
        foreach (var tick in Ticks())
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left} {Y(tick):F1}h{Width}\" stroke=\"#9994\"/><text x=\"{Left - 8}\" y=\"{Y(tick) + 4:F1}\" text-anchor=\"end\">{tick:0.####}</text>\n");
        foreach (var rounds in (int[])[0, Last.Rounds / 2, Last.Rounds])
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(rounds):F1}\" y=\"{Top + Height + 18}\" text-anchor=\"middle\">{rounds}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left + (Width / 2)}\" y=\"{Top + Height + 36}\" text-anchor=\"middle\">rounds</text><text x=\"{Left - 44}\" y=\"{Top - 6}\">epsilon</text>\n")
            .Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left} {Y(Epsilon):F1}h{Width}\" stroke=\"#c33\" stroke-width=\"2\" stroke-dasharray=\"2 5\"/>\n")
            .Append(CultureInfo.InvariantCulture, $"<path d=\"{Line(point => point.Ledger)}\" stroke=\"#2a6fb0\" stroke-width=\"2.5\" fill=\"none\"/>\n")
            .Append(CultureInfo.InvariantCulture, $"<path d=\"{Line(point => point.Loss.Upper)}\" stroke=\"#2c8a4b\" stroke-width=\"2.5\" stroke-dasharray=\"9 5\" fill=\"none\"/>\n");
        var (at, legend) = (Left, Top + Height + 58);
        foreach (var (name, stroke) in ((string, string)[])[("ledger", "stroke=\"#2a6fb0\""), ("loss distribution", "stroke=\"#2c8a4b\" stroke-dasharray=\"9 5\""), ("ceiling", "stroke=\"#c33\" stroke-dasharray=\"2 5\"")])
        {
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{at} {legend - 4}h34\" stroke-width=\"2.5\" {stroke}/><text x=\"{at + 42}\" y=\"{legend}\">{name}</text>\n");
            at += 190;
        }

        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Plot and table as one page that needs no other file.</summary>
    public string Html(int rows)
    {
        var others = shape.Others.IsEmpty ? "" : "; its counts are charged besides";
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\"/>\n<title>Privacy plan</title>\n<style>:root{color-scheme:light dark}body{font-family:sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}td,th{text-align:right;padding:.2rem 1rem}</style>\n<h1>Privacy plan</h1>\n")
            .Append(CultureInfo.InvariantCulture, $"<p>Ceiling: {Ceiling}. Noise multiplier {plan.Noise / 1000.0:0.000}; each of {Last.Rounds} rounds has {shape.Steps} noisy steps, for each of which a patient is drawn with chance {shape.SamplingRate.ToDouble():0.######}{others}.</p>\n")
            .Append(Svg())
            .Append("<p><b>ledger</b>: what a site counts before it lets a round pass, whatever was seen before. <b>loss distribution</b>: a proved bound of the same rounds as a schedule fixed beforehand; for planning and reports only.</p>\n<table>\n<tr><th>after round</th><th>ledger</th><th>loss distribution</th><th>of the ceiling</th></tr>\n");
        foreach (var point in Some(rows))
            page.Append(CultureInfo.InvariantCulture, $"<tr><td>{point.Rounds}</td><td>{point.Ledger:0.000}</td><td>{point.Loss.Upper:0.000}</td><td>{Share(point)}</td></tr>\n");
        return page.Append("</table>\n</html>\n").ToString();
    }

    private IEnumerable<PlanPoint> Some(int rows) =>
        curve.Length <= rows ? curve : Enumerable.Range(1, rows).Select(i => curve[(int)((long)curve.Length * i / rows) - 1]);

    private string Bar(PlanPoint point)
    {
        var (loss, ledger, ceiling) = (Cells(point.Loss.Upper), Cells(point.Ledger), Cells(Epsilon));
        return string.Concat(Enumerable.Range(0, BarWidth).Select(cell => cell == ceiling ? '│' : cell < loss ? '█' : cell < ledger ? '▒' : ' '));
    }

    private int Cells(double epsilon) => (int)Math.Round(BarWidth * epsilon / Most);

    private IEnumerable<double> Ticks()
    {
        var step = Math.Pow(10, Math.Floor(Math.Log10(Most)));
        step = Most / step < 2 ? step / 5 : Most / step < 5 ? step / 2 : step;
        return Enumerable.Range(0, (int)(Most / step) + 1).Select(i => i * step);
    }

    private string Line(Func<PlanPoint, double> value) =>
        Text($"M{X(0):F1} {Y(0):F1}") + string.Concat(curve.Select(point => Text($"L{X(point.Rounds):F1} {Y(value(point)):F1}")));

    private double X(int rounds) => Left + ((double)Width * rounds / Last.Rounds);

    private double Y(double epsilon) => Top + (Height * (1 - (epsilon / Most)));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
