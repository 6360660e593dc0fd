namespace FederatedClinicalMl.Numerics;

/// <summary>Brings cells together until a statistic's approximation holds. Both sides are grouped alike.</summary>
public static class CellGroups
{
    /// <summary>Least expected count of a cell for chi-square (Cochran 1952, "The χ² test of goodness of fit").</summary>
    public const double LeastExpected = 5;

    /// <summary>
    /// Ordered cells, brought together from the lowest up to groups of at least 1/<paramref name="groups"/> of the reference, as near to its quantile groups
    /// as its cells allow; what is left at the top goes to the last.
    /// </summary>
    /// <param name="reference">[cells].</param>
    /// <param name="current">[cells].</param>
    /// <param name="groups">From 1.</param>
    public static (long[] Reference, long[] Current) ByMass(ReadOnlySpan<long> reference, ReadOnlySpan<long> current, int groups)
    {
        var (n, _) = Totals(reference, current);
        var (first, second) = (new List<long>(), new List<long>());
        var (f, g) = (0L, 0L);
        for (var cell = 0; cell < reference.Length; cell++)
        {
            (f, g) = (f + reference[cell], g + current[cell]);
            if ((Int128)f * groups < n)
                continue;
            first.Add(f);
            second.Add(g);
            (f, g) = (0, 0);
        }

        (first[^1], second[^1]) = (first[^1] + f, second[^1] + g);
        return ([.. first], [.. second]);
    }

    /// <summary>
    /// Cells without an order: the rarest are brought together until each group has an expected count of at least <see cref="LeastExpected"/> on both sides,
    /// were they the same; a single group where even that is too few.
    /// </summary>
    /// <param name="reference">[cells].</param>
    /// <param name="current">[cells].</param>
    public static (long[] Reference, long[] Current) ByExpected(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        var (n, m) = Totals(reference, current);
        var cells = reference.ToArray().Zip(current.ToArray())
            .Where(cell => cell.First + cell.Second > 0)
            .OrderByDescending(cell => cell.First + cell.Second)
            .ToList();
        var share = Math.Min(n, m) / ((double)n + m);
        var rest = (First: 0L, Second: 0L);
        while (cells.Count > 0 && (IsRare(cells[^1]) || (rest != (0, 0) && IsRare(rest))))
        {
            rest = (rest.First + cells[^1].First, rest.Second + cells[^1].Second);
            cells.RemoveAt(cells.Count - 1);
        }

        if (rest != (0, 0))
            cells.Add(rest);
        return ([.. cells.Select(cell => cell.First)], [.. cells.Select(cell => cell.Second)]);

        bool IsRare((long First, long Second) cell) => (cell.First + cell.Second) * share < LeastExpected;
    }

    internal static (long Reference, long Current) Totals(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        if (reference.Length != current.Length)
            throw new ArgumentException($"{reference.Length} cells of the reference cannot be compared with {current.Length}.", nameof(current));
        var (n, m) = (0L, 0L);
        for (var cell = 0; cell < reference.Length; cell++)
            (n, m) = checked((n + reference[cell], m + current[cell]));
        return n > 0 && m > 0 ? (n, m) : throw new ArgumentException("Both sides need values.", nameof(current));
    }
}
