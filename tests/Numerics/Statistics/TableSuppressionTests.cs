using System.Numerics;
using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class TableSuppressionTests
{
    private static readonly Gen<long> Counts = Gen.Frequency((3, Gen.Long[0, 12]), (2, Gen.Const(0L)), (4, Gen.Long[10, 400]));

    private static Gen<long[,]> Tables(int rows, int sites, Gen<long> count) =>
        Gen.Select(Gen.Int[1, rows], Gen.Int[1, sites]).SelectMany((r, s) => count.Array[r * s].Select(values =>
        {
            var table = new long[r, s];
            Buffer.BlockCopy(values, 0, table, 0, values.Length * sizeof(long));
            return table;
        }));

    [Fact]
    public void Suppress_publishes_true_counts_that_are_0_or_at_least_the_minimum() =>
        Gen.Select(Tables(6, 5, Counts), Gen.Int[1, 12]).Sample((counts, minimum) =>
        {
            var (whole, left) = (WithMargins(counts), TableSuppression.Suppress(counts, minimum));
            foreach (var (row, column) in Cells(whole))
            {
                Assert.True(left[row, column] is null || left[row, column] == whole[row, column]);
                Assert.True(left[row, column] is null or 0 || left[row, column] >= minimum);
                Assert.True(whole[row, column] > 0 || left[row, column] == 0);
            }
        });

    [Fact]
    public void Withheld_cell_does_not_follow_from_the_published_ones_by_any_linear_combination() =>
        Gen.Select(Tables(6, 5, Counts), Gen.Int[1, 12]).Sample((counts, minimum) => Assert.Empty(Derivable(TableSuppression.Suppress(counts, minimum))));

    [Fact]
    public void Withholding_the_small_cells_alone_would_be_derivable() // The attack of the test above can succeed.
    {
        var table = WithMargins(new long[,] { { 3, 40 }, { 50, 60 } });
        var published = new long?[3, 3];
        foreach (var (row, column) in Cells(table))
            published[row, column] = table[row, column] < 10 ? null : table[row, column];
        Assert.Equal([(0, 0)], Derivable(published));
    }

    [Fact]
    public void Two_cycles_joined_by_one_cell_do_not_hide_it_and_are_seen_by_the_attack()
    {
        // Every line with a withheld cell has two or more, and yet the cell that joins the two blocks follows.
        var published = new long?[5, 5];
        foreach (var (row, column) in Cells(new long[5, 5]))
            published[row, column] = (row < 2 && column < 2) || (row is 2 or 3 && column is 2 or 3) || (row, column) == (1, 2) ? null : 20;
        Assert.Equal([(1, 2)], Derivable(published));
    }

    [Fact]
    public void Small_cell_can_be_0_and_can_be_the_minimum_in_some_table_with_the_same_published_cells() =>
        Gen.Select(Tables(2, 2, Gen.Frequency((2, Gen.Long[0, 3]), (1, Gen.Long[3, 7]))), Gen.Int[1, 4]).Sample((counts, minimum) =>
        {
            var (whole, left) = (WithMargins(counts), TableSuppression.Suppress(counts, minimum));
            var small = Cells(whole).Where(cell => whole[cell.Row, cell.Column] > 0 && whole[cell.Row, cell.Column] < minimum).ToList();
            var (zero, large) = (new HashSet<(int, int)>(), new HashSet<(int, int)>());
            foreach (var other in Candidates(counts, minimum).Select(WithMargins))
            {
                if (!Cells(whole).All(cell => left[cell.Row, cell.Column] is not { } known || known == other[cell.Row, cell.Column]))
                    continue;
                zero.UnionWith(small.Where(cell => other[cell.Row, cell.Column] == 0));
                large.UnionWith(small.Where(cell => other[cell.Row, cell.Column] >= minimum));
            }

            Assert.Equal(small.Count, zero.Count);
            Assert.Equal(small.Count, large.Count);
        }, iter: 60);

    [Fact]
    public void Suppress_of_one_small_cell_withholds_three_others_and_no_total()
    {
        var left = TableSuppression.Suppress(new long[,] { { 3, 40, 50 }, { 50, 60, 70 }, { 90, 95, 99 } }, 10);
        Assert.Null(left[0, 0]);
        Assert.Equal(4, Cells(new long[4, 4]).Count(cell => left[cell.Row, cell.Column] is null));
        Assert.All(Enumerable.Range(0, 4), column => Assert.NotNull(left[3, column]));
    }

    [Fact]
    public void Suppress_of_a_table_below_the_minimum_publishes_only_its_zeros()
    {
        var left = TableSuppression.Suppress(new long[,] { { 2, 0 }, { 1, 0 } }, 10);
        Assert.All(Cells(new long[3, 3]), cell => Assert.Equal(cell.Column == 1 ? 0 : (long?)null, left[cell.Row, cell.Column]));
    }

    [Fact]
    public void Suppress_of_a_table_without_small_cells_withholds_nothing() =>
        Assert.DoesNotContain(null, TableSuppression.Suppress(new long[,] { { 10, 0 }, { 11, 12 } }, 10).Cast<long?>());

    [Fact]
    public void Suppress_of_a_negative_count_is_an_error() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TableSuppression.Suppress(new long[,] { { -1 } }, 10));

    private static IEnumerable<(int Row, int Column)> Cells(long[,] table) =>
        from row in Enumerable.Range(0, table.GetLength(0))
        from column in Enumerable.Range(0, table.GetLength(1))
        select (row, column);

    private static long[,] WithMargins(long[,] counts)
    {
        var (rows, sites) = (counts.GetLength(0), counts.GetLength(1));
        var table = new long[rows + 1, sites + 1];
        foreach (var (row, site) in Cells(counts))
        {
            table[row, site] = counts[row, site];
            table[rows, site] += counts[row, site];
            table[row, sites] += counts[row, site];
            table[rows, sites] += counts[row, site];
        }

        return table;
    }

    // All tables whose cells exceed the true ones by at most the minimum: enough to move any one cell up by so much.
    private static IEnumerable<long[,]> Candidates(long[,] counts, int minimum)
    {
        var cells = Cells(counts).ToList();
        var current = new long[counts.GetLength(0), counts.GetLength(1)];
        for (var at = 0; at < cells.Count;)
        {
            yield return current;
            for (at = 0; at < cells.Count && current[cells[at].Row, cells[at].Column] == counts[cells[at].Row, cells[at].Column] + minimum; at++)
                current[cells[at].Row, cells[at].Column] = 0;
            if (at < cells.Count)
                current[cells[at].Row, cells[at].Column]++;
        }
    }

    // The withheld cells whose unit vector lies in the space that the equations of the lines span: those that the published cells determine.
    private static List<(int, int)> Derivable(long?[,] published)
    {
        var (lastRow, lastColumn) = (published.GetLength(0) - 1, published.GetLength(1) - 1);
        var unknown = (from row in Enumerable.Range(0, lastRow + 1) from column in Enumerable.Range(0, lastColumn + 1)
                       where published[row, column] is null select (Row: row, Column: column)).ToList();
        var equations = new List<BigInteger[]>();
        for (var row = 0; row <= lastRow; row++)
            equations.Add([.. unknown.Select(cell => (BigInteger)(cell.Row != row ? 0 : cell.Column == lastColumn ? -1 : 1))]);
        for (var column = 0; column <= lastColumn; column++)
            equations.Add([.. unknown.Select(cell => (BigInteger)(cell.Column != column ? 0 : cell.Row == lastRow ? -1 : 1))]);
        var rank = Rank(equations);
        return [.. unknown.Where((_, i) => Rank([.. equations, [.. unknown.Select((_, j) => (BigInteger)(i == j ? 1 : 0))]]) == rank)];
    }

    // Gaussian elimination in whole numbers: row * pivot - pivotRow * entry stays exact.
    private static int Rank(IEnumerable<BigInteger[]> matrix)
    {
        var rows = matrix.Select(row => row.ToArray()).ToList();
        var rank = 0;
        for (var column = 0; rows.Count > 0 && column < rows[0].Length; column++)
        {
            var pivot = rows.FindIndex(rank, row => !row[column].IsZero);
            if (pivot < 0)
                continue;
            (rows[rank], rows[pivot]) = (rows[pivot], rows[rank]);
            for (var below = rank + 1; below < rows.Count; below++)
            {
                var (scale, entry) = (rows[rank][column], rows[below][column]);
                for (var i = 0; i < rows[below].Length && !entry.IsZero; i++)
                    rows[below][i] = (rows[below][i] * scale) - (rows[rank][i] * entry);
            }

            rank++;
        }

        return rank;
    }
}
