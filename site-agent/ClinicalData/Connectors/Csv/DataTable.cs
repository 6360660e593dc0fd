using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>One thing that is wrong with a file: where and what, never the value.</summary>
/// <param name="Row">Line of a CSV file that is no row of the table (truncated, too long), or number of the row from 1.</param>
/// <param name="Column">The column; empty where the whole line is wrong.</param>
/// <param name="What">What is wrong, in words.</param>
public sealed record RowFault(long Row, string Column, string What);

/// <summary>The columns of a dataset that a study needs, typed.</summary>
public sealed class DataTable
{
    /// <summary>How many faults are kept one by one; the rest is counted.</summary>
    public const int FaultsKept = 100;

    private readonly IReadOnlyDictionary<string, double[]> _numbers;
    private readonly IReadOnlyDictionary<string, string[]> _texts;

    internal DataTable(
        int rows, IReadOnlyDictionary<string, double[]> numbers, IReadOnlyDictionary<string, string[]> texts, ImmutableArray<RowFault> faults, long faultyRows)
    {
        (Rows, _numbers, _texts, Faults, FaultyRows) = (rows, numbers, texts, faults, faultyRows);
    }

    /// <summary>Number of rows that could be read.</summary>
    public int Rows { get; }

    /// <summary>The first faults.</summary>
    public ImmutableArray<RowFault> Faults { get; }

    /// <summary>How many rows have at least one fault, unreadable lines included.</summary>
    public long FaultyRows { get; }

    /// <summary>A numeric column, [rows]; NaN where the value is missing or is no number.</summary>
    public double[] Numbers(string column) => _numbers[column];

    /// <summary>A text column, [rows], trimmed; empty where the value is missing.</summary>
    public string[] Texts(string column) => _texts[column];
}
