using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace FederatedClinicalMl.Numerics;

/// <summary>
/// A categorical feature's values as counts: one for each declared level, one for all other values, one for missing ones. Mergeable in any order.
/// </summary>
public sealed class CategoryCounts
{
    /// <summary>Most declared levels.</summary>
    public const int MaximumLevels = 1024;

    private CategoryCounts(ImmutableArray<long?> cells, long? rows) => (Cells, Rows) = (cells, rows);

    /// <summary>[levels + 2]: the declared levels in their order, other values, missing values; null where withheld.</summary>
    public ImmutableArray<long?> Cells { get; }

    /// <summary>All rows; null where withheld.</summary>
    public long? Rows { get; }

    /// <summary>Number of declared levels.</summary>
    public int Levels => Cells.Length - 2;

    /// <summary>Rows with a value that is none of the declared levels; null where withheld.</summary>
    public long? Other => Cells[^2];

    /// <summary>Rows without a value; null where withheld.</summary>
    public long? Missing => Cells[^1];

    /// <summary>Counts values.</summary>
    /// <param name="levels">Number of declared levels.</param>
    /// <param name="values">[rows]: the index of a level; NaN: missing; anything else: another value.</param>
    public static CategoryCounts Of(int levels, ReadOnlySpan<double> values)
    {
        CheckLevels(levels);
        var counts = new long[levels + 2];
        foreach (var value in values)
            counts[double.IsNaN(value) ? levels + 1 : value >= 0 && value < levels && value.Equals(Math.Floor(value)) ? (int)value : levels]++;
        return new CategoryCounts([.. counts.Select(count => (long?)count)], values.Length);
    }

    /// <summary>The counts of both populations together; what either withholds stays withheld.</summary>
    /// <exception cref="ArgumentException">The numbers of levels differ.</exception>
    public CategoryCounts Merge(CategoryCounts other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Levels != Levels)
            throw new ArgumentException("Counts of different levels cannot be merged: the features' declarations differ.", nameof(other));
        return new CategoryCounts([.. Cells.Zip(other.Cells, (mine, theirs) => checked(mine + theirs))], checked(Rows + other.Rows));
    }

    /// <summary>
    /// Withholds every count from 1 to <paramref name="minimum"/> - 1, and others by the rule of <see cref="PartitionSuppression"/>, so that none follows from
    /// <see cref="Rows"/> and the counts that are left. Where all rows are fewer, their number and all counts but 0 are withheld.
    /// For tables that are published together (sites and overall) see <see cref="TableSuppression"/>. Suppression is not differential privacy.
    /// </summary>
    /// <param name="minimum">Least count that may leave, from 1.</param>
    /// <exception cref="InvalidOperationException">Something is withheld already.</exception>
    public CategoryCounts Suppress(int minimum)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minimum, 1);
        var rows = Rows ?? throw new InvalidOperationException("Counts that are withheld in part cannot be suppressed again.");
        var counts = Cells.Select(cell => cell ?? throw new InvalidOperationException("Counts that are withheld in part cannot be suppressed again.")).ToArray();
        if (rows > 0 && rows < minimum)
            return new CategoryCounts([.. counts.Select(count => count == 0 ? 0L : (long?)null)], null);
        var table = new long[counts.Length, 1];
        for (var cell = 0; cell < counts.Length; cell++)
            table[cell, 0] = counts[cell];
        var withheld = PartitionSuppression.Withheld(table, minimum);
        return new CategoryCounts([.. counts.Select((count, cell) => withheld[cell] ? (long?)null : count)], rows);
    }

    /// <summary>JSON with the fields counts (levels, other, missing) and rows.</summary>
    public JsonObject ToJson() => new()
    {
        ["counts"] = new JsonArray([.. Cells.Select(cell => (JsonNode?)cell)]),
        ["rows"] = Rows,
    };

    /// <summary>Reads what <see cref="ToJson"/> writes, strictly: counts that do not add up are refused.</summary>
    /// <exception cref="FormatException">The JSON is something else.</exception>
    public static CategoryCounts Read(JsonNode? node, int levels, string path)
    {
        CheckLevels(levels);
        var fields = new JsonFields(node, path);
        var cells = fields.List("counts", levels + 2, (item, at) => item is null ? (long?)null : JsonFields.Integer(item, at, 0, ValueHistogram.MaximumCount));
        long? rows = fields.IsNull("rows") ? null : fields.Integer("rows", 0, ValueHistogram.MaximumCount);
        fields.End();
        if (cells.Length != levels + 2)
            fields.Fail("counts", "have one count for each level, for other values and for missing ones");
        var known = cells.Aggregate(Int128.Zero, (sum, cell) => sum + (cell ?? 0));
        if (rows is { } all && (known > all || (known < all && !cells.Contains(null))))
            fields.Fail("rows", "be what the counts add up to, or more where some are withheld");
        return new CategoryCounts([.. cells], rows);
    }

    private static void CheckLevels(int levels)
    {
        if (levels is < 1 or > MaximumLevels)
            throw new ArgumentOutOfRangeException(nameof(levels), $"A categorical feature has 1 to {MaximumLevels} levels.");
    }
}
