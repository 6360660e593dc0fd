using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>How well the true risk ranks.</summary>
/// <param name="Rows">Patients with a stay.</param>
/// <param name="Positives">Those with the outcome.</param>
/// <param name="Drawn">AUROC of the true risk over the outcomes that were drawn, with its 95 % interval; null without both classes.</param>
/// <param name="Expected">Over all outcomes that could have been drawn; null without rows.</param>
internal sealed record BestAuroc(int Rows, int Positives, Estimate? Drawn, double? Expected)
{
    public static BestAuroc Of(IReadOnlyList<(double Risk, bool Outcome)> rows)
    {
        var (risks, outcomes) = (rows.Select(row => row.Risk).ToArray(), rows.Select(row => row.Outcome).ToArray());
        return new BestAuroc(rows.Count, outcomes.Count(outcome => outcome), ExactMetrics.Auroc(risks, outcomes), Expectation(risks));
    }

    /// <summary>
    /// With outcomes drawn independently, i is positive and j negative with probability p_i (1 - p_j): the expected number of pairs in the right order over the
    /// expected number of pairs. Of two equal risks half a pair is.
    /// </summary>
    public static double? Expectation(ReadOnlySpan<double> risks)
    {
        var sorted = risks.ToArray();
        Array.Sort(sorted);
        var (right, pairs, below, negatives) = (0.0, 0.0, 0.0, sorted.Sum(risk => 1 - risk));
        for (var i = 0; i < sorted.Length;)
        {
            var (end, positive, negative) = (i, 0.0, 0.0);
            for (; end < sorted.Length && sorted[end] == sorted[i]; end++)
                (positive, negative) = (positive + sorted[end], negative + 1 - sorted[end]);
            // A row is in no pair with itself.
            var own = (end - i) * sorted[i] * (1 - sorted[i]);
            right += (positive * below) + (((positive * negative) - own) / 2);
            pairs += (positive * negatives) - own;
            (below, i) = (below + negative, end);
        }

        return pairs > 0 ? right / pairs : null;
    }
}
