using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// How far probabilities are from what came about, pooled from sums. Beside it stand the fitted line and the bins of <see cref="ClassifierMetrics"/>.
/// </summary>
/// <param name="ExpectedError">
/// Expected calibration error: Σ over bins of (rows of the bin / all rows) · |share of positives - mean probability| (Naeini, Cooper and Hauskrecht 2015, "Obtaining well
/// calibrated probabilities using
/// Bayesian binning", AAAI; Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural networks", ICML). Theirs are bins of equal width on the probability;
/// here they are the histogram's: ¼ wide on the
/// logit, and what suppression made of them. Merging bins never makes it greater, so that it is the least that finer ones would show; of two models it compares with like bins only.
/// </param>
/// <param name="InTheLarge">
/// Calibration in the large: share of positives less mean probability, above 0 where too little is predicted ("mean calibration": Van Calster and others 2016, "A
/// calibration hierarchy for risk models was
/// defined", Journal of Clinical Epidemiology 74). Exact whatever the bins, with the normal 95 % interval of a mean of residuals, whose squares are the histogram's; rows
/// drawn independently: that sites
/// differ is not in it. Null of one row.
/// </param>
public sealed record CalibrationSummary(double ExpectedError, Estimate? InTheLarge)
{
    /// <summary><see cref="ExpectedError"/> with an interval that holds the bins' true one in 95 of 100 draws of rows or more; it takes rows for independent.</summary>
    /// <remarks>
    /// By the triangle inequality the error that is measured is no further from the true one than D = Σ|noise of a bin|/rows. A bin's noise is about normal with the variance s² = n o(1 - o) of its positives, o their share with half a row more on each side,
    /// so that D has the mean √(2/π) Σs/rows and the variance (1 - 2/π) Σs²/rows². That the bins' n are drawn too adds the variance Σ n (e - ECE)²/rows² of their errors e, and the ends are the 97.5 % point away. Wide where bins have few rows, as a percentile of resampled errors would not be: those are all too great (Kumar, Liang and Ma 2019,
    /// "Verified uncertainty calibration", NeurIPS 32).
    /// </remarks>
    public Estimate ExpectedErrorInterval { get; private init; }

    /// <summary>The summary of a histogram, of one site or several; null where there are no rows.</summary>
    public static CalibrationSummary? Of(ScoreHistogram? histogram)
    {
        var rows = histogram is null ? 0.0 : histogram.Negatives + histogram.Positives;
        if (histogram is null || rows == 0)
            return null;
        var error = histogram.Bins.Sum(bin => Math.Abs(bin.Positives - (bin.Probability * ScoreHistogram.Unit))) / rows;
        var difference = (histogram.Positives - (histogram.Bins.Sum(bin => bin.Probability) * ScoreHistogram.Unit)) / rows;
        var noise = Noise(histogram, error) / rows;
        var interval = new Estimate(error, Math.Max(0, error - noise), Math.Min(1, error + noise));
        if (rows < 2)
            return new CalibrationSummary(error, null) { ExpectedErrorInterval = interval };
        var variance = Math.Max(0, (histogram.SquaredError * ScoreHistogram.Unit) - (rows * difference * difference)) / (rows * (rows - 1));
        var half = Estimate.Z * Math.Sqrt(variance);
        return new CalibrationSummary(error, new Estimate(difference, Math.Max(-1, difference - half), Math.Min(1, difference + half))) { ExpectedErrorInterval = interval };
    }

    // The 97.5 % point of the sum of the bins' noise, in rows.
    private static double Noise(ScoreHistogram histogram, double expectedError)
    {
        var (deviations, variances, drawn) = (0.0, 0.0, 0.0);
        foreach (var bin in histogram.Bins.Where(bin => bin.Count > 0))
        {
            var share = (bin.Positives + 0.5) / (bin.Count + 1.0);
            var variance = bin.Count * share * (1 - share);
            (deviations, variances) = (deviations + Math.Sqrt(variance), variances + variance);
            var apart = (Math.Abs(bin.Positives - (bin.Probability * ScoreHistogram.Unit)) / bin.Count) - expectedError;
            drawn += bin.Count * apart * apart;
        }

        return (Math.Sqrt(2 / Math.PI) * deviations) + (Estimate.Z * Math.Sqrt(((1 - (2 / Math.PI)) * variances) + drawn));
    }
}
