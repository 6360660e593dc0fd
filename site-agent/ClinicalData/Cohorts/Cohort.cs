using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Rows of one part of a cohort, in raw values.</summary>
/// <param name="Values">[rows, features], row-major, in the features' units; NaN where missing.</param>
/// <param name="Labels">[rows], 1 positive, 0 negative; where a number is predicted, the number.</param>
/// <param name="Patients">[rows], whose row it is: patients of this part are numbered from 0, in the order of their first rows.</param>
public sealed record CohortRows(double[] Values, float[] Labels, int[] Patients)
{
    /// <summary>Number of rows.</summary>
    public int Count => Labels.Length;

    /// <summary>Number of patients.</summary>
    public int PatientCount => Patients.Length == 0 ? 0 : Patients.Max() + 1;

    /// <summary>Number of positive rows; of no meaning where a number is predicted.</summary>
    public int Positives => Labels.Count(label => label == 1);

    /// <summary>Rows of several sites, whose patients are taken for different people.</summary>
    public static CohortRows Together(IReadOnlyList<CohortRows> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var patients = new List<int>();
        var before = 0;
        foreach (var part in parts)
        {
            patients.AddRange(part.Patients.Select(patient => before + patient));
            before += part.PatientCount;
        }

        return new CohortRows([.. parts.SelectMany(part => part.Values)], [.. parts.SelectMany(part => part.Labels)], [.. patients]);
    }
}

/// <summary>What became of a dataset's rows: counts only.</summary>
/// <param name="Rows">Rows that could be read.</param>
/// <param name="FaultyRows">Rows or lines with a fault.</param>
/// <param name="OptedOut">Rows of patients who opted out.</param>
/// <param name="WithoutLabel">Rows without a label, or, where a number is predicted, with an implausible one.</param>
/// <param name="WithoutRequiredValue">Rows left out because a value is missing that the study requires.</param>
/// <param name="InNeitherPart">Rows whose split column names neither part.</param>
/// <param name="Training">Training rows.</param>
/// <param name="TrainingPositives">Positive ones among them.</param>
/// <param name="Test">Test rows.</param>
/// <param name="TestPositives">Positive ones among them.</param>
/// <param name="Features">For each feature, how many training values are missing and how many implausible.</param>
public sealed record CohortCounts(
    int Rows,
    long FaultyRows,
    int OptedOut,
    int WithoutLabel,
    int WithoutRequiredValue,
    int InNeitherPart,
    int Training,
    int TrainingPositives,
    int Test,
    int TestPositives,
    ImmutableArray<(string Feature, int Missing, int Implausible)> Features)
{
    /// <summary>Of a study over events: how many patients and rows each step left, in order; empty: the dataset is a table.</summary>
    public ImmutableArray<FlowStep> Flow { get; init; } = [];
}

/// <summary>A step of a cohort's flow, as in a CONSORT diagram.</summary>
/// <param name="Name">What was asked, or done.</param>
/// <param name="Patients">Patients left.</param>
/// <param name="Rows">Rows left.</param>
public sealed record FlowStep(string Name, int Patients, int Rows);

/// <summary>The rows that a study sees at this site, divided into training and test.</summary>
public sealed class Cohort
{
    internal Cohort(CohortRows training, CohortRows test, CohortCounts counts) => (Training, Test, Counts) = (training, test, counts);

    /// <summary>Training rows, in the order of the file; of a study over events in the order of pseudonyms, then of time.</summary>
    public CohortRows Training { get; }

    /// <summary>Test rows, in the same order.</summary>
    public CohortRows Test { get; }

    /// <summary>What became of every row.</summary>
    public CohortCounts Counts { get; }

    /// <summary>Columns that a study reads as numbers.</summary>
    public static IReadOnlyCollection<string> NumberColumns(StudyData data) =>
        [.. data.Features.Select(feature => feature.Name).Append(data.Label.Name).Distinct(StringComparer.Ordinal)];

