using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>Adjacent cells of a <see cref="HistogramGrid"/> and how many values lie in them.</summary>
/// <param name="From">Index of the lower boundary.</param>
/// <param name="To">Index of the upper boundary.</param>
/// <param name="Count">Values.</param>
public readonly record struct ValueCell(int From, int To, long Count);

/// <summary>A quantile that a histogram tells.</summary>
/// <param name="Value">The interpolated value, in the feature's unit; always in [<paramref name="Lower"/>, <paramref name="Upper"/>].</param>
/// <param name="Lower">What the quantile of the values themselves is not below; -infinity where it lies below the grid's range.</param>
/// <param name="Upper">What it is not above; +infinity where it lies above the range.</param>
public readonly record struct HistogramQuantile(double Value, double Lower, double Upper);

/// <summary>
/// A feature's values as counts over public cells: mergeable in any order, the same to the bit.
/// </summary>
/// <remarks>
/// Adjacent cells may have been merged (<see cref="Suppress"/>). As in <see cref="ScoreHistogram"/>, the histogram of several sites keeps every site's
/// cells as they came, so that they may overlap: a site that can show little does not make the others' as coarse as its own.
/// </remarks>
public sealed class ValueHistogram
{
    /// <summary>Most values.</summary>
    public const long MaximumCount = 1L << 40;

    private ValueHistogram(HistogramGrid grid, ImmutableArray<ValueCell> cells, long? missing) => (Grid, Cells, Missing) = (grid, cells, missing);

    /// <summary>The public grid.</summary>
    public HistogramGrid Grid { get; }

    /// <summary>The cells, by lower, then by upper boundary. Those of one site have neither gaps nor overlaps.</summary>
    public ImmutableArray<ValueCell> Cells { get; }

    /// <summary>Number of missing values; null where withheld.</summary>
    public long? Missing { get; }

    /// <summary>Number of values that are there, in the range or outside of it.</summary>
    public long Count => Cells.Sum(cell => cell.Count);

    /// <summary>Counts values; NaN is a missing one.</summary>
    public static ValueHistogram Of(HistogramGrid grid, ReadOnlySpan<double> values)
    {
        ArgumentNullException.ThrowIfNull(grid);
        var counts = new long[grid.Cells];
        var missing = 0L;
        foreach (var value in values)
        {
            if (double.IsNaN(value))
                missing++;
            else
                counts[grid.CellOf(value)]++;
        }

        return new ValueHistogram(grid, [.. counts.Select((count, cell) => new ValueCell(cell, cell + 1, count))], missing);
    }

    /// <summary>The counts of the grid's cells; null where cells have been merged.</summary>
    public long[]? CellCounts() =>
        Cells.Length == Grid.Cells && Cells.All(cell => cell.To == cell.From + 1) ? [.. Cells.Select(cell => cell.Count)] : null;

