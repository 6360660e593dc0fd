using System.Globalization;

namespace FederatedClinicalMl.Learning;

/// <summary>An estimate with its 95 % interval.</summary>
/// <param name="Value">The estimate.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public readonly record struct Estimate(double Value, double Low, double High)
{
    /// <summary>The 97.5 % point of the standard normal distribution.</summary>
    internal const double Z = 1.959963984540054;

    /// <summary>The estimate for people, with its interval: three decimals. For numbers with a unit there is <see cref="RegressionMetrics.Text(Estimate?)"/>.</summary>
    public string Text() => string.Create(CultureInfo.InvariantCulture, $"{Value:0.000} [{Low:0.000}, {High:0.000}]");

    /// <summary>The same with signs, of what may be on either side of 0.</summary>
    public string SignedText() => string.Create(CultureInfo.InvariantCulture, $"{Value:+0.000;-0.000;0.000} [{Low:+0.000;-0.000;0.000}, {High:+0.000;-0.000;0.000}]");

    /// <summary>An estimate whose interval reaches so far either way.</summary>
    internal static Estimate Around(double value, double half) => new(value, value - half, value + half);

    /// <summary>By how much more than is allowed the lower end of the greatest is above the upper end of the least: what could be chance does not count. 0 where it is not, or fewer than two are defined.</summary>
    internal static double Beyond(double allowed, IEnumerable<Estimate?> estimates)
    {
        Estimate[] defined = [.. estimates.OfType<Estimate>()];
        return defined.Length < 2 ? 0 : Math.Max(0, defined.Max(value => value.Low) - defined.Min(value => value.High) - allowed);
    }

    /// <summary>The least and the most by which the greatest of two or more may be above the least, each within its own interval.</summary>
    internal static (double Low, double High) Apart(IEnumerable<Estimate> estimates)
    {
        Estimate[] all = [.. estimates];
        return (Math.Max(0, all.Max(value => value.Low) - all.Min(value => value.High)), all.Max(value => value.High) - all.Min(value => value.Low));
    }

    /// <summary>The same on the scale of probabilities, for an estimate and interval of a logit.</summary>
    public Estimate FromLogit()
    {
        return new Estimate(Logistic(Value), Logistic(Low), Logistic(High));

        static double Logistic(double logit) => 1 / (1 + Math.Exp(-logit));
    }
}

/// <summary>
/// Metrics from every row's score, for the simulator and the demo, which hold all rows; sites report histograms instead. A metric that is not
/// defined is null.
/// </summary>
public static class ExactMetrics
{
    /// <summary>Area under the ROC curve with DeLong's interval: <see cref="CorrelatedAreas"/> of one curve.</summary>
    /// <param name="scores">[rows], any increasing function of the probability; none NaN.</param>
    /// <param name="labels">[rows].</param>
    /// <returns>Null unless each class has at least two rows, which the variance needs.</returns>
    public static Estimate? Auroc(ReadOnlySpan<double> scores, ReadOnlySpan<bool> labels) => CorrelatedAreas.Of([scores.ToArray()], labels)?.Interval(0);

    /// <summary>Share of rows whose logit is on the right side of 0 (0 counts as positive), with Wilson's interval; null without rows.</summary>
    public static Estimate? Accuracy(ReadOnlySpan<double> logits, ReadOnlySpan<bool> labels)
    {
        if (logits.Length != labels.Length)
            throw new ArgumentException($"There are {logits.Length} logits and {labels.Length} labels.", nameof(labels));
        var right = 0;
        for (var i = 0; i < logits.Length; i++)
        {
            if (double.IsNaN(logits[i]))
                throw new ArgumentException("A score is NaN: the model has diverged.", nameof(logits));
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
        return trials == 0 ? null : WilsonOf((double)successes / trials, trials);
    }

    // The interval of a share that need not be a whole number of trials.
    internal static Estimate WilsonOf(double share, double n)
    {
        const double z = Estimate.Z;
        var scale = 1 + (z * z / n);
        var centre = (share + (z * z / (2 * n))) / scale;
        var half = z * Math.Sqrt((share * (1 - share) / n) + (z * z / (4 * n * n))) / scale;
        return new Estimate(share, Math.Max(0, centre - half), Math.Min(1, centre + half));
    }
}
