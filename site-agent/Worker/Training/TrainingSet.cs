using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Learning;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Rows as the network sees them.</summary>
/// <param name="Inputs">[rows, width], row-major.</param>
/// <param name="Labels">[rows], 1 positive, 0 negative; where a number is predicted, the number.</param>
/// <param name="Width">Inputs of the network.</param>
/// <param name="Patients">Which rows are of which patient.</param>
public sealed record TrainingSet(float[] Inputs, float[] Labels, int Width, PatientRows Patients)
{
    /// <summary>Number of rows.</summary>
    public int Rows => Labels.Length;

    /// <summary>Encodes the raw rows of a cohort.</summary>
    public static TrainingSet Of(CohortRows rows, InputEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(encoder);
        var inputs = new float[rows.Count * encoder.InputWidth];
        for (var i = 0; i < rows.Count; i++)
            encoder.Encode(rows.Values.AsSpan(i * encoder.RawWidth, encoder.RawWidth), inputs.AsSpan(i * encoder.InputWidth, encoder.InputWidth));
        return new TrainingSet(inputs, rows.Labels, encoder.InputWidth, PatientRows.Grouped(rows.Patients, rows.PatientCount));
    }
}
