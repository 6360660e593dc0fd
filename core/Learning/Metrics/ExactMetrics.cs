namespace FederatedClinicalMl.Learning;

/// <summary>An estimate with its 95 % interval.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct Estimate(double Value, double Low, double High);

/// <summary>
/// Metrics from every row's score, for the simulator and the demo, which hold all rows; sites report histograms instead. A metric that is not
/// defined is null.
/// </summary>
public static class ExactMetrics
{
    // The 97.5 % point of the standard normal distribution.
    private const double Z = 1.959963984540054;

    /// <summary>
    /// Area under the ROC curve, ties counted half, with the interval of DeLong, DeLong and Clarke-Pearson 1988 ("Comparing the areas under two
    /// or more correlated receiver operating characteristic curves", Biometrics 44), computed from midranks (Sun and Xu 2014, IEEE Signal
    /// Processing Letters 21(11)) and cut to [0, 1].
    /// </summary>
    /// <param name="scores">[rows], any increasing function of the probability; none NaN.</param>
    /// <param name="labels">[rows].</param>
    /// <returns>Null unless each class has at least two rows, which the variance needs.</returns>
    public static Estimate? Auroc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        CheckRows(scores, labels);
        var (positive, negative) = (new List<double>(), new List<double>());
        for (var i = 0; i < scores.Length; i++)
            (labels[i] ? positive : negative).Add(scores[i]);
        var (m, n) = (positive.Count, negative.Count);
        if (m < 2 || n < 2)
            return null;

        var overall = Midranks([.. positive, .. negative]);
        var (withinPositive, withinNegative) = (Midranks([.. positive]), Midranks([.. negative]));
        var fromPositive = new double[m]; // share of negatives below each positive
        for (var i = 0; i < m; i++)
            fromPositive[i] = (overall[i] - withinPositive[i]) / n;
        var fromNegative = new double[n]; // share of positives above each negative
        for (var j = 0; j < n; j++)
            fromNegative[j] = 1 - ((overall[m + j] - withinNegative[j]) / m);

        var area = fromPositive.Average();
        var half = Z * Math.Sqrt((Variance(fromPositive) / m) + (Variance(fromNegative) / n));
        return new Estimate(area, Math.Max(0, area - half), Math.Min(1, area + half));
    }

    /// <summary>Share of rows whose logit is on the right side of 0 (0 counts as positive), with Wilson's interval; null without rows.</summary>
    public static Estimate? Accuracy(ReadOnlySpan<double> logits, ReadOnlySpan<bool> labels)
    {
        CheckRows(logits, labels);
        var right = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (logits[i] >= 0 == labels[i])
                right++;
        }

        return Wilson(right, logits.Length);
    }

    /// <summary>
    /// A share with the score interval of Wilson 1927 ("Probable inference, the law of succession, and statistical inference", JASA 22), without
    /// continuity correction; null without trials.
    /// </summary>
    public static Estimate? Wilson(long successes, long trials)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        if (trials == 0)
            return null;
        double n = trials;
        var share = successes / n;
        var scale = 1 + (Z * Z / n);
        var centre = (share + (Z * Z / (2 * n))) / scale;
        var half = Z * Math.Sqrt((share * (1 - share) / n) + (Z * Z / (4 * n * n))) / scale;
        return new Estimate(share, Math.Max(0, centre - half), Math.Min(1, centre + half));
    }

    private static void CheckRows(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels)
    {
        if (scores.Length != labels.Length)
            throw new ArgumentException($"There are {scores.Length} scores and {labels.Length} labels.", nameof(labels));
        foreach (var score in scores)
        {
            if (double.IsNaN(score))
                throw new ArgumentException("A score is NaN: the model has diverged.", nameof(scores));
        }
    }

    private static double[] Midranks(double[] values)
    {
        var order = Enumerable.Range(0, values.Length).ToArray();
        Array.Sort([.. values], order);
        var ranks = new double[values.Length];
        for (var start = 0; start < order.Length;)
        {
            var end = start + 1;
            while (end < order.Length && values[order[end]].Equals(values[order[start]]))
                end++;
            for (var i = start; i < end; i++)
                ranks[order[i]] = (start + end + 1) / 2.0; // ranks start+1 to end share their mean
            start = end;
        }

        return ranks;
    }

    private static double Variance(double[] values)
    {
        var mean = values.Average();
        return values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1);
    }
}