    /// <summary>The histogram of both populations together; missing values are withheld where either withholds them.</summary>
    /// <exception cref="ArgumentException">The grids differ.</exception>
    public ValueHistogram Merge(ValueHistogram other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!other.Grid.Equals(Grid))
            throw new ArgumentException("Histograms on different grids cannot be merged: the features' declarations differ.", nameof(other));
        var cells = from cell in Cells.Concat(other.Cells)
                    group cell.Count by (cell.From, cell.To) into same
                    orderby same.Key
                    select new ValueCell(same.Key.From, same.Key.To, same.Sum());
        return new ValueHistogram(Grid, [.. cells], checked(Missing + other.Missing));
    }

    /// <summary>
    /// Merges adjacent cells until each count is 0 or at least <paramref name="minimum"/>, into as many as can be; withholds a number of missing values
    /// from 1 to <paramref name="minimum"/> - 1. Null where all values together are fewer: the histogram is then withheld.
    /// </summary>
    /// <remarks>
    /// A withheld number of missing values is rows less <see cref="Count"/> for whoever knows the number of rows. Where that is published
    /// too, the missing ones are a row of a table for <see cref="TableSuppression"/>. Suppression is not differential privacy.
    /// </remarks>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    public ValueHistogram? Suppress(int minimum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        if (!MayLeave(Count, minimum))
            return null;
        var runs = AdjacentRuns.Of([[.. Cells.Select(cell => cell.Count)]], minimum)!.Select(run =>
            new ValueCell(Cells[run.Start].From, Cells[run.End - 1].To, Cells.AsSpan()[run.Start..run.End].ToArray().Sum(cell => cell.Count)));
        return new ValueHistogram(Grid, [.. runs], Missing is { } missing && MayLeave(missing, minimum) ? missing : null);
    }

    /// <summary>
    /// The <paramref name="probability"/>-quantile: of n values the one of rank max(1, ceil(n * probability)) (definition 1 of Hyndman and Fan 1996),
    /// interpolated as if the values of a cell were spread evenly over it (those of an open cell over what it shares with the range, else at its
    /// edge). The error is at most Upper - Lower: the width of a bin where no cells were merged. Null where there are no values.
    /// </summary>
    /// <param name="probability">In [0, 1].</param>
    public HistogramQuantile? Quantile(double probability)
    {
        if (probability is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(probability), "A probability lies in [0, 1].");
        var count = Count;
        if (count == 0)
            return null;
        var rank = Math.Max(1, (long)Math.Ceiling(count * probability));
        // So many values lie below a boundary at most, at least, and by interpolation.
        var lower = Enumerable.Range(0, Grid.Cells + 1).Last(at => Cells.Sum(cell => cell.From < at ? cell.Count : 0) < rank);
        var upper = Enumerable.Range(0, Grid.Cells + 1).First(at => Cells.Sum(cell => cell.To <= at ? cell.Count : 0) >= rank);
        var (value, before) = (Grid.Edges[0], Below(Grid.Edges[0]));
        for (var i = 1; i < Grid.Edges.Length && before < rank; i++)
        {
            var (edge, here) = (Grid.Edges[i], Below(Grid.Edges[i]));
            value = here < rank ? edge : value + ((edge - value) * (rank - before) / (here - before));
            before = here;
        }

        return new HistogramQuantile(Math.Clamp(value, Grid.Boundary(lower), Grid.Boundary(upper)), Grid.Boundary(lower), Grid.Boundary(upper));

        double Below(double edge) => Cells.Sum(cell => cell.Count * Share(cell, edge));
    }

    /// <summary>JSON with the fields from and to (boundaries, as indices on the grid), counts and missing.</summary>
    public JsonObject ToJson() => new()
    {
        ["from"] = new JsonArray([.. Cells.Select(cell => (JsonNode)cell.From)]),
        ["to"] = new JsonArray([.. Cells.Select(cell => (JsonNode)cell.To)]),
        ["counts"] = new JsonArray([.. Cells.Select(cell => (JsonNode)cell.Count)]),
        ["missing"] = Missing,
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static ValueHistogram Read(JsonNode? node, HistogramGrid grid, string path)
    {
        ArgumentNullException.ThrowIfNull(grid);
        var fields = new JsonFields(node, path);
        var most = grid.Cells * (grid.Cells + 1) / 2;
        var from = fields.List("from", most, (item, at) => (int)JsonFields.Integer(item, at, 0, grid.Cells));
        var to = fields.List("to", most, (item, at) => (int)JsonFields.Integer(item, at, 0, grid.Cells));
        var counts = fields.List("counts", most, (item, at) => JsonFields.Integer(item, at, 0, MaximumCount));
        long? missing = fields.IsNull("missing") ? null : fields.Integer("missing", 0, MaximumCount);
        fields.End();
        if (to.Length != from.Length || counts.Length != from.Length || from.Zip(to).Any(cell => cell.First >= cell.Second))
            fields.Fail("from", "name for each cell a boundary below that of 'to', and 'counts' have one count for each");
        if (Enumerable.Range(1, Math.Max(0, from.Length - 1)).Any(i => (from[i - 1], to[i - 1]).CompareTo((from[i], to[i])) >= 0))
            fields.Fail("from", "rise, and 'to' where it stays");
        if (counts.Aggregate(Int128.Zero, (sum, count) => sum + count) > MaximumCount)
            fields.Fail("counts", $"add up to at most {MaximumCount}");
        return new ValueHistogram(grid, [.. counts.Select((count, i) => new ValueCell(from[i], to[i], count))], missing);
    }

    // What share of a cell's values lies below an edge when they are spread evenly over the part of the cell that is in the range.
    private double Share(ValueCell cell, double edge)
    {
        var low = Math.Max(Grid.Boundary(cell.From), Grid.Edges[0]);
        var high = Math.Min(Grid.Boundary(cell.To), Grid.Edges[^1]);
        if (low >= high)
            return cell.From == 0 ? 1 : 0; // Wholly below or wholly above the range.
        return Math.Clamp((edge - low) / (high - low), 0, 1);
    }

    private static bool MayLeave(long count, int minimum) => count == 0 || count >= minimum;
}
