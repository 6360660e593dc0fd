using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>The latest outcomes of a version's predictions, and whether they are within the bounds.</summary>
/// <param name="bounds">The bounds.</param>
internal abstract class OutcomeWindow(GuardBounds bounds)
{
    private readonly Lock _gate = new(); // guards what follows
    private readonly Queue<(double Output, double Came)> _latest = new();

    /// <summary>Of a version's study; null: its model could not be loaded, and nobody is answered by it.</summary>
    public static OutcomeWindow Of(GuardBounds bounds, Study? study)
    {
        ArgumentNullException.ThrowIfNull(bounds);
        return study?.Data.Label.Number is { } number ? new ErrorWindow(bounds, number) : new ScoreWindow(bounds, study?.Evaluation.Gates ?? StudyGates.Default);
    }

    /// <summary>The bounds.</summary>
    protected GuardBounds Bounds => bounds;

    /// <summary>Adds an outcome.</summary>
    /// <param name="output">The logit, or the number that was predicted.</param>
    /// <param name="came">1 positive, 0 negative; where a number is predicted, the number.</param>
    public void Add(double output, double came)
    {
        lock (_gate)
        {
            _latest.Enqueue((output, came));
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

    /// <summary>By what versions are held against each other, with its 95 % interval: the AUROC, or the mean absolute error; null while there are too few outcomes.</summary>
    public abstract Estimate? Quality();

    /// <summary>
    /// Why the version must not be used any more; null: it may. What is asked is not whether it looks worse but whether chance is no explanation: the whole 95 % interval
    /// lies beyond the bound. So a version that is as good as its reference is seldom taken out of use, however often it is asked about.
    /// </summary>
    /// <param name="reference">The <see cref="Quality"/> that it is held against; null: none is known.</param>
    public abstract WithdrawalReason? Verdict(double? reference);

    /// <summary>[rows] each: the outputs, and what came.</summary>
    protected (double[] Outputs, double[] Came) Latest()
    {
        lock (_gate)
            return ([.. _latest.Select(outcome => outcome.Output)], [.. _latest.Select(outcome => outcome.Came)]);
    }
}
