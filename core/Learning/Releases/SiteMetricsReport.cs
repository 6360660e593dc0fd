using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>Why a site tells no metrics of its own. A closed list of words, which tell nothing but this.</summary>
public enum Withholding
{
    /// <summary><c>policy</c>: its policy does not let them out.</summary>
    Policy,

    /// <summary><c>too-few</c>: its test set has fewer positives or negatives than its policy's minimum.</summary>
    TooFew,
}

/// <summary>
/// The payload of a release of per-site metrics: canonical JSON <c>{"metrics":{...},"withheld":null}</c>, or null and the word that says why; of a study that predicts a number <c>{"errors":{...},"metrics":null,"withheld":null}</c>.
/// The metrics are those of the histogram that an evaluation would release, so that they tell nothing that it would not. A site whose policy lets exact areas out adds <c>"areas"</c>, the model's area on its rows and DeLong's variance.
/// </summary>
public sealed class SiteMetricsReport
{
    private SiteMetricsReport(ClassifierMetrics? metrics, Withholding? withheld, RegressionSums? errors = null, CorrelatedAreas? area = null) => (Metrics, Withheld, Errors, ExactArea) = (metrics, withheld, errors, area);

    /// <summary>What a site says whose policy lets out no metrics of its own.</summary>
    public static SiteMetricsReport WithheldByPolicy { get; } = new(null, Withholding.Policy);

    /// <summary>The metrics; null where withheld, and where a number is predicted.</summary>
    public ClassifierMetrics? Metrics { get; }

    /// <summary>Where a number is predicted, the errors, of which all its metrics are made; null where withheld.</summary>
    public RegressionSums? Errors { get; }

    /// <summary>The model's area under the ROC curve on the site's rows, one curve; null where the site does not tell it, or has too few rows.</summary>
    public CorrelatedAreas? ExactArea { get; }

    /// <summary>The area with its 95 % interval: DeLong's on the logit where the site tells it, or else the widest that its bins leave open. Null where neither is told.</summary>
    public Estimate? Area => ExactArea?.LogitInterval(0) ?? Metrics?.AurocInterval;

    /// <summary>Why they are withheld; null where they are not.</summary>
    public Withholding? Withheld { get; }

    /// <summary>The report of a site.</summary>
    /// <param name="suppressed">What <see cref="ScoreHistogram.Suppress"/> left of its scores.</param>
    /// <param name="minimum">The least count that its policy lets out, from 1.</param>
    /// <param name="area">The area of the same scores, one curve, where its policy lets exact ones out; null where it does not, or they are of too few rows for a variance.</param>
    public static SiteMetricsReport Of(ScoreHistogram? suppressed, int minimum, CorrelatedAreas? area = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        var report = new SiteMetricsReport(ClassifierMetrics.Of(suppressed), null, area: area);
        return report.Fits(minimum) ? report : new SiteMetricsReport(null, Withholding.TooFew);
    }

    /// <summary>The report of a site of a study that predicts a number.</summary>
    /// <param name="suppressed">What <see cref="RegressionSums.Suppress"/> left of its errors.</param>
    public static SiteMetricsReport OfNumber(RegressionSums? suppressed) => suppressed is null ? new(null, Withholding.TooFew) : new(null, null, suppressed);

    /// <summary>Whether it can be of this study: withheld, or of what it predicts.</summary>
    public bool Fits(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        return study.Data.Label.Number is { } number ? Metrics is null && (Errors is null || (Errors.Minimum, Errors.Maximum) == (number.Minimum, number.Maximum)) : Errors is null;
    }

    /// <summary>Whether a release whose manifest names this <see cref="ReleaseManifest.MinimumCell"/> can hold it.</summary>
    public bool Fits(int minimumCell) => Withheld == Withholding.Policy
        ? minimumCell == 0
        : minimumCell > 0 && (Metrics is null || (Metrics.Negatives >= minimumCell && Metrics.Positives >= minimumCell)) && Errors?.Fits(minimumCell) != false;

