namespace FederatedClinicalMl.Numerics;

/// <summary>Adjacent cells merged until each count is 0 or not small. The one rule for ordered cells of which nothing but their counts is told.</summary>
internal static class AdjacentRuns
{
    /// <summary>As many runs of cells as can be, of which each has of each kind of row none or at least <paramref name="minimum"/>; null where all rows of a kind together are fewer.</summary>
    /// <param name="kinds">[kinds][cells]: rows that are counted apart.</param>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    internal static List<(int Start, int End)>? Of(IReadOnlyList<long[]> kinds, int minimum)
    {
        // most[j]: the most runs that may leave into which the first j cells can be cut; from[j]: where the last of them begins.
        var cells = kinds[0].Length;
        var most = new int[cells + 1];
        var from = new int[cells + 1];
        for (var end = 1; end <= cells; end++)
        {
            most[end] = -1;
            var counts = new long[kinds.Count];
            for (var start = end - 1; start >= 0; start--)
            {
                for (var kind = 0; kind < counts.Length; kind++)
                    counts[kind] += kinds[kind][start];
                if (most[start] >= 0 && most[start] + 1 > most[end] && Array.TrueForAll(counts, count => count == 0 || count >= minimum))
                    (most[end], from[end]) = (most[start] + 1, start);
            }
        }

        if (most[^1] < 0)
            return null;
        var runs = new List<(int Start, int End)>();
        for (var end = cells; end > 0; end = from[end])
            runs.Add((from[end], end));
        runs.Reverse();
        return runs;
    }
}
