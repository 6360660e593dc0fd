using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary>A row of which only what is not zero is kept.</summary>
/// <param name="Columns">Where.</param>
/// <param name="Values">What.</param>
/// <param name="Label">1 or 0.</param>
internal sealed record SparseRow(int[] Columns, float[] Values, float Label);

/// <summary>
/// Made-up patients: first the canaries, then ordinary ones whom nobody guesses about. A canary has an input column that is zero in everybody else, with great values in it, so that its gradient lies in weights of its
/// own and is clipped; half of them are labelled positive and half negative, for no reason that could be learnt.
/// </summary>
internal static class AuditPatients
{
    public const int Ordinary = 500;
    public const int Width = AuditedTraining.Canaries + OrdinaryColumns;

    private const int OrdinaryColumns = 8;

    /// <summary>Everybody's rows, canaries that are out included.</summary>
    public static SparseRow[][] Everybody(DeterministicRandom random)
    {
        var patients = new SparseRow[AuditedTraining.Canaries + Ordinary][];
        for (var patient = 0; patient < patients.Length; patient++)
        {
            patients[patient] = patient < AuditedTraining.Canaries
                ? [.. Enumerable.Range(0, AuditedTraining.RowsPerPatient).Select(row => new SparseRow([patient], [8 + row], patient % 2))]
                : [.. Enumerable.Range(0, 1 + random.NextInt(AuditedTraining.RowsPerPatient)).Select(_ => OrdinaryRow(random))];
        }

        return patients;
    }

    /// <summary>The rows as the trainer takes them; whoever is out has none, and a place in the draw.</summary>
    /// <param name="patients">[patients][rows].</param>
    /// <param name="isIn">[canaries].</param>
    public static TrainingSet Rows(SparseRow[][] patients, bool[] isIn)
    {
        var rows = patients.SelectMany((own, patient) => own.Where(_ => patient >= isIn.Length || isIn[patient]).Select(row => (Patient: patient, Row: row))).ToArray();
        var inputs = new float[rows.Length * Width];
        for (var i = 0; i < rows.Length; i++)
        {
            foreach (var (column, value) in rows[i].Row.Columns.Zip(rows[i].Row.Values))
                inputs[(i * Width) + column] = value;
        }

        return new TrainingSet(inputs, [.. rows.Select(row => row.Row.Label)], Width, PatientRows.Grouped([.. rows.Select(row => row.Patient)], patients.Length));
    }

    private static SparseRow OrdinaryRow(DeterministicRandom random)
    {
        var values = Enumerable.Range(0, OrdinaryColumns).Select(_ => (2 * random.NextSingle()) - 1).ToArray();
        var label = values[0] + values[1] + random.NextSingle() > 0.5f ? 1 : 0;
        return new SparseRow([.. Enumerable.Range(AuditedTraining.Canaries, OrdinaryColumns)], values, label);
    }
}
