using System.Globalization;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// Whether a candidate's area under the ROC curve is not lower than that of the version in production by more than a margin: whether the lower end of the 95 % interval
/// of their difference is above -margin, as in trials of
/// non-inferiority (Piaggio, Elbourne, Pocock, Evans and Altman 2012, JAMA 308). What is not known is not passed.
/// </summary>
public sealed record GateDecision
{
    private GateDecision(bool isPassed, double margin, double? difference, double? bound, RandomEffects? effects, string words) =>
        (IsPassed, Margin, Difference, Bound, Effects, Words) = (isPassed, margin, difference, bound, effects, words);

    /// <summary>Whether the gate is passed.</summary>
    public bool IsPassed { get; }

    /// <summary>By how much the candidate may be worse.</summary>
    public double Margin { get; }

    /// <summary>The candidate's area, or mean absolute error, less production's; null where it is not known.</summary>
    public double? Difference { get; }

    /// <summary>The worse end of its 95 % interval, the lower one of areas and the upper one of errors: the difference is better but for one chance in 40; null where it is not known.</summary>
    public double? Bound { get; }

    /// <summary>Number of sites, heterogeneity and all else of the combination over sites; null where sums were pooled or nothing is known.</summary>
    public RandomEffects? Effects { get; }

    /// <summary>Numbers, decision and how they came about, in a sentence for people.</summary>
    public string Words { get; }

    /// <summary>
    /// Decides by the sites' own paired differences, combined by <see cref="RandomEffects"/>. With few sites the bound is far below: 12.7 standard errors with two, 4.3
    /// with three, 2.8 with five, as so few tell little of how
    /// sites differ.
    /// </summary>
    /// <param name="differences">The candidate's area less production's (<see cref="CorrelatedAreas.Difference"/>) of each site that released it.</param>
    /// <param name="margin">From 0 to below 1.</param>
    public static GateDecision NotWorse(IReadOnlyCollection<SiteEstimate> differences, double margin)
    {
        ArgumentNullException.ThrowIfNull(differences);
        CheckMargin(margin);
        if (differences.Count == 0)
            return Unknown(margin, "no site released the areas of both versions on the same rows");
        var effects = RandomEffects.Of(differences);
        return OfAreas(margin, effects.Mean.Value, Math.Max(-1, effects.Mean.Low), effects, effects.Basis);
    }

    /// <summary>
    /// Decides by scores pooled from sums, where sites release no areas of their own. Sums do not tell which rows are the same, nor how sites differ: so each area has
    /// the widest interval that it can have (<see cref="ClassifierMetrics.AurocInterval"/>), and both are taken at their worst. The bound holds whatever the correlation,
    /// and is passed much less easily than by paired differences.
    /// </summary>
    /// <param name="candidate">The candidate's scores; null where withheld.</param>
    /// <param name="production">Production's scores on the same rows; null where withheld.</param>
    /// <param name="margin">From 0 to below 1.</param>
    public static GateDecision NotWorse(ScoreHistogram? candidate, ScoreHistogram? production, double margin)
    {
        CheckMargin(margin);
        var (ours, theirs) = (ClassifierMetrics.Of(candidate), ClassifierMetrics.Of(production));
        if (ours.AurocInterval is not { } area || theirs.AurocInterval is not { } other)
            return Unknown(margin, "the pooled scores of a version are withheld, or of one class");
        if ((ours.Negatives, ours.Positives) != (theirs.Negatives, theirs.Positives))
            return Unknown(margin, "the pooled scores of the two versions are of different rows");
        return OfAreas(margin, area.Value - other.Value, area.Low - other.High, null, "pooled from sums, which do not tell how sites differ");
    }

    /// <summary>Whether a candidate's mean absolute error is not greater than production's by more than a margin: by the sites' own paired differences, as <see cref="NotWorse(IReadOnlyCollection{SiteEstimate}, double)"/> of areas.</summary>
    /// <param name="errors">Both models' errors on the same rows, of each site that told them.</param>
    /// <param name="margin">As a share of production's mean absolute error over those sites' rows; from 0 to below 1.</param>
    public static GateDecision NoGreaterError(IReadOnlyCollection<PairedErrors> errors, double margin)
    {
        ArgumentNullException.ThrowIfNull(errors);
        CheckMargin(margin);
        if (errors.Count == 0)
            return Unknown(margin, "no site released the errors of both versions on the same rows");
        var effects = RandomEffects.Of([.. errors.Select(site => site.Difference)]);
        var production = errors.Sum(site => site.Rows * site.Other) / errors.Sum(site => site.Rows);
        return OfErrors(margin, effects.Mean.Value, effects.Mean.High, production, effects, effects.Basis);
    }

    /// <summary>The same by errors pooled from sums, where sites release none of their own: both are taken at the worse ends of their intervals.</summary>
    /// <param name="candidate">The candidate's errors; null where withheld.</param>
    /// <param name="production">Production's errors on the same rows; null where withheld.</param>
    /// <param name="margin">As a share of production's mean absolute error; from 0 to below 1.</param>
    public static GateDecision NoGreaterError(RegressionSums? candidate, RegressionSums? production, double margin)
    {
        CheckMargin(margin);
        if (RegressionMetrics.Of(candidate).MeanAbsoluteError is not { } ours || RegressionMetrics.Of(production).MeanAbsoluteError is not { } theirs)
            return Unknown(margin, "the pooled errors of a version are withheld");
        if (candidate!.Outcome != production!.Outcome)
            return Unknown(margin, "the pooled errors of the two versions are of different rows");
        return OfErrors(margin, ours.Value - theirs.Value, ours.High - theirs.Low, theirs.Value, null, "pooled from sums, which do not tell how sites differ");
    }

    /// <summary>What is not decided, and therefore not passed.</summary>
    /// <param name="margin">From 0 to below 1.</param>
    /// <param name="why">Why, in a sentence's part.</param>
    public static GateDecision Unknown(double margin, string why) => new(false, margin, null, null, null, $"not decided and therefore not passed: {why}");

    private static GateDecision OfAreas(double margin, double difference, double bound, RandomEffects? effects, string basis)
    {
        var passed = bound > -margin;
        return new(passed, margin, difference, bound, effects, string.Create(
            CultureInfo.InvariantCulture,
            $"AUROC differs from production's by {difference:+0.0000;-0.0000;0.0000}, lower end of the 95 % interval {bound:+0.0000;-0.0000;0.0000}: {(passed ? "not worse" : "may be worse")} by more than {margin:0.0000}; {basis}"));
    }

    private static GateDecision OfErrors(double margin, double difference, double bound, double production, RandomEffects? effects, string basis)
    {
        var passed = bound < margin * production;
        return new(passed, margin, difference, bound, effects, string.Create(
            CultureInfo.InvariantCulture,
            $"Mean absolute error differs from production's {production:G4} by {difference:+0.####;-0.####;0}, upper end of the 95 % interval {bound:+0.####;-0.####;0}: {(passed ? "not greater" : "may be greater")} by more than {100 * margin:0.##} % of it; {basis}"));
    }

    private static void CheckMargin(double margin)
    {
        if (margin is not (>= 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(margin), "A margin is from 0 to below 1.");
    }
}