    /// <summary>The JSON form.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["metrics"] = Metrics?.ToJson(), ["withheld"] = WithholdingWords.Of(Withheld) };
        if (Errors is not null)
            json["errors"] = Errors.ToJson();
        if (ExactArea is not null)
            json["areas"] = ExactArea.ToJson();
        return json;
    }

    /// <summary>Canonical JSON.</summary>
    public byte[] Write() => CanonicalJson.Write(ToJson());

    /// <summary>Reads a report, strictly.</summary>
    /// <exception cref="FormatException">The bytes are something else.</exception>
    public static SiteMetricsReport Read(ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "site metrics");
        var report = Read(fields);
        fields.End();
        return report;
    }

    // Of the same scores the exact area is the bins' but for their ties; both are rounded.
    private static bool IsOf(CorrelatedAreas area, ClassifierMetrics? metrics) =>
        metrics is { Auroc: { } binned, AurocBound: { } ties } && area.Areas.Length == 1 && (area.Negatives, area.Positives) == (metrics.Negatives, metrics.Positives) && Math.Abs(area.Areas[0] - binned) <= ties + 1e-9;

    internal static SiteMetricsReport Read(JsonFields fields)
    {
        var metrics = fields.IsNull("metrics") ? null : ClassifierMetrics.Read(fields.Node("metrics"), fields.PathOf("metrics"));
        var errors = fields.Has("errors") ? RegressionSums.Read(fields.Node("errors"), fields.PathOf("errors")) : null;
        if (metrics is not null && errors is not null)
            fields.Fail("errors", "be of a study that predicts a number, which has no 'metrics'");
        var area = fields.Has("areas") ? CorrelatedAreas.Read(fields.Node("areas"), fields.PathOf("areas")) : null;
        if (area is not null && !IsOf(area, metrics))
            fields.Fail("areas", "be of one model, of as many rows as 'metrics', with an area that their bins leave open");
        return new SiteMetricsReport(metrics, WithholdingWords.Read(fields, isWithheld: metrics is null && errors is null), errors, area);
    }
}

/// <summary>The result of a step of per-site metrics: canonical JSON <c>{"sites":[{"site","metrics","withheld"}]}</c>.</summary>
/// <param name="Sites">Each participant's report, in the order of the sites' names.</param>
public sealed record SiteMetrics(IReadOnlyList<(SiteId Site, SiteMetricsReport Report)> Sites)
{
    /// <summary>Sites from which on the mean of their areas has an interval that says something: of two t has one degree of freedom, and 12.7 standard errors either way.</summary>
    public const int LeastCombined = 3;

    /// <summary>The logit of the sites' own areas, combined by random effects; null where none tells its own.</summary>
    public RandomEffects? AreaLogit => Sites.Select(site => site.Report.ExactArea?.Logit(0)).OfType<SiteEstimate>().ToList() is { Count: > 0 } told ? RandomEffects.Of(told) : null;

    /// <summary>The reports of all participants, in whatever order.</summary>
    public static SiteMetrics Merge(IEnumerable<(SiteId Site, SiteMetricsReport Report)> reports) => new([.. reports.OrderBy(report => report.Site)]);

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
    public static SiteMetrics Read(ReadOnlySpan<byte> json)
    {
        var fields = new JsonFields(CanonicalJson.Read(json), "site metrics");
        var sites = fields.List("sites", int.MaxValue, (node, path) =>
        {
            var item = new JsonFields(node, path);
            if (!SiteId.TryParse(item.Text("site", 63), out var site))
                item.Fail("site", $"be a site name: {Name.Rule}");
            var report = SiteMetricsReport.Read(item);
            item.End();
            return (site, report);
        });
        fields.End();
        if (sites.Zip(sites.Skip(1)).Any(pair => pair.First.site.CompareTo(pair.Second.site) >= 0))
            fields.Fail("sites", "be in the order of their names, each once");
        return new SiteMetrics(sites);
    }
}
