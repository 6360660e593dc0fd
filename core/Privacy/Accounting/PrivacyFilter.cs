using System.Collections.Immutable;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Says of each charge, before it is made, whether all charges together stay under a ceiling, whoever chose them and whatever they had seen when they
/// chose: a Renyi filter (Feldman and Zrnic 2021, theorem 4.3; Lecuyer 2021). Immutable: the ledger's state is the fold of this value over its charges, and
/// there is no way back to a lower one.
/// <para>
/// A filter holds at ONE order. To go on as long as some order has room, while charges may depend on what was released, is proved only if the orders
/// share delta (docs/reference/accounting.md, "The filter"). Half of it goes to the order that serves plain Gaussian noise best under this ceiling, which costs
/// log(2)/(order - 1) in epsilon; the other half in equal parts to a short list, for budgets that are spent otherwise.
/// </para>
/// </summary>
public sealed class PrivacyFilter
{
    private static readonly ImmutableArray<int> Fallbacks = [2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256];

    private readonly ImmutableArray<(int Order, double Delta)> _orders;
    private readonly ImmutableArray<double> _spent;

    // Charges come in runs of equal ones; the last one's cost is kept.
    private readonly PrivacyCharge? _last;
    private readonly ImmutableArray<double> _costOfLast;

    private PrivacyFilter(
        PrivacyCeiling ceiling, ImmutableArray<(int Order, double Delta)> orders, ImmutableArray<double> spent, PrivacyCharge? last, ImmutableArray<double> costOfLast)
    {
        (Ceiling, _orders, _spent) = (ceiling, orders, spent);
        (_last, _costOfLast) = (last, costOfLast);
    }

    /// <summary>The ceiling.</summary>
    public PrivacyCeiling Ceiling { get; }

    /// <summary>
    /// What the charges so far have used of the ceiling's epsilon, at its delta. For people: the promise is the ceiling. That charges chosen on the way
    /// stopped here by chance is no proof of a smaller one.
    /// </summary>
    public double Epsilon => EpsilonOf(_spent);

    /// <summary>A filter that has let nothing pass yet.</summary>
    public static PrivacyFilter Under(PrivacyCeiling ceiling) => Under(ceiling, RenyiCurve.Zero);

    /// <summary>
    /// A filter behind which charges were made already, let pass by this ceiling or by another. Where a ceiling was lowered below what they come to, nothing passes
    /// any more; where it was raised, what is promised is the highest that ever held.
    /// </summary>
    public static PrivacyFilter Under(PrivacyCeiling ceiling, RenyiCurve spent)
    {
        var delta = RationalBounds.Below(ceiling.Delta) / 2;
        var best = RenyiCurve.Orders.MaxBy(order => (RationalBounds.Below(ceiling.Epsilon) - RenyiConversion.Epsilon(order, 0, delta)) / order);
        var others = Fallbacks.Remove(best);
        // A share is rounded below its part, so that all of them together are not above delta.
        var share = Math.BitDecrement(delta / others.Length);
        return new(ceiling, [(best, delta), .. others.Select(order => (order, share))], [spent.At(best), .. others.Select(spent.At)], null, []);
    }

    /// <summary>Whether a charge may be made now.</summary>
    public bool Admits(PrivacyCharge charge) => Admits(charge, 1);

    /// <summary>Whether charges that cost so much together may be made now.</summary>
    public bool Admits(RenyiCurve cost) => IsWithin(Sum(_spent, CostOf(cost), 1));

    /// <summary>What <see cref="Epsilon"/> would be after charges that cost so much together.</summary>
    public double EpsilonAfter(RenyiCurve cost) => EpsilonOf(Sum(_spent, CostOf(cost), 1));

    /// <summary>The state once a charge has been made, which is before anything is computed: nothing is given back if it comes to nothing.</summary>
    /// <exception cref="InvalidOperationException">The charge does not fit under the ceiling.</exception>
    public PrivacyFilter Charge(PrivacyCharge charge)
    {
        var cost = CostOf(charge);
        var spent = Sum(_spent, cost, 1);
        return IsWithin(spent)
            ? new(Ceiling, _orders, spent, charge, cost)
            : throw new InvalidOperationException("The charge does not fit under the ceiling; ask the filter before charging.");
    }

    /// <summary>How many charges equal to this one still fit, one after the other.</summary>
    public long Remaining(PrivacyCharge charge)
    {
        // Above this many, the limit is not what keeps anyone safe.
        const long Ample = 1L << 40;
        long fits = 0;
        var fails = 1L;
        while (fails < Ample && Admits(charge, fails))
            (fits, fails) = (fails, 2 * fails);
        while (fails - fits > 1)
        {
            var middle = fits + ((fails - fits) / 2);
            (fits, fails) = Admits(charge, middle) ? (middle, fails) : (fits, middle);
        }

        return fits;
    }

    /// <summary>Whether all of these charges, so many times over, fit.</summary>
    internal bool AdmitsTogether(IEnumerable<PrivacyCharge> charges, long times) => IsWithin(After(charges, times));

    /// <summary>What <see cref="Epsilon"/> would be after these charges, so many times over.</summary>
    internal double EpsilonAfter(IEnumerable<PrivacyCharge> charges, long times) => EpsilonOf(After(charges, times));

    private ImmutableArray<double> After(IEnumerable<PrivacyCharge> charges, long times) =>
        charges.Aggregate(_spent, (spent, charge) => Sum(spent, CostOf(charge), times));

    private bool Admits(PrivacyCharge charge, long count) => IsWithin(Sum(_spent, CostOf(charge), count));

    private bool IsWithin(ImmutableArray<double> spent) => EpsilonOf(spent) <= RationalBounds.Below(Ceiling.Epsilon);

    private double EpsilonOf(ImmutableArray<double> spent) => spent.All(one => one == 0) ? 0 : _orders.Select((order, i) => RenyiConversion.Epsilon(order.Order, spent[i], order.Delta)).Min();

    private ImmutableArray<double> CostOf(PrivacyCharge charge) => charge == _last ? _costOfLast : [.. _orders.Select(order => charge.Divergence(order.Order))];

    private ImmutableArray<double> CostOf(RenyiCurve cost) => [.. _orders.Select(order => cost.At(order.Order))];

    private static ImmutableArray<double> Sum(ImmutableArray<double> spent, ImmutableArray<double> cost, long count) =>
        [.. spent.Select((one, i) => RenyiCurve.SumUp(one, RenyiCurve.TimesUp(cost[i], count)))];
}
