using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Reads columns of a CSV or Parquet file whole.</summary>
public static class TableReader
{
    /// <summary>Reads columns of a file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="numbers">Columns to read as numbers.</param>
    /// <param name="texts">Columns to read as text.</param>
    /// <exception cref="DatasetMissingException">The file or a column is not there.</exception>
    /// <exception cref="DatasetException">The file cannot be read at all.</exception>
    public static DataTable Read(DatasetSource source, IReadOnlyCollection<string> numbers, IReadOnlyCollection<string> texts)
    {
        ArgumentNullException.ThrowIfNull(source);
        var file = TableFile.Open(source, source.Path, "datasets.yaml");
        var wanted = file.Find([.. numbers, .. texts]);
        var numberColumns = numbers.Select(_ => new List<double>()).ToArray();
        var textColumns = texts.Select(_ => new List<string>()).ToArray();
        var faults = ImmutableArray.CreateBuilder<RowFault>();
        long faulty = 0;
        var count = 0;
        using var rows = file.Read(wanted, Refuse);
        while (rows.Read())
        {
            count++;
            var sound = true;
            var field = 0;
            foreach (var name in numbers)
            {
                var value = double.NaN;
                if (rows[field] is { Length: > 0 } text && !TextValues.TryNumber(text, out value))
                {
                    (sound, value) = (false, double.NaN);
                    Keep(faults, new RowFault(count, name, "not a finite number; numbers are written with a decimal point and without unit"));
                }

                numberColumns[field++].Add(value);
            }

            foreach (var column in textColumns)
                column.Add(rows[field++]);
            faulty += sound ? 0 : 1;
        }

        return new DataTable(
            count,
            numbers.Zip(numberColumns).ToDictionary(pair => pair.First, pair => pair.Second.ToArray(), StringComparer.Ordinal),
            texts.Zip(textColumns).ToDictionary(pair => pair.First, pair => pair.Second.ToArray(), StringComparer.Ordinal),
            faults.ToImmutable(), faulty);

        void Refuse(long line, RecordFault fault, string words)
        {
            if (fault is RecordFault.ArchiveBroken or RecordFault.ArchiveGrows)
                throw new DatasetException($"'{source.Path}', line {line}: {words}.");
            faulty++;
            Keep(faults, new RowFault(line, "", $"the line is not a row of this table ({words})"));
        }
    }

    private static void Keep(ImmutableArray<RowFault>.Builder faults, RowFault fault)
    {
        if (faults.Count < DataTable.FaultsKept)
            faults.Add(fault);
    }
}