    /// <summary>Columns that a study reads as text.</summary>
    public static IReadOnlyCollection<string> TextColumns(StudyData data) =>
        [.. new[] { data.Patient, data.Split.Column }.OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <summary>Chooses and divides the rows of a table.</summary>
    /// <param name="data">What the study asks for.</param>
    /// <param name="table">A table with <see cref="NumberColumns"/> and <see cref="TextColumns"/>.</param>
    /// <param name="optedOut">Whether a patient, by pseudonym, opted out.</param>
    public static Cohort Of(StudyData data, DataTable table, Func<string, bool> optedOut)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(optedOut);
        var patients = data.Patient is null ? null : table.Texts(data.Patient);
        var (labels, number) = (table.Numbers(data.Label.Name), data.Label.Number);
        var columns = data.Features.Select(feature => table.Numbers(feature.Name)).ToArray();
        var parts = data.Split.Column is null ? null : table.Texts(data.Split.Column);
        var (training, test) = (new CohortPart(), new CohortPart());
        var (optedOutRows, withoutLabel, withoutValue, neither) = (0, 0, 0, 0);
        var row = new double[columns.Length];
        for (var i = 0; i < table.Rows; i++)
        {
            for (var j = 0; j < row.Length; j++)
                row[j] = columns[j][i];

            // Without a patient column a row has no pseudonym by which somebody could opt out, and is a patient of its own.
            if (patients is not null && optedOut(patients[i]))
                optedOutRows++;
            else if (number is null ? double.IsNaN(labels[i]) : !number.IsPlausible(labels[i]))
                withoutLabel++;
            else if (LacksRequired(data.Features, row))
                withoutValue++;
            else if ((parts is null ? Drawn(data.Split, patients?[i] ?? i.ToString(CultureInfo.InvariantCulture)) : Named(data.Split, parts[i])) is not { } isTest)
                neither++;
            else
                (isTest ? test : training).Add(row, number is null ? (labels[i] > data.Label.Above ? 1 : 0) : (float)labels[i], patients?[i]);
        }

        var (trainingRows, testRows) = (training.ToRows(), test.ToRows());
        return new Cohort(trainingRows, testRows, new CohortCounts(
            table.Rows, table.FaultyRows, optedOutRows, withoutLabel, withoutValue, neither,
            trainingRows.Count, trainingRows.Positives, testRows.Count, testRows.Positives, Quality(data.Features, trainingRows)));
    }

    /// <summary>Appends all rows, labels, and which rows are of one patient, to a keyed hash.</summary>
    public void AppendTo(IncrementalHash hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        foreach (var rows in (ReadOnlySpan<CohortRows>)[Training, Test])
        {
            hash.AppendData(BitConverter.GetBytes(rows.Count));
            hash.AppendData(MemoryMarshal.AsBytes<double>(rows.Values));
            hash.AppendData(MemoryMarshal.AsBytes<float>(rows.Labels));
            hash.AppendData(MemoryMarshal.AsBytes<int>(rows.Patients)); // privacy is per patient: other patients are other data
        }
    }

    internal static bool LacksRequired(ImmutableArray<Feature> features, ReadOnlySpan<double> row)
    {
        for (var j = 0; j < row.Length; j++)
        {
            if (features[j].Missing == MissingRule.ExcludeRow && float.IsNaN(InputEncoder.Plausible(features[j], row[j])))
                return true;
        }

        return false;
    }

    // The draw depends on seed and patient alone, so that a patient stays in one part whatever rows are added, and all of a patient's
    // rows are in one part. True: test.
    internal static bool Drawn(Split split, string patient) =>
        DeterministicRandom.Of("split", split.Seed.ToString(CultureInfo.InvariantCulture), patient.ReplaceLineEndings(" ")).NextDouble() < split.TestFraction;

    private static bool? Named(Split split, string part) => part == split.TestValue ? true : part == split.TrainValue ? false : null;

    internal static ImmutableArray<(string Feature, int Missing, int Implausible)> Quality(ImmutableArray<Feature> features, CohortRows rows)
    {
        var counts = new (string Feature, int Missing, int Implausible)[features.Length];
        for (var j = 0; j < features.Length; j++)
        {
            counts[j].Feature = features[j].Name;
            for (var i = 0; i < rows.Count; i++)
            {
                var raw = rows.Values[(i * features.Length) + j];
                if (double.IsNaN(raw))
                    counts[j].Missing++;
                else if (float.IsNaN(InputEncoder.Plausible(features[j], raw)))
                    counts[j].Implausible++;
            }
        }

        return [.. counts];
    }

}

/// <summary>Gathers the rows of one part.</summary>
internal sealed class CohortPart
{
    private readonly List<double> _values = [];
    private readonly List<float> _labels = [];
    private readonly List<int> _patients = [];
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);

    /// <summary>Adds a row of a patient, by pseudonym; null: nobody knows whose, and it is a patient of its own.</summary>
    public void Add(ReadOnlySpan<double> row, float label, string? patient)
    {
        _values.AddRange(row);
        _labels.Add(label);
        if (patient is null)
            _patients.Add(_patients.Count);
        else if (_numbers.TryGetValue(patient, out var number))
            _patients.Add(number);
        else
            _patients.Add(_numbers[patient] = _numbers.Count);
    }

    public CohortRows ToRows() => new([.. _values], [.. _labels], [.. _patients]);
}
