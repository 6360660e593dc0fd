using System.Collections.Immutable;

namespace FederatedClinicalMl.Privacy;

/// <summary>
/// Upper bounds of what has been spent, one for each of <see cref="Orders"/>, under addition or removal of one patient. Mechanisms that run one after
/// the other, each chosen freely in view of what the earlier ones gave but with costs fixed beforehand, cost the sum (Mironov 2017, proposition 1).
/// Where costs too are chosen on the way, <see cref="PrivacyFilter"/> decides.
/// </summary>
public sealed class RenyiCurve
{
    private readonly ImmutableArray<double> _bounds;

    private RenyiCurve(ImmutableArray<double> bounds) => _bounds = bounds;

    /// <summary>
    /// The orders: every whole number from 2 to 256, then 320, 384, 512, 768 and 1024 for budgets far below epsilon 0.1. Whole ones only: at those the
    /// bounds hold for the discrete Gaussian as they do for the continuous one.
    /// </summary>
    public static ImmutableArray<int> Orders { get; } = [.. Enumerable.Range(2, 255), 320, 384, 512, 768, 1024];

    /// <summary>Nothing spent.</summary>
    public static RenyiCurve Zero { get; } = new([.. Orders.Select(_ => 0.0)]);

    /// <summary>What charges cost together.</summary>
    public static RenyiCurve Of(IEnumerable<PrivacyCharge> charges)
    {
        var total = Zero;
        foreach (var group in charges.GroupBy(charge => charge))
            total += Of(group.Key).Times(group.LongCount());
        return total;
    }

    /// <summary>What one charge costs.</summary>
    public static RenyiCurve Of(PrivacyCharge charge) => new([.. Orders.Select(charge.Divergence)]);

    /// <summary>The bound at one of <see cref="Orders"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The order is none of them.</exception>
    public double At(int order) =>
        Orders.BinarySearch(order) is >= 0 and var at ? _bounds[at] : throw new ArgumentOutOfRangeException(nameof(order), order, "No bound is kept at this order.");

    /// <summary>Both, one after the other. Each sum is rounded up.</summary>
    public static RenyiCurve operator +(RenyiCurve left, RenyiCurve right) => new([.. left._bounds.Zip(right._bounds, SumUp)]);

    /// <summary>The same, <paramref name="count"/> times over. Each product is rounded up.</summary>
    public RenyiCurve Times(long count) => new([.. _bounds.Select(bound => TimesUp(bound, count))]);

    /// <summary>The least epsilon that the bounds give at a delta in (0, 1).</summary>
    public double EpsilonAt(double delta) => IsZero ? 0 : Orders.Select((order, i) => RenyiConversion.Epsilon(order, _bounds[i], delta)).Min();

    /// <summary>The least delta that the bounds give at an epsilon from 0.</summary>
    public double DeltaAt(double epsilon) => IsZero ? 0 : Orders.Select((order, i) => RenyiConversion.Delta(order, _bounds[i], epsilon)).Min();

    private bool IsZero => _bounds.All(bound => bound == 0);

    internal static double SumUp(double left, double right) => left == 0 ? right : right == 0 ? left : Math.BitIncrement(left + right);

    internal static double TimesUp(double bound, long count) => bound == 0 || count == 0 ? 0 : count == 1 ? bound : Math.BitIncrement(bound * Math.BitIncrement((double)count));
}
