namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Which rows are of which patient. Patients are numbers from 0, in the order of their first rows: nothing that names one goes further than the cohort.
/// </summary>
public sealed class PatientRows
{
    private readonly int[] _starts;
    private readonly int[] _rows;

    private PatientRows(int[] starts, int[] rows) => (_starts, _rows) = (starts, rows);

    /// <summary>How many patients there are, those without rows included.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>How many rows they have together.</summary>
    public int Rows => _rows.Length;

    /// <summary>A patient's rows, ascending; possibly none.</summary>
    public ReadOnlySpan<int> Of(int patient) => _rows.AsSpan(_starts[patient].._starts[patient + 1]);

    /// <summary>Groups rows by patient.</summary>
    /// <param name="patients">[rows], each row's patient, in [0, count).</param>
    /// <param name="count">How many patients there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number lies outside.</exception>
    public static PatientRows Grouped(ReadOnlySpan<int> patients, int count)
    {
        var starts = new int[count + 1];
        foreach (var patient in patients)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(patient, nameof(patients));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(patient, count, nameof(patients));
            starts[patient + 1]++;
        }

        for (var patient = 0; patient < count; patient++)
            starts[patient + 1] += starts[patient];
        var (next, rows) = (starts[..^1], new int[patients.Length]);
        for (var row = 0; row < rows.Length; row++)
            rows[next[patients[row]]++] = row;
        return new PatientRows(starts, rows);
    }

    /// <summary>Each row is a patient of its own.</summary>
    public static PatientRows OnePerRow(int rows) => new([.. Enumerable.Range(0, rows + 1)], [.. Enumerable.Range(0, rows)]);
}
