using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>Outcomes of a version that predicts a number: held against its predictions by the mean absolute error, and by the mean of outcome less prediction (<see cref="RegressionMetrics"/>).</summary>
/// <param name="bounds">The bounds.</param>
/// <param name="number">What is predicted.</param>
internal sealed class ErrorWindow(GuardBounds bounds, NumericOutcome number) : OutcomeWindow(bounds)
{
    /// <inheritdoc/>
    public override Estimate? Quality() => Metrics()?.MeanAbsoluteError;

    /// <inheritdoc/>
    public override WithdrawalReason? Verdict(double? reference)
    {
        if (reference is not { } error || Metrics() is not { MeanAbsoluteError: { } here, Bias: { } bias })
            return null; // how far off is too far is said in units of the reference alone
        if (Math.Max(bias.Low, -bias.High) > error * Bounds.Bias)
            return WithdrawalReason.Calibration;
        return here.Low > error * (1 + Bounds.Fall) ? WithdrawalReason.Performance : null;
    }

    // Null while there are too few.
    private RegressionMetrics? Metrics()
    {
        var (predictions, came) = Latest();
        return came.Length < Bounds.LeastOutcomes ? null : RegressionMetrics.Of(RegressionSums.Of(number.Minimum, number.Maximum, came, predictions));
    }
}
