using System.Collections.Immutable;

namespace FederatedClinicalMl.Privacy;

/// <summary>Whose word a plan is made to satisfy.</summary>
public enum PlanBasis
{
    /// <summary>The ledger's filter: every round of the plan will be let pass.</summary>
    Ledger,

    /// <summary>The loss distribution of the fixed schedule: less noise, but a ledger of the same ceiling stops before the last round.</summary>
    LossDistribution,
}

/// <summary>What has been spent after some rounds of a plan.</summary>
/// <param name="Rounds">How many.</param>
/// <param name="Ledger">Epsilon as the ledger's filter counts it.</param>
/// <param name="Loss">Epsilon of the fixed schedule: bounds on either side.</param>
public sealed record PlanPoint(int Rounds, double Ledger, Bracket Loss);

/// <summary>Rounds of one shape with one noise, under a ceiling: what <c>fcml privacy plan</c> prints.</summary>
public sealed class PrivacyPlan
{
    // Upper bounds are as valid as on the full grid, and hardly larger; lower ones are farther off.
    private const int SearchLength = 1 << 14;

    // Below an eighth of the sensitivity no accountant here promises anything worth having; above this, none is needed.
    private const int LeastNoise = RoundShape.NoiseGrid / 8;
    private const int MostNoise = 1000 * RoundShape.NoiseGrid;

    private readonly RoundShape _shape;

    /// <summary>A plan.</summary>
    /// <param name="ceiling">The ceiling; delta is taken from it, and the ledger's filter shares it out.</param>
    /// <param name="shape">One round.</param>
    /// <param name="noise">The noise multiplier in thousandths.</param>
    public PrivacyPlan(PrivacyCeiling ceiling, RoundShape shape, int noise) => (Ceiling, _shape, Noise) = (ceiling, shape, noise);

    /// <summary>The ceiling.</summary>
    public PrivacyCeiling Ceiling { get; }

    /// <summary>The noise multiplier in thousandths.</summary>
    public int Noise { get; }

    /// <summary>
    /// The plan with the least noise, to a thousandth of the sensitivity, with which so many rounds stay under a ceiling. Epsilon falls as noise grows, so that
    /// halving finds it; the result itself was computed to be under the ceiling. Null where even a thousandfold of the sensitivity is not enough.
    /// </summary>
    /// <param name="ceiling">The ceiling.</param>
    /// <param name="shape">One round.</param>
    /// <param name="rounds">From 1.</param>
    /// <param name="basis">Which accountant has to agree.</param>
    public static PrivacyPlan? NoiseFor(PrivacyCeiling ceiling, RoundShape shape, int rounds, PlanBasis basis)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        var filter = PrivacyFilter.Under(ceiling);
        // The grid must hold the noise: one grid unit at least.
        var least = LeastNoise;
        while (least < MostNoise && shape.SquaredSensitivity * Rational.Of((long)least * least, RoundShape.NoiseGrid * RoundShape.NoiseGrid) < Rational.One)
            least = Math.Min(MostNoise, 2 * least);
        var (fails, holds) = (least - 1, MostNoise);
        if (!Holds(holds))
            return null;
        while (holds - fails > 1)
        {
            // By the geometric mean: most of the range is far above what anyone wants.
            var middle = Math.Clamp((int)Math.Sqrt((double)fails * holds), fails + 1, holds - 1);
            (fails, holds) = Holds(middle) ? (fails, middle) : (middle, holds);
        }

        return new(ceiling, shape, holds);

        bool Holds(int noise)
        {
            var charges = shape.Charges(noise);
            // The ledger's own bound is the quicker one, and enough for either.
            return filter.AdmitsTogether(charges, rounds) || (basis == PlanBasis.LossDistribution
                && PrivacyLoss.IsWithin(Repeat(charges, rounds), RationalBounds.Below(ceiling.Epsilon), RationalBounds.Below(ceiling.Delta), SearchLength));
        }
    }

    /// <summary>What has been spent after so many rounds, from 0.</summary>
    public PlanPoint SpentAfter(int rounds)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rounds);
        if (rounds == 0)
            return new(0, 0, new(0, 0));
        var charges = _shape.Charges(Noise);
        return new(
            rounds, PrivacyFilter.Under(Ceiling).EpsilonAfter(charges, rounds),
            PrivacyLoss.EpsilonAt(Repeat(charges, rounds), RationalBounds.Below(Ceiling.Delta), SearchLength));
    }

    /// <summary>Points for a plot: at most <paramref name="points"/> of them, evenly spaced, with the last round among them.</summary>
    public ImmutableArray<PlanPoint> Curve(int rounds, int points) =>
        [.. Enumerable.Range(1, points).Select(i => (int)((long)rounds * i / points)).Where(at => at > 0).Distinct().Select(SpentAfter)];

    private static (PrivacyCharge Charge, long Times)[] Repeat(ImmutableArray<PrivacyCharge> charges, int rounds) => [.. charges.Select(charge => (charge, (long)rounds))];
}
