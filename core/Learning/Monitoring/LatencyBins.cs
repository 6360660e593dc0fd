using System.Collections.Immutable;
using System.Numerics;

namespace FederatedClinicalMl.Learning;

/// <summary>Public bins of times, for counts that add up: bin 0 is below 64 µs, bin i from 2^(i + 5) µs to below 2^(i + 6) µs, the last from 2.1 s on.</summary>
public static class LatencyBins
{
    /// <summary>Number of bins.</summary>
    public const int Count = 17;

    private const int First = 6;

    /// <summary>The bin of a time.</summary>
    public static int Of(TimeSpan elapsed) => Math.Clamp(BitOperations.Log2((ulong)Math.Max(1, elapsed.Ticks / TimeSpan.TicksPerMicrosecond)) - First + 1, 0, Count - 1);

    /// <summary>The upper ends of all bins but the last, in microseconds.</summary>
    public static ImmutableArray<long> UpperEnds { get; } = [.. Enumerable.Range(0, Count - 1).Select(bin => 1L << (bin + First))];
}
