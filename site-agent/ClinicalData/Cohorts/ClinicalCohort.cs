using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a study's cohort is computed from.</summary>
/// <param name="Snapshot">The site's events.</param>
/// <param name="Concepts">What its ordinals stand for.</param>
/// <param name="Clock">The hospital's clock.</param>
public sealed record ClinicalSource(EventSnapshot Snapshot, SiteConcepts Concepts, ClinicalClock Clock);

/// <summary>One row of a study over events.</summary>
/// <param name="Patient">Pseudonym.</param>
/// <param name="Prediction">Moment as of which the features are computed.</param>
/// <param name="Values">[features], raw; NaN where missing.</param>
/// <param name="Label">1 where the outcome came, else 0; where a number is predicted, the number.</param>
/// <param name="IsTest">Whether the row is in the test set.</param>
public sealed record ClinicalRow(string Patient, ClinicalTime Prediction, double[] Values, float Label, bool IsTest);

/// <summary>The rows that a study over events sees at a site, and how they came about.</summary>
/// <param name="Rows">In the ordinal order of pseudonyms, then of time: the same for the same patients, from whichever source.</param>
/// <param name="Cohort">The same rows as training and test set, and what became of everybody.</param>
/// <param name="Problems">Values that no feature used, and why.</param>
public sealed record ClinicalCohort(ImmutableArray<ClinicalRow> Rows, Cohort Cohort, FeatureProblems Problems)
{
    private bool PredictsNumber { get; init; }

    /// <summary>Computes a study's cohort.</summary>
    /// <param name="data">What the study asks for; with a cohort.</param>
    /// <param name="source">The site's events.</param>
    /// <param name="optedOut">Whether a patient, by pseudonym, opted out.</param>
    /// <param name="cancel">Stops the computation.</param>
    public static ClinicalCohort Of(StudyData data, ClinicalSource source, Func<string, bool> optedOut, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(optedOut);
        var selector = new EventSelector(source.Concepts);
        var features = new FeatureComputer(data.Features, source.Concepts, source.Clock, selector);
        var plan = new CohortPlan(data.Cohort ?? throw new ArgumentException("The study has no cohort.", nameof(data)), data.Label.Number, selector, source.Clock, source.Concepts);
        var flow = new CohortFlow(data.Cohort);
        var rows = new List<ClinicalRow>();
        foreach (var timeline in source.Snapshot.Read(features.Wants))
        {
            cancel.ThrowIfCancellationRequested();
            var patient = source.Snapshot.Patients[timeline.Patient];
            flow.Count(FlowSteps.Known, 1);
            if (optedOut(patient))
                continue;
            flow.Count(FlowSteps.NotOptedOut, 1);
            var predictions = plan.Predictions(timeline, flow);
            if (predictions.Count == 0)
                continue;
            var firstYear = source.Clock.ToLocal(predictions[0].Prediction).Year;
            var (placed, complete) = (0, 0);
            foreach (var (prediction, label) in predictions)
            {
                if (PartOf(data.Split, patient, firstYear, source.Clock.ToLocal(prediction).Year) is not { } isTest)
                    continue;
                placed++;
                var values = new double[data.Features.Length];
                features.Compute(timeline, prediction, values);
                if (Cohort.LacksRequired(data.Features, values))
                    continue;
                complete++;
                rows.Add(new ClinicalRow(patient, prediction, values, (float)label, isTest));
            }

            flow.Count(FlowSteps.InAPart, placed);
            flow.Count(FlowSteps.Complete, complete);
        }

        rows.Sort((x, y) => string.CompareOrdinal(x.Patient, y.Patient) is not 0 and var order ? order : x.Prediction.CompareTo(y.Prediction));
        return new ClinicalCohort([.. rows], Assemble(data, rows, flow), features.Problems) { PredictsNumber = data.Label.Number is not null };
    }

    /// <summary>Appends every row to a keyed hash: the fingerprint of the training matrix.</summary>
    public void AppendTo(IncrementalHash hash)
    {
        ArgumentNullException.ThrowIfNull(hash);
        foreach (var row in Rows)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(row.Patient));
            hash.AppendData(BitConverter.GetBytes(row.Prediction.Microseconds));
            hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes<double>(row.Values));
            hash.AppendData(PredictsNumber ? BitConverter.GetBytes(row.Label) : [(byte)row.Label]);
            hash.AppendData([(byte)(row.IsTest ? 1 : 0)]);
        }
    }

    // By year of care a patient belongs where their first row does; a training patient's rows of later years are in neither part.
    private static bool? PartOf(Split split, string patient, int firstYear, int year) => split.TestFrom is not { } from
        ? Cohort.Drawn(split, patient)
        : firstYear >= from ? true : year >= from ? null : false;

    private static Cohort Assemble(StudyData data, List<ClinicalRow> ordered, CohortFlow flow)
    {
        var (training, test) = (new CohortPart(), new CohortPart());
        foreach (var row in ordered)
            (row.IsTest ? test : training).Add(row.Values, row.Label, row.Patient);
        var (trainingRows, testRows) = (training.ToRows(), test.ToRows());
        return new Cohort(trainingRows, testRows, new CohortCounts(
            flow.RowsAt(FlowSteps.Alive), 0, flow.PatientsAt(FlowSteps.Known) - flow.PatientsAt(FlowSteps.NotOptedOut),
            flow.RowsBefore(data.Cohort!.Labelled) - flow.RowsAt(data.Cohort!.Labelled), flow.RowsAt(FlowSteps.InAPart) - flow.RowsAt(FlowSteps.Complete),
            flow.RowsAt(data.Cohort!.Labelled) - flow.RowsAt(FlowSteps.InAPart),
            trainingRows.Count, trainingRows.Positives, testRows.Count, testRows.Positives, Cohort.Quality(data.Features, trainingRows))
        {
            Flow = flow.Steps(),
        });
    }
}
