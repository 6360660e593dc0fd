using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Counts how many patients and rows each step of a cohort leaves.</summary>
internal sealed class CohortFlow
{
    public const string Known = "patients";
    public const string NotOptedOut = "not opted out";
    public const string Indexed = "with an index event";
    public const string Alive = "alive at the prediction, by what was known then";
    public const string FollowedUp = "with the outcome, or followed up to the horizon's end";
    public const string InAPart = "in the training or the test set";
    public const string Complete = "with every value that the study requires";

    private readonly ImmutableArray<string> _steps;
    private readonly Dictionary<string, (int Patients, int Rows)> _counts = new(StringComparer.Ordinal);

    public CohortFlow(CohortDefinition cohort)
    {
        _steps =
        [
            Known, NotOptedOut, Indexed, Alive,
            .. cohort.Include.Select(Included), .. cohort.Exclude.Select(Excluded),
            FollowedUp, InAPart, Complete,
        ];
    }

    public static string Included(Criterion criterion) => $"with: {criterion.Name}";

    public static string Excluded(Criterion criterion) => $"without: {criterion.Name}";

    /// <summary>Counts one patient, with so many rows left; none: the patient is not left either.</summary>
    public void Count(string step, int rows)
    {
        if (rows > 0)
        {
            var (patients, all) = _counts.GetValueOrDefault(step);
            _counts[step] = (patients + 1, all + rows);
        }
    }

    public int PatientsAt(string step) => _counts.GetValueOrDefault(step).Patients;

    public int RowsAt(string step) => _counts.GetValueOrDefault(step).Rows;

    /// <summary>Rows at the step before a step.</summary>
    public int RowsBefore(string step) => RowsAt(_steps[_steps.IndexOf(step) - 1]);

    public ImmutableArray<FlowStep> Steps() => [.. _steps.Select(step => new FlowStep(step, PatientsAt(step), RowsAt(step)))];
}
