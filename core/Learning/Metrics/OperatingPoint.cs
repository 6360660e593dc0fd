using System.Globalization;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>How many rows, as far as merged bins tell: where a threshold lies within a bin, its rows may be on either side.</summary>
/// <param name="Least">So many are certain.</param>
/// <param name="Most">So many are possible.</param>
public readonly record struct CountRange(long Least, long Most)
{
    /// <summary>The count for people.</summary>
    public string Words => Least == Most ? Text($"{Least:N0}") : Text($"{Least:N0} to {Most:N0}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A share of rows, as far as merged bins tell.</summary>
/// <param name="Least">The least that it can be.</param>
/// <param name="Most">The most that it can be.</param>
/// <param name="Low">Lower end of Wilson's 95 % interval (<see cref="ExactMetrics.Wilson"/>) of the least.</param>
/// <param name="High">Upper end of that of the most.</param>
public readonly record struct BoundedShare(double Least, double Most, double Low, double High)
{
    /// <summary>The share; null where the bins leave it open.</summary>
    public double? Value => Least.Equals(Most) ? Least : null;
}

/// <summary>
/// What comes of calling positive whoever has at least some probability, pooled from sums: from a histogram of scores, also of several sites and suppressed. A threshold whose
/// logit is an edge of the grid (a multiple of ¼ from -7.75 to 7.75; 0.5 is one; within a billionth, as logits of decimals are rounded) that no bin reaches across has
/// exact counts. Any other has bounds, by the
/// rows of the bins that it lies in.
/// </summary>
/// <remarks>Intervals are those of rows drawn independently: that sites differ is not in them. A share of no rows is undefined: null.</remarks>
public sealed record OperatingPoint
{
    private const double EdgeRounding = 1e-9;

    private OperatingPoint(double threshold, long negatives, long positives, CountRange truePositives, CountRange falsePositives) =>
        (Threshold, Negatives, Positives, TruePositives, FalsePositives) = (threshold, negatives, positives, truePositives, falsePositives);

    /// <summary>The probability from which on a row is called positive, in (0, 1).</summary>
    public double Threshold { get; }

    /// <summary>Rows with a negative label.</summary>
    public long Negatives { get; }

    /// <summary>Rows with a positive label.</summary>
    public long Positives { get; }

    /// <summary>Positives that are called positive.</summary>
    public CountRange TruePositives { get; }

    /// <summary>Negatives that are called positive.</summary>
    public CountRange FalsePositives { get; }

    /// <summary>Positives that are not called positive.</summary>
    public CountRange FalseNegatives => new(Positives - TruePositives.Most, Positives - TruePositives.Least);

    /// <summary>Negatives that are not called positive.</summary>
    public CountRange TrueNegatives => new(Negatives - FalsePositives.Most, Negatives - FalsePositives.Least);

    /// <summary>True positives of the positives, also called true-positive rate.</summary>
    public BoundedShare? Sensitivity => Of(TruePositives, Positives);

    /// <summary>True negatives of the negatives.</summary>
    public BoundedShare? Specificity => Of(TrueNegatives, Negatives);

    /// <summary>PPV: true positives of those called positive. Undefined where it may be that none is.</summary>
    public BoundedShare? PositivePredictiveValue => Predictive(TruePositives, FalsePositives);

    /// <summary>NPV: true negatives of those called negative. Undefined where it may be that none is.</summary>
    public BoundedShare? NegativePredictiveValue => Predictive(TrueNegatives, FalseNegatives);

    /// <summary>Those called positive of all.</summary>
    public BoundedShare? PredictedPositive =>
        Of(new CountRange(TruePositives.Least + FalsePositives.Least, TruePositives.Most + FalsePositives.Most), Negatives + Positives);

    /// <summary>The counts at a threshold.</summary>
    /// <param name="histogram">Scores of one site or several.</param>
    /// <param name="threshold">A probability in (0, 1), stated before the scores were seen.</param>
    public static OperatingPoint Of(ScoreHistogram histogram, double threshold)
    {
        ArgumentNullException.ThrowIfNull(histogram);
        if (threshold is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(threshold), "A threshold is a probability between 0 and 1.");
        var exact = Math.Log(threshold / (1 - threshold));
        var edge = Math.Round(exact * 4) / 4;
        var logit = Math.Abs(exact - edge) < EdgeRounding ? edge : exact;
        var (truePositives, falsePositives) = (default(CountRange), default(CountRange));
        foreach (var bin in histogram.Bins.Where(bin => ScoreHistogram.LogitOf(bin.To) > logit))
        {
            var isCertain = ScoreHistogram.LogitOf(bin.From) >= logit;
            truePositives = With(truePositives, bin.Positives, isCertain);
            falsePositives = With(falsePositives, bin.Negatives, isCertain);
        }

        return new OperatingPoint(threshold, histogram.Negatives, histogram.Positives, truePositives, falsePositives);

        static CountRange With(CountRange sum, long count, bool isCertain) => new(sum.Least + (isCertain ? count : 0), sum.Most + count);
    }

    private static BoundedShare? Of(CountRange count, long all) => all == 0
        ? null
        : new BoundedShare((double)count.Least / all, (double)count.Most / all, ExactMetrics.Wilson(count.Least, all)!.Value.Low, ExactMetrics.Wilson(count.Most, all)!.Value.High);

    // Share and interval rise with those that are right and fall with those that are wrong, so that the extremes are at the corners.
    private static BoundedShare? Predictive(CountRange right, CountRange wrong)
    {
        if (right.Least + wrong.Least == 0)
            return null;
        var (least, most) = (ExactMetrics.Wilson(right.Least, right.Least + wrong.Most)!.Value, ExactMetrics.Wilson(right.Most, right.Most + wrong.Least)!.Value);
        return new BoundedShare(least.Value, most.Value, least.Low, most.High);
    }
}
