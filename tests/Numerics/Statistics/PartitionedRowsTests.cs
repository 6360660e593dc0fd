using CsCheck;
using FederatedClinicalMl.Numerics;

namespace FederatedClinicalMl.Tests.Numerics.Statistics;

public sealed class PartitionedRowsTests
{
    private static readonly Gen<(long[] Cells, long[] Beside, bool Ordered, int Minimum)> s_rows =
        Gen.Select(Count.Array[1, 12], Count.Array[0, 3], Gen.Bool, Gen.Int[1, 12]);

    private static Gen<long> Count => Gen.Frequency((3, Gen.Const(0L)), (4, Gen.Long[1, 6]), (2, Gen.Long[7, 200]));

    [Fact]
    public void No_count_below_the_minimum_is_told_or_follows_from_the_number_of_rows() => s_rows.Where(IsTold).Sample(item =>
    {
        var table = PartitionedRows.Of(item.Cells, item.Beside, item.Ordered, item.Minimum);
        var rows = item.Cells.Sum() + item.Beside.Sum();
        long?[] told = [.. table.Cells.Select(cell => cell.Count), .. table.Beside];

        Assert.DoesNotContain(told, count => count > 0 && count < item.Minimum);
        // Without the table's own rule: whoever knows all told counts and the number of rows finds the sum of the withheld ones, and no more.
        Assert.True(told.All(count => count is not null) || (told.Count(count => count is null) > 1 && rows - told.Sum(count => count ?? 0) >= item.Minimum));
        Assert.True(table.Fits(rows, item.Minimum));
    });

    [Fact]
    public void Told_counts_are_those_of_the_cells_that_were_merged() => s_rows.Where(IsTold).Sample(item =>
    {
        var table = PartitionedRows.Of(item.Cells, item.Beside, item.Ordered, item.Minimum);

        Assert.All(table.Cells, cell => Assert.True(cell.Count is null || cell.Count == item.Cells[cell.From..cell.To].Sum()));
        Assert.Equal((0, item.Cells.Length), (table.Cells[0].From, table.Cells[^1].To));
        Assert.Equal(table.ToJson().ToJsonString(), PartitionedRows.Read(table.ToJson(), item.Cells.Length, item.Beside.Length, "table").ToJson().ToJsonString());
    });

    [Fact]
    public void Few_implausible_values_cost_one_cell_and_not_the_distribution()
    {
        var table = PartitionedRows.Of([40, 3, 60, 12], [0, 2], ordered: true, minimum: 10);

        Assert.Equal([null, 60, 12], table.Cells.Select(cell => cell.Count));
        Assert.Equal([0, null], table.Beside);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Withheld_place_beside_ordered_cells_can_have_every_small_count_for_whoever_knows_the_rule(int minimum)
    {
        // All tables of three cells and two places with counts up to twice the minimum, by what is told of them: the cells, their boundaries, and the number of rows.
        var most = 2 * minimum;
        var digits = most + 1;
        var tables = Enumerable.Range(0, (int)Math.Pow(digits, 5)).Select(code => Enumerable.Range(0, 5).Select(i => (long)(code / (int)Math.Pow(digits, i) % digits)).ToArray())
            .Where(counts => counts.Sum() is var rows && (rows == 0 || rows >= minimum))
            .Select(counts => (Beside: counts[3..], Table: PartitionedRows.Of(counts.AsSpan(0, 3), counts.AsSpan(3), ordered: true, minimum), Rows: counts.Sum()))
            .GroupBy(item => $"{item.Rows} {item.Table.ToJson().ToJsonString()}");
        var withheld = 0;
        foreach (var same in tables)
        {
            var (_, table, rows) = same.First();
            if (rows - table.Told > most)
                continue; // some of what it can be has a count above the most that is listed here
            for (var place = 0; place < 2; place++)
            {
                if (table.Beside[place] is not null)
                    continue;
                withheld++;
                Assert.Superset(Enumerable.Range(1, minimum - 1).Select(count => (long)count).ToHashSet(), same.Select(item => item.Beside[place]).ToHashSet());
            }
        }

        Assert.NotEqual(0, withheld);
    }

    [Theory]
    [InlineData("""{"to":[1,3],"counts":[5,5],"beside":[]}""")] // not all of the grid
    [InlineData("""{"to":[3,1],"counts":[5,5],"beside":[]}""")]
    [InlineData("""{"to":[4],"counts":[5,5],"beside":[]}""")]
    [InlineData("""{"to":[4],"counts":[-5],"beside":[]}""")]
    [InlineData("""{"to":[4],"counts":[5],"beside":[1]}""")]
    public void What_is_no_partition_is_refused(string json) =>
        Assert.Throws<FormatException>(() => PartitionedRows.Read(System.Text.Json.Nodes.JsonNode.Parse(json), 4, 0, "table"));

    private static bool IsTold((long[] Cells, long[] Beside, bool, int Minimum) item) => item.Cells.Sum() + item.Beside.Sum() is var rows && (rows == 0 || rows >= item.Minimum);
}
