using System.Globalization;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// In which order the rows of an epoch are visited. A pure function of the epoch's number, so that a worker keeps no place between rounds:
/// a round starts where the one before would have ended, after a restart too.
/// </summary>
/// <param name="epoch">From 0, counted over all rounds.</param>
/// <param name="rows">Number of training rows.</param>
/// <returns>A permutation of 0 to rows - 1, or as much of its beginning as is visited.</returns>
public delegate int[] SampleOrder(int epoch, int rows);

/// <summary>Orders of samples.</summary>
public static class SampleOrders
{
    /// <summary>The order of a study's seed at a site.</summary>
    public static SampleOrder Seeded(long seed, SiteId site) => (epoch, rows) =>
    {
        var order = new int[rows];
        for (var i = 0; i < rows; i++)
            order[i] = i;
        DeterministicRandom.Of("sample-order", seed.ToString(CultureInfo.InvariantCulture), site.Value, epoch.ToString(CultureInfo.InvariantCulture)).Shuffle<int>(order);
        return order;
    };

    /// <summary>A recorded order: the epochs' permutations one after the other, as FLamby's loader drew them.</summary>
    public static SampleOrder Recorded(IReadOnlyList<int> order) => (epoch, rows) =>
    {
        var start = checked(epoch * rows);
        if (start >= order.Count)
            throw new ArgumentException($"The recorded order has {order.Count} samples; epoch {epoch} of {rows} rows lies beyond it.", nameof(epoch));
        return [.. order.Skip(start).Take(rows)]; // a recording ends where training ended, within an epoch
    };
}
