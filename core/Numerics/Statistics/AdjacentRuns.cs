namespace FederatedClinicalMl.Numerics;

/// <summary>Adjacent cells merged until each count is 0 or not small. The one rule for ordered cells of which nothing but their counts is told.</summary>
internal static class AdjacentRuns
{
    /// <summary>As many runs of cells as can be, of which each has no rows or at least <paramref name="minimum"/>; null where all rows together are fewer.</summary>
    internal static List<(int Start, int End)>? Of(ReadOnlySpan<long> counts, int minimum)
    {
        // most[j]: the most runs that may leave into which the first j cells can be cut; from[j]: where the last of them begins.
        var most = new int[counts.Length + 1];
        var from = new int[counts.Length + 1];
        for (var end = 1; end <= counts.Length; end++)
        {
            most[end] = -1;
            var count = 0L;
            for (var start = end - 1; start >= 0; start--)
            {
                count += counts[start];
                if ((count == 0 || count >= minimum) && most[start] >= 0 && most[start] + 1 > most[end])
                    (most[end], from[end]) = (most[start] + 1, start);
            }
        }

        if (most[^1] < 0)
            return null;
        var runs = new List<(int Start, int End)>();
        for (var end = counts.Length; end > 0; end = from[end])
            runs.Add((from[end], end));
        runs.Reverse();
        return runs;
    }
}
