using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>Adjacent cells of a public grid, told as one.</summary>
/// <param name="From">Index of the lower boundary.</param>
/// <param name="To">Index of the upper boundary.</param>
/// <param name="Count">Rows; null where withheld.</param>
public readonly record struct PartitionedCell(int From, int To, long? Count);

/// <summary>
/// Rows of which each lies in one of several cells, or in one of a few places beside them (missing, implausible, without a score): the number of all rows may be told beside it, and no count from 1 to below a
/// minimum is in it, nor follows by subtracting what is in it from that number.
/// </summary>
/// <remarks>Suppression is not differential privacy, and says nothing of what two such tables over rows that overlap tell together.</remarks>
public sealed class PartitionedRows
{
    private PartitionedRows(ImmutableArray<PartitionedCell> cells, ImmutableArray<long?> beside) => (Cells, Beside) = (cells, beside);

    /// <summary>The cells, by lower boundary, without gaps and overlaps.</summary>
    public ImmutableArray<PartitionedCell> Cells { get; }

    /// <summary>Rows in the places beside the cells; null where withheld.</summary>
    public ImmutableArray<long?> Beside { get; }

    /// <summary>Rows that are told.</summary>
    public long Told => Cells.Sum(cell => cell.Count ?? 0) + Beside.Sum(count => count ?? 0);

    /// <summary>How many counts are withheld.</summary>
    public int Withheld => Cells.Count(cell => cell.Count is null) + Beside.Count(count => count is null);

    /// <summary>
    /// Ordered cells are merged with their neighbours until each count is 0 or at least the minimum, into as many as can be; small places beside them are withheld, together with the first of the merged cells. Cells
    /// without an order that are small, and small places beside them, are withheld with as many of the smallest others as <see cref="PartitionSuppression"/> says.
    /// </summary>
    /// <remarks>
    /// Of ordered cells, what is told depends on the withheld places' rows only as if these lay in the first cell. Which cell is withheld with them is not chosen by counts: of "the smallest that hides enough" a reader
    /// who knows the rule learns that the smaller ones, which are told, did not, and so how few rows were to be hidden. With up to two places, each withheld one can have any count from 1 to the minimum - 1, by all that is told.
    /// </remarks>
    /// <param name="cells">[cells], from 1.</param>
    /// <param name="beside">[places].</param>
    /// <param name="ordered">Whether neighbours may be merged.</param>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    /// <param name="bands">[bands][cells]: of ordered cells, the same rows by bands of the same number, which may be told of beside this table, those that are small or hide others as one: each merged cell has of each
    /// such part no rows or at least the minimum too, so that no band less some cells is fewer. Null: nothing is.</param>
    /// <exception cref="ArgumentException">All rows are from 1 to <paramref name="minimum"/> - 1: then their number is not told, and no table either.</exception>
    public static PartitionedRows Of(ReadOnlySpan<long> cells, ReadOnlySpan<long> beside, bool ordered, int minimum, IReadOnlyList<long[]>? bands = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        ArgumentOutOfRangeException.ThrowIfZero(cells.Length);
        var (counts, places) = (cells.ToArray(), beside.ToArray());
        if (IsSmall(counts.Sum() + places.Sum(), minimum))
            throw new ArgumentException("So few rows are not told at all.", nameof(cells));
        return ordered ? OfOrdered(counts, places, minimum, bands) : OfUnordered(counts, places, minimum);
    }

    private static PartitionedRows OfOrdered(long[] counts, long[] places, int minimum, IReadOnlyList<long[]>? bands)
    {
        // The rows of the first cell and of withheld places as one: each place but the first has at least one row, as 0 is told, and hides nothing with it.
        var together = counts.ToArray();
        var withheld = new HashSet<int>();
        foreach (var (place, count) in places.Index().Where(place => place.Item > 0).OrderBy(place => place.Item))
        {
            if (count >= minimum && !IsSmall(together.Sum(), minimum))
                break;
            together[0] += withheld.Add(place) && withheld.Count == 1 ? count : count - 1;
        }

        var runs = AdjacentRuns.Of(bands is null ? [together] : Parts(bands, together[0] - counts[0], minimum), minimum) ?? [(0, counts.Length)];
        return new PartitionedRows(
            [.. runs.Select(run => new PartitionedCell(run.Start, run.End, run.Start == 0 && withheld.Count > 0 ? null : counts[run.Start..run.End].Sum()))],
            [.. places.Select((count, place) => withheld.Contains(place) ? (long?)null : count)]);
    }

