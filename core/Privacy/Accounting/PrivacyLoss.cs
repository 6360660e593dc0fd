namespace FederatedClinicalMl.Privacy;

/// <summary>Two proved bounds, one on either side.</summary>
/// <param name="Lower">Not above the number.</param>
/// <param name="Upper">Not below it.</param>
public readonly record struct Bracket(double Lower, double Upper);

/// <summary>
/// What a schedule that is fixed beforehand costs one patient, added or removed: tighter than <see cref="RenyiCurve"/>, but for planning and reports only. Where
/// charges depend on what was released, only <see cref="PrivacyFilter"/> holds. Upper bounds are for the mechanisms that run, on their grid and with the stated
/// deviation; lower ones for the continuous mechanisms that bound those, and say how tight the upper ones are.
/// </summary>
public static class PrivacyLoss
{
    /// <summary>Most steps of a schedule.</summary>
    public const long MaximumSteps = 10_000_000;

    /// <summary>Grid points where not said otherwise: a bracket within a percent or so for ten thousand steps.</summary>
    internal const int DefaultLength = 1 << 16;

    /// <summary>Epsilon at a delta.</summary>
    /// <param name="charges">The schedule; the order does not matter.</param>
    /// <param name="delta">In (0, 1).</param>
    /// <exception cref="ArgumentOutOfRangeException">More than <see cref="MaximumSteps"/>, or noise of less than an eighth of the sensitivity.</exception>
    public static Bracket EpsilonAt(IEnumerable<PrivacyCharge> charges, double delta) => EpsilonAt([.. charges.Select(charge => (charge, 1L))], delta, DefaultLength);

    /// <summary>Delta at an epsilon.</summary>
    /// <param name="charges">The schedule; the order does not matter.</param>
    /// <param name="epsilon">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">As for <see cref="EpsilonAt(IEnumerable{PrivacyCharge}, double)"/>.</exception>
    public static Bracket DeltaAt(IEnumerable<PrivacyCharge> charges, double epsilon)
    {
        var compositions = Compose([.. charges.Select(charge => (charge, 1L))], sketch => sketch.TiltForEpsilon(epsilon), DefaultLength);
        return compositions.Length == 0 ? default : new(compositions.Max(one => one.Lower(epsilon)), compositions.Max(one => one.Upper(epsilon)));
    }

    internal static Bracket EpsilonAt((PrivacyCharge Charge, long Times)[] charges, double delta, int length)
    {
        var compositions = Compose(charges, sketch => sketch.TiltForDelta(delta), length);
        return compositions.Length == 0 ? default : new(compositions.Max(one => one.LowerEpsilon(delta)), compositions.Max(one => one.UpperEpsilon(delta)));
    }

    /// <summary>Whether so many of each charge are within a delta at an epsilon: proved if so.</summary>
    internal static bool IsWithin((PrivacyCharge Charge, long Times)[] charges, double epsilon, double delta, int length) =>
        Compose(charges, sketch => sketch.TiltForEpsilon(epsilon), length).All(one => one.Upper(epsilon) <= delta);

    private static LossComposition[] Compose((PrivacyCharge Charge, long Times)[] charges, Func<LossSketch, double> tilt, int length)
    {
        if (charges.Length == 0)
            return [];
        var steps = charges.GroupBy(one => LossStep.Of(one.Charge)).ToDictionary(group => group.Key, group => group.Sum(one => one.Times * one.Charge.Steps));
        if (steps.Values.Sum() > MaximumSteps)
            throw new ArgumentOutOfRangeException(nameof(charges), $"A schedule has at most {MaximumSteps} steps.");
        bool[] directions = steps.Keys.All(step => step.Symmetric) ? [false] : [false, true];
        return [.. directions.Select(added => LossComposition.Of(steps, added, tilt, length))];
    }
}
