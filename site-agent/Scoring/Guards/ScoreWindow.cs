using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Outcomes of a version that predicts whether they are positive: held against its probabilities, and by the area under the ROC curve.</summary>
/// <param name="bounds">The bounds.</param>
/// <param name="gates">Of the study: how well it has to be calibrated where the bounds say nothing.</param>
internal sealed class ScoreWindow(GuardBounds bounds, StudyGates gates) : OutcomeWindow(bounds)
{
    private const double Z = 1.959963984540054; // the 97.5 % point of the standard normal distribution

    /// <inheritdoc/>
    public override Estimate? Quality()
    {
        var (logits, labels) = Labelled();
        return IsEnough(labels) ? ExactMetrics.Auroc(logits, labels) : null;
    }

    /// <inheritdoc/>
    public override WithdrawalReason? Verdict(double? reference)
    {
        var (logits, labels) = Labelled();
        if (!IsEnough(labels))
            return null;
        if (IsOffInTheLarge(logits, labels) || IsOffInSlope(logits, labels))
            return WithdrawalReason.Calibration;
        return reference is { } auroc && ExactMetrics.Auroc(logits, labels) is { } here && here.High < auroc * (1 - Bounds.Fall) ? WithdrawalReason.Performance : null;
    }

    // The mean of residuals with its normal interval, rows taken as independent.
    private bool IsOffInTheLarge(double[] logits, bool[] labels)
    {
        var (sum, squares) = (0.0, 0.0);
        for (var i = 0; i < logits.Length; i++)
        {
            var residual = (labels[i] ? 1 : 0) - (1 / (1 + Math.Exp(-logits[i])));
            (sum, squares) = (sum + residual, squares + (residual * residual));
        }

        var mean = sum / logits.Length;
        var half = Z * Math.Sqrt(Math.Max(0, (squares / logits.Length) - (mean * mean)) / (logits.Length - 1));
        return Math.Abs(mean) - half > (Bounds.InTheLarge ?? gates.InTheLarge);
    }

    // Scores that tell all apart have no slope: nothing is said of it.
    private bool IsOffInSlope(double[] logits, bool[] labels)
    {
        var (least, greatest) = Bounds.CalibrationSlope ?? (gates.LeastSlope, gates.GreatestSlope);
        return CalibrationFit.Of(logits, labels)?.SlopeInterval is { } slope && (slope.High < least || slope.Low > greatest);
    }

    private bool IsEnough(bool[] labels)
    {
        var positives = labels.Count(positive => positive);
        return Math.Min(positives, labels.Length - positives) >= Bounds.LeastOutcomes;
    }

    private (double[] Logits, bool[] Labels) Labelled() => Latest() is var (logits, came) ? (logits, Array.ConvertAll(came, one => one == 1)) : default;
}