    /// <summary>Which bands of a number may not be told beside its table, and count as one there: small ones and those that hide them, or hide the rows that are withheld beside the cells.</summary>
    /// <param name="bands">[bands][cells].</param>
    /// <param name="hidden">Rows in withheld places beside the cells.</param>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    public static bool[] WithheldBands(IReadOnlyList<long[]> bands, long hidden, int minimum)
    {
        ArgumentNullException.ThrowIfNull(bands);
        var table = new long[bands.Count + 1, 1];
        for (var band = 0; band < bands.Count; band++)
            table[band, 0] = bands[band].Sum();
        table[bands.Count, 0] = hidden;
        return PartitionSuppression.Withheld(table, minimum, [.. bands.Select(_ => false), hidden > 0])[..bands.Count];
    }

    // The bands' rows by cell, withheld ones and the hidden rows as one: of whatever more is withheld later each part is a sum of these.
    private static List<long[]> Parts(IReadOnlyList<long[]> bands, long hidden, int minimum)
    {
        var withheld = WithheldBands(bands, hidden, minimum);
        var parts = bands.Where((_, band) => !withheld[band]).ToList();
        var rest = new long[bands[0].Length];
        foreach (var band in bands.Where((_, band) => withheld[band]))
        {
            for (var cell = 0; cell < rest.Length; cell++)
                rest[cell] += band[cell];
        }

        rest[0] += hidden;
        return [.. parts, rest];
    }

    private static PartitionedRows OfUnordered(long[] counts, long[] places, int minimum)
    {
        long[] all = [.. counts, .. places];
        var table = new long[all.Length, 1];
        for (var i = 0; i < all.Length; i++)
            table[i, 0] = all[i];
        var withheld = PartitionSuppression.Withheld(table, minimum);
        long?[] told = [.. all.Select((count, i) => withheld[i] ? (long?)null : count)];
        return new PartitionedRows([.. counts.Select((_, cell) => new PartitionedCell(cell, cell + 1, told[cell]))], [.. told[counts.Length..]]);
    }

    private static bool IsSmall(long count, int minimum) => count > 0 && count < minimum;

    /// <summary>Whether it is a table of so many rows that tells no count from 1 to <paramref name="minimum"/> - 1 and leaves none to be found by subtraction.</summary>
    public bool Fits(long rows, int minimum)
    {
        var rest = rows - Told;
        return Cells.Select(cell => cell.Count).Concat(Beside).All(count => count is null or 0 || count >= minimum) && (Withheld == 0 ? rest == 0 : Withheld > 1 && rest >= minimum);
    }

    /// <summary>Canonical JSON's object: <c>{"beside":[...],"counts":[...],"to":[...]}</c>; cell i lies from boundary to[i-1], or 0, up to to[i].</summary>
    public JsonObject ToJson() => new()
    {
        ["to"] = new JsonArray([.. Cells.Select(cell => (JsonNode)cell.To)]),
        ["counts"] = new JsonArray([.. Cells.Select(cell => (JsonNode?)cell.Count)]),
        ["beside"] = new JsonArray([.. Beside.Select(count => (JsonNode?)count)]),
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly.</summary>
    /// <param name="node">The object.</param>
    /// <param name="cells">Cells of the public grid.</param>
    /// <param name="beside">Places beside them.</param>
    /// <param name="path">Where it is, for messages.</param>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static PartitionedRows Read(JsonNode? node, int cells, int beside, string path)
    {
        var fields = new JsonFields(node, path);
        var to = fields.List("to", cells, (item, at) => (int)JsonFields.Integer(item, at, 1, cells));
        var counts = fields.List("counts", cells, Count);
        var places = fields.List("beside", beside, Count);
        fields.End();
        if (to.Length == 0 || to[^1] != cells || to.Zip(to.Skip(1)).Any(pair => pair.First >= pair.Second))
            fields.Fail("to", $"rise, up to {cells}");
        if (counts.Length != to.Length)
            fields.Fail("counts", "have one count for each cell");
        if (places.Length != beside)
            fields.Fail("beside", $"have {beside} counts");
        return new PartitionedRows([.. to.Select((end, i) => new PartitionedCell(i == 0 ? 0 : to[i - 1], end, counts[i]))], [.. places]);

        static long? Count(JsonNode? item, string at) => item is null ? null : JsonFields.Integer(item, at, 0, ValueHistogram.MaximumCount);
    }
}
