using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class PartitionSuppressionTests
{
    private static readonly Gen<long> s_count = Gen.OneOf(Gen.Long[0, 4], Gen.Long[3, 12]);

    [Fact]
    public void Withheld_counts_can_each_be_none_or_enough_for_who_knows_the_others_and_the_total() => Gen.Select(s_count.Array[1, 6], Gen.Int[1, 5]).Sample((counts, minimum) =>
    {
        var total = counts.Sum();
        if (total > 0 && total < minimum)
            return;
        var withheld = PartitionSuppression.Withheld(Table(counts), minimum);
        int[] hidden = [.. Enumerable.Range(0, counts.Length).Where(cell => withheld[cell])];
        Assert.All(Enumerable.Range(0, counts.Length), cell => Assert.True(withheld[cell] || counts[cell] == 0 || counts[cell] >= minimum));
        // Every way to fill the withheld cells that the told ones and the total allow.
        var (none, enough) = (new HashSet<int>(), new HashSet<int>());
        foreach (var filled in Fillings(hidden.Length, hidden.Sum(cell => counts[cell])))
        {
            none.UnionWith(hidden.Where((_, i) => filled[i] == 0));
            enough.UnionWith(hidden.Where((_, i) => filled[i] >= minimum));
        }

        Assert.Equal(hidden, none.Order());
        Assert.Equal(hidden, enough.Order());
    });

    [Fact]
    public void Withheld_cells_have_of_each_kind_none_or_enough_and_are_not_alone() => Gen.Select(s_count.Array[2, 12], Gen.Int[1, 5]).Sample((counts, minimum) =>
    {
        var table = new long[counts.Length / 2, 2];
        for (var cell = 0; cell < table.GetLength(0); cell++)
            (table[cell, 0], table[cell, 1]) = (counts[2 * cell], counts[(2 * cell) + 1]);
        int[] cells = [.. Enumerable.Range(0, table.GetLength(0))];
        if (Enumerable.Range(0, 2).Any(kind => cells.Sum(cell => table[cell, kind]) is var all && all > 0 && all < minimum))
            return;
        var withheld = PartitionSuppression.Withheld(table, minimum);
        Assert.NotEqual(1, withheld.Count(cell => cell));
        for (var kind = 0; kind < 2; kind++)
        {
            Assert.All(cells, cell => Assert.True(withheld[cell] || table[cell, kind] == 0 || table[cell, kind] >= minimum));
            var hidden = cells.Where(cell => withheld[cell]).Sum(cell => table[cell, kind]);
            Assert.True(hidden == 0 || hidden >= minimum);
        }
    });

    [Fact]
    public void Withheld_beside_one_small_count_is_the_next_smallest_that_is_not_empty() =>
        Assert.Equal([true, false, true, false], PartitionSuppression.Withheld(Table([3, 0, 20, 30]), 10));

    [Fact]
    public void Withheld_is_nothing_where_nothing_is_small() => Assert.Equal([false, false, false], PartitionSuppression.Withheld(Table([10, 0, 11]), 10));

    [Fact]
    public void Withheld_is_all_that_is_there_where_the_total_is_small() => Assert.Equal([true, false, true], PartitionSuppression.Withheld(Table([3, 0, 2]), 10));

    [Fact]
    public void Withheld_of_a_negative_count_is_an_error() => Assert.Throws<ArgumentOutOfRangeException>(() => PartitionSuppression.Withheld(Table([1, -1]), 10));

    private static long[,] Table(long[] counts)
    {
        var table = new long[counts.Length, 1];
        for (var cell = 0; cell < counts.Length; cell++)
            table[cell, 0] = counts[cell];
        return table;
    }

    private static IEnumerable<long[]> Fillings(int cells, long sum)
    {
        if (cells == 0)
            return [[]];
        if (cells == 1)
            return [[sum]];
        return Enumerable.Range(0, (int)sum + 1).SelectMany(first => Fillings(cells - 1, sum - first).Select(rest => (long[])[first, .. rest]));
    }
}
