using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>Predicted against observed in one bin.</summary>
/// <param name="Count">Rows.</param>
/// <param name="Predicted">Mean predicted probability.</param>
/// <param name="Observed">Share of positives.</param>
public readonly record struct CalibrationBin(long Count, double Predicted, double Observed);

/// <summary>Metrics of a two-class model. One that is not defined on the data is null, and prints as "undefined": never 0.5.</summary>
/// <param name="Negatives">Rows with a negative label.</param>
/// <param name="Positives">Rows with a positive label.</param>
/// <param name="Auroc">Area under the ROC curve; scores whose bins overlap count as tied. Undefined without both classes.</param>
/// <param name="AurocBound">How far the exact value may be from <paramref name="Auroc"/> for the ties: half the sum, over a negative and a positive bin that overlap, of the product of their class fractions.</param>
/// <param name="Auprc">Average precision, Σ (recall step × precision), from the grid's highest bin down; rows of a merged bin count as spread evenly over it. Undefined without positives.</param>
/// <param name="Accuracy">Share of rows on the right side of logit 0 (0 counts as positive). Undefined where a site withheld how many they are.</param>
/// <param name="Brier">Mean squared error of the probability.</param>
/// <param name="CalibrationIntercept">Intercept a of logit(observed) = a + b · logit(predicted), fitted on the bins by maximum likelihood (Cox 1958); 0 is ideal.</param>
/// <param name="CalibrationSlope">Slope b; 1 is ideal. Both are undefined where the fit has no finite maximum.</param>
/// <param name="Calibration">The bins that hold rows.</param>
public sealed record ClassifierMetrics(
    long Negatives,
    long Positives,
    double? Auroc,
    double? AurocBound,
    double? Auprc,
    double? Accuracy,
    double? Brier,
    double? CalibrationIntercept,
    double? CalibrationSlope,
    ImmutableArray<CalibrationBin> Calibration)
{
    /// <summary>The metrics that follow from a histogram; all undefined where there is none.</summary>
    public static ClassifierMetrics Of(ScoreHistogram? histogram)
    {
        if (histogram is null)
            return new(0, 0, null, null, null, null, null, null, null, []);
        var (negatives, positives) = (histogram.Negatives, histogram.Positives);
        var total = negatives + positives;
        ImmutableArray<CalibrationBin> calibration =
        [
            .. histogram.Bins.Where(bin => bin.Count > 0)
                .Select(bin => new CalibrationBin(bin.Count, bin.Probability * ScoreHistogram.Unit / bin.Count, (double)bin.Positives / bin.Count)),
        ];
        var fit = CalibrationFit.Of(calibration);
        var (auroc, bound) = Discrimination(histogram, negatives, positives);
        return new(
            negatives,
            positives,
            auroc,
            bound,
            AveragePrecision(histogram, positives),
            total == 0 ? null : (double?)histogram.Correct / total,
            total == 0 ? null : histogram.SquaredError * ScoreHistogram.Unit / total,
            fit?.Intercept,
            fit?.Slope,
            calibration);
    }

    /// <summary>
    /// The area with the widest 95 % interval that it can have, for sums tell neither how sites differ nor which rows belong together: that of the greatest variance, A(1 - A)/N with N the smaller class's rows (Bamber 1975, "The
    /// area above the ordinal dominance graph and the area below the receiver operating characteristic graph", Journal of Mathematical Psychology 12), by Wilson's formula, beyond what ties leave open. Undefined without both classes.
    /// </summary>
    public Estimate? AurocInterval => this is { Auroc: { } area, AurocBound: { } ties }
        ? new Estimate(area, ExactMetrics.WilsonOf(Math.Max(0, area - ties), Math.Min(Negatives, Positives)).Low, ExactMetrics.WilsonOf(Math.Min(1, area + ties), Math.Min(Negatives, Positives)).High)
        : null;

    /// <summary>JSON for records and scripts; undefined metrics are null.</summary>
    public JsonObject ToJson() => new()
    {
        ["negatives"] = Negatives,
        ["positives"] = Positives,
        ["auroc"] = Auroc,
        ["aurocBound"] = AurocBound,
        ["auprc"] = Auprc,
        ["accuracy"] = Accuracy,
        ["brier"] = Brier,
        ["calibrationIntercept"] = CalibrationIntercept,
        ["calibrationSlope"] = CalibrationSlope,
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly; the calibration's bins are not in it.</summary>
    /// <exception cref="FormatException">The JSON is something else, or metrics that no scores can have.</exception>
    public static ClassifierMetrics Read(JsonNode? node, string path)
    {
        var fields = new JsonFields(node, path);
        var (negatives, positives) = (fields.Integer("negatives", 0, ScoreHistogram.MaximumCount), fields.Integer("positives", 0, ScoreHistogram.MaximumCount));
        var (both, any) = (negatives > 0 && positives > 0, negatives + positives > 0);
        var metrics = new ClassifierMetrics(
            negatives, positives, Share("auroc", both), Share("aurocBound", both), Share("auprc", positives > 0),
            fields.IsNull("accuracy") ? null : Share("accuracy", any), Share("brier", any),
            Line("calibrationIntercept"), Line("calibrationSlope"), []);
        if (metrics.CalibrationIntercept is null != metrics.CalibrationSlope is null)
            fields.Fail("calibrationSlope", "be defined where the intercept is");
        fields.End();
        return metrics;

        double? Share(string name, bool defined)
        {
            double? share = fields.IsNull(name) ? null : fields.Number(name);
            if (defined ? share is not (>= 0 and <= 1) : share is not null)
                fields.Fail(name, "be from 0 to 1 where the rows define it, and null where they do not");
            return share;
        }

        double? Line(string name) => fields.IsNull(name) ? null : fields.Number(name);
    }

    /// <summary>A metric for people.</summary>
    public static string Text(double? metric) => metric?.ToString("0.000", CultureInfo.InvariantCulture) ?? "undefined";

    // In whole numbers, twice the count of ordered pairs, so that nothing is rounded before the last division.
    private static (double? Auroc, double? Bound) Discrimination(ScoreHistogram histogram, long negatives, long positives)
    {
        if (negatives == 0 || positives == 0)
            return (null, null);
        var (twiceOrdered, tied) = (Int128.Zero, Int128.Zero);
        foreach (var low in histogram.Bins.Where(bin => bin.Negatives > 0))
        {
            foreach (var high in histogram.Bins.Where(bin => bin.Positives > 0 && bin.To > low.From))
            {
                var pairs = (Int128)low.Negatives * high.Positives;
                var ordered = high.From >= low.To;
                twiceOrdered += ordered ? 2 * pairs : pairs;
                tied += ordered ? 0 : pairs;
            }
        }

        var twicePairs = 2 * (double)((Int128)negatives * positives);
        return ((double)twiceOrdered / twicePairs, (double)tied / twicePairs);
    }

    private static double? AveragePrecision(ScoreHistogram histogram, long positives)
    {
        if (positives == 0)
            return null;
        Span<double> spreadPositives = stackalloc double[ScoreHistogram.GridBins], spread = stackalloc double[ScoreHistogram.GridBins];
        foreach (var bin in histogram.Bins)
        {
            for (var at = bin.From; at < bin.To; at++)
            {
                spreadPositives[at] += (double)bin.Positives / (bin.To - bin.From);
                spread[at] += (double)bin.Count / (bin.To - bin.From);
            }
        }

        var (area, found, seen) = (0.0, 0.0, 0.0);
        for (var at = ScoreHistogram.GridBins - 1; at >= 0; at--)
        {
            found += spreadPositives[at];
            seen += spread[at];
            if (spreadPositives[at] > 0)
                area += spreadPositives[at] / positives * (found / seen);
        }

        return Math.Min(area, 1); // shares that were rounded may add up to a little more
    }
}
