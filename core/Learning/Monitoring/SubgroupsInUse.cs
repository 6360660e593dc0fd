using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// What the told use of a window says of the rows of a partition's subgroups: its table of the same feature counts the same rows, by level or by cells that no band need end at, whatever came of them.
/// </summary>
internal static class SubgroupsInUse
{
    /// <summary>Of one of the study's partitions.</summary>
    public static KnownSubgroups Of(Study study, MonitoredUsage usage, DayReport sum, int minimum, int partition)
    {
        var declared = study.Evaluation.Subgroups[partition];
        var feature = SubgroupIndex.ColumnOf(study, declared);
        var (table, bands, absent) = (usage.Features[feature], sum.Bands(feature), sum.Absent(feature));
        var values = sum.Values(feature).ToArray();
        long[] answered = [.. bands?.Select(band => band.Sum()) ?? values, absent.Missing + absent.Implausible];
        var outcomes = sum.Subgroups!.Groups(partition);
        var unlabelled = outcomes.Select((group, i) => answered[i] - group.Negatives - group.Positives).ToArray();
        var isSound = Array.TrueForAll(unlabelled, rows => rows >= 0); // no more came about than was answered
        var hidden = (table.Beside[0] is null ? absent.Missing : 0) + (table.Beside[1] is null ? absent.Implausible : 0);
        bool[] withheld = [.. bands is not null ? PartitionedRows.WithheldBands(bands, hidden, minimum) : table.Cells.Select(cell => cell.Count is null), table.Beside.Contains(null)];
        return new KnownSubgroups([.. unlabelled.Select(rows => Math.Max(0, rows))], withheld[..outcomes.Count], partOf =>
            isSound && (bands is null || CellsHaveEnough(table, bands, partOf, hidden, minimum)));
    }

    // Of each part (a told band, or all that are withheld) and each told cell: a band less the cells within it, or a cell less the bands, is a sum of these. Hidden rows count as in the first cell, as where cells were merged.
    private static bool CellsHaveEnough(PartitionedRows table, IReadOnlyList<long[]> bands, int[] partOf, long hidden, int minimum) =>
        table.Cells.All(cell => bands.Index().GroupBy(band => partOf[band.Index], band => band.Item[cell.From..cell.To].Sum())
            .Select(part => part.Sum() + (part.Key == -1 && cell.From == 0 ? hidden : 0)).All(rows => rows == 0 || rows >= minimum));
}
