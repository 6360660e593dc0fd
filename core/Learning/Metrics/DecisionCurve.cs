using System.Collections.Immutable;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>A point of a decision curve. That of treating nobody is 0.</summary>
/// <param name="Threshold">The probability p from which on somebody would be treated, in (0, 1): p/(1 - p) is what treating in vain costs of what treating in need gains.</param>
/// <param name="Least">The model's net benefit at least, in true positives for each row; it is exact where <paramref name="Most"/> is the same.</param>
/// <param name="Most">At most: what merged bins leave open (<see cref="OperatingPoint"/>).</param>
/// <param name="TreatAll">That of treating everybody.</param>
public readonly record struct DecisionPoint(double Threshold, double Least, double Most, double TreatAll);

/// <summary>
/// Net benefit over thresholds, pooled from sums: TP/n - FP/n · p/(1 - p) (Vickers and Elkin 2006, "Decision curve analysis: a novel method for evaluating prediction models",
/// Medical Decision Making 26). A model is of use where it is above both treating all and treating none. What a treatment costs is a judgement that nobody's data make.
/// </summary>
public static class DecisionCurve
{
    /// <summary>The curve of a model.</summary>
    /// <param name="histogram">Scores of one site or several.</param>
    /// <param name="thresholds">Probabilities in (0, 1), in any order.</param>
    /// <returns>[thresholds]; empty where there are no rows.</returns>
    public static ImmutableArray<DecisionPoint> Of(ScoreHistogram histogram, IEnumerable<double> thresholds)
    {
        ArgumentNullException.ThrowIfNull(histogram);
        ArgumentNullException.ThrowIfNull(thresholds);
        var rows = histogram.Negatives + histogram.Positives;
        return rows == 0 ? [] : [.. thresholds.Select(threshold => OperatingPoint.Of(histogram, threshold)).Select(point => new DecisionPoint(
            point.Threshold,
            Benefit(point.TruePositives.Least, point.FalsePositives.Most, point.Threshold),
            Benefit(point.TruePositives.Most, point.FalsePositives.Least, point.Threshold),
            Benefit(point.Positives, point.Negatives, point.Threshold)))];

        double Benefit(long truePositives, long falsePositives, double threshold) => (truePositives - (falsePositives * (threshold / (1 - threshold)))) / rows;
    }
}
