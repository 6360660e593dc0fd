namespace FederatedClinicalMl.Numerics;

/// <summary>What a chi-square test of a table says.</summary>
/// <param name="Statistic">Pearson's Σ (observed - expected)² / expected.</param>
/// <param name="DegreesOfFreedom">(rows - 1)(columns - 1).</param>
/// <param name="P">Probability of such a statistic or a larger one if rows and columns are independent.</param>
/// <param name="CramersV">Cramér's V (Cramér 1946), in [0, 1]: how strong the dependence is, whatever the number of rows.</param>
/// <param name="SmallestExpected">The smallest expected count; below <see cref="CellGroups.LeastExpected"/> <paramref name="P"/> is rough.</param>
public readonly record struct ChiSquareResult(double Statistic, int DegreesOfFreedom, double P, double CramersV, double SmallestExpected);

/// <summary>
/// Pearson's chi-square test of independence or homogeneity (Pearson 1900), without Yates' correction: SciPy's <c>chi2_contingency(correction=False)</c>.
/// </summary>
public static class ChiSquareTest
{
    /// <summary>Tests whether two samples have the same distribution over the same cells.</summary>
    /// <param name="reference">[cells], not all 0.</param>
    /// <param name="current">[cells], not all 0.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a side has no values.</exception>
    public static ChiSquareResult OfCounts(ReadOnlySpan<long> reference, ReadOnlySpan<long> current)
    {
        CellGroups.Totals(reference, current);
        var table = new long[2, reference.Length];
        for (var cell = 0; cell < reference.Length; cell++)
            (table[0, cell], table[1, cell]) = (reference[cell], current[cell]);
        return Of(table);
    }

    /// <summary>Tests a table. Rows and columns without any count say nothing and are passed over (SciPy refuses them).</summary>
    /// <param name="table">[rows, columns] of counts.</param>
    /// <exception cref="ArgumentException">The table has no counts, or a negative one.</exception>
    public static ChiSquareResult Of(long[,] table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var (rows, columns) = (new long[table.GetLength(0)], new long[table.GetLength(1)]);
        for (var row = 0; row < rows.Length; row++)
        {
            for (var column = 0; column < columns.Length; column++)
            {
                ArgumentOutOfRangeException.ThrowIfNegative(table[row, column], nameof(table));
                rows[row] = checked(rows[row] + table[row, column]);
                columns[column] += table[row, column];
            }
        }

        double total = rows.Sum();
        if (total == 0)
            throw new ArgumentException("A table without counts cannot be tested.", nameof(table));
        var (statistic, smallest) = (0.0, double.PositiveInfinity);
        for (var row = 0; row < rows.Length; row++)
        {
            for (var column = 0; column < columns.Length; column++)
            {
                var expected = rows[row] / total * columns[column];
                if (expected == 0)
                    continue;
                statistic += (table[row, column] - expected) * (table[row, column] - expected) / expected;
                smallest = Math.Min(smallest, expected);
            }
        }

        var (r, c) = (rows.Count(count => count > 0) - 1, columns.Count(count => count > 0) - 1);
        var degrees = r * c;
        return degrees == 0
            ? new(0, 0, 1, 0, smallest)
            : new(statistic, degrees, ChiSquared.Upper(statistic, degrees), Math.Sqrt(statistic / total / Math.Min(r, c)), smallest);
    }
}
