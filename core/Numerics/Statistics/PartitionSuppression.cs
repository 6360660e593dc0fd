namespace FederatedClinicalMl.Numerics;

/// <summary>
/// Complementary suppression where rows fall into cells of a partition and the total of the cells is told as well: which cells are withheld, so that none of them follows by
/// subtracting the others from the total. The one rule for this, whoever publishes. For tables of two ways see <see cref="TableSuppression"/>. Suppression is not differential privacy.
/// </summary>
public static class PartitionSuppression
{
    /// <summary>
    /// Withholds every cell with a count from 1 to <paramref name="minimum"/> - 1, and so many of the smallest others that are not empty that the withheld ones are none, or at least two that
    /// have together, of each kind of row, none or at least <paramref name="minimum"/>. As the total less what is told is only that sum, each withheld count can be anything from 0 to it.
    /// </summary>
    /// <remarks>Where a total itself is from 1 to <paramref name="minimum"/> - 1 nothing can hide it: all cells but empty ones are then withheld, and whoever publishes withholds the total too.</remarks>
    /// <param name="counts">[cells, kinds]: kinds are rows that are counted apart, such as negatives and positives; none negative.</param>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    /// <param name="anyway">[cells]: which ones are withheld whatever they count, because another table withholds them; null: none.</param>
    /// <returns>[cells]: whether a cell is withheld, with all its kinds.</returns>
    public static bool[] Withheld(long[,] counts, int minimum, IReadOnlyList<bool>? anyway = null)
    {
        ArgumentNullException.ThrowIfNull(counts);
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        var kinds = Enumerable.Range(0, counts.GetLength(1)).ToArray();
        var cells = Enumerable.Range(0, counts.GetLength(0)).ToArray();
        foreach (var count in counts)
            ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(counts));
        var withheld = Array.ConvertAll(cells, cell => anyway?[cell] == true || kinds.Any(kind => IsSmall(counts[cell, kind])));
        var others = cells.Where(cell => !withheld[cell] && Rows(cell) > 0).OrderBy(Rows).ToList();
        foreach (var cell in others)
        {
            var hidden = cells.Where(other => withheld[other]).ToArray();
            if (hidden.Length == 0 || (hidden.Length > 1 && !kinds.Any(kind => IsSmall(hidden.Sum(other => counts[other, kind])))))
                break;
            withheld[cell] = true;
        }

        return withheld;

        long Rows(int cell) => kinds.Sum(kind => counts[cell, kind]);

        bool IsSmall(long count) => count > 0 && count < minimum;
    }
}
