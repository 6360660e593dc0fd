using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>The latest outcomes of a version's predictions, and whether they are within the bounds.</summary>
/// <param name="bounds">The bounds.</param>
/// <param name="inTheLarge">Greatest distance of the share of positives from the mean probability.</param>
internal sealed class OutcomeWindow(GuardBounds bounds, double inTheLarge)
{
    private const double Z = 1.959963984540054; // the 97.5 % point of the standard normal distribution

    private readonly Lock _gate = new(); // guards what follows
    private readonly Queue<(double Logit, bool Positive)> _latest = new();

    /// <summary>Adds an outcome.</summary>
    public void Add(double logit, bool positive)
    {
        lock (_gate)
        {
            _latest.Enqueue((logit, positive));
            if (_latest.Count > bounds.Outcomes)
                _latest.Dequeue();
        }
    }

    /// <summary>Forgets everything: the version begins anew.</summary>
    public void Clear()
    {
        lock (_gate)
            _latest.Clear();
    }

    /// <summary>AUROC of the outcomes with its 95 % interval; null while there are too few of a class.</summary>
    public Estimate? Auroc()
    {
        var (logits, labels) = Latest();
        return IsEnough(labels) ? ExactMetrics.Auroc(logits, labels) : null;
    }

    /// <summary>
    /// Why the version must not be used any more; null: it may. What is asked is not whether it looks worse but whether chance is no explanation: the whole 95 % interval
    /// lies beyond the bound. So a version that is as good as its reference is seldom taken out of use, however often it is asked about.
    /// </summary>
    /// <param name="reference">The AUROC that it is held against; null: none is known.</param>
    public WithdrawalReason? Verdict(double? reference)
    {
        var (logits, labels) = Latest();
        if (!IsEnough(labels))
            return null;
        if (IsOffInTheLarge(logits, labels))
            return WithdrawalReason.Calibration;
        return reference is { } auroc && ExactMetrics.Auroc(logits, labels) is { } here && here.High < auroc * (1 - bounds.Fall) ? WithdrawalReason.Performance : null;
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
        return Math.Abs(mean) - half > inTheLarge;
    }

    private bool IsEnough(bool[] labels)
    {
        var positives = labels.Count(positive => positive);
        return Math.Min(positives, labels.Length - positives) >= bounds.LeastOutcomes;
    }

    private (double[] Logits, bool[] Labels) Latest()
    {
        lock (_gate)
            return ([.. _latest.Select(outcome => outcome.Logit)], [.. _latest.Select(outcome => outcome.Positive)]);
    }
}
