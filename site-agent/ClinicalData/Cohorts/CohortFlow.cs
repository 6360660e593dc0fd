using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Counts how many patients and rows each step of a cohort leaves.</summary>
internal sealed class CohortFlow
{
    private readonly ImmutableArray<string> _steps;
    private readonly Dictionary<string, (int Patients, int Rows)> _counts = new(StringComparer.Ordinal);

    public CohortFlow(CohortDefinition cohort) => _steps = cohort.Steps;

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
