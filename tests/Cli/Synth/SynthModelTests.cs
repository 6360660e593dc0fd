using CsCheck;
using FederatedClinicalMl.Cli.Synth;

namespace FederatedClinicalMl.Tests.Cli.Synth;

public sealed class SynthModelTests
{
    private static List<(MadeSite Made, List<SynthPatient> Patients)> Sites => MadeHospitals.Usual.Value.Sites;

    [Fact]
    public void Best_auroc_leaves_something_to_learn_and_something_that_nobody_can_know()
    {
        foreach (var (made, _) in Sites)
        {
            var best = BestAuroc.Of(made.Rows);

            Assert.InRange(best.Expected!.Value, 0.75, 0.9);
            Assert.InRange(best.Drawn!.Value.Value, 0.75, 0.9);
            Assert.InRange(best.Expected.Value, best.Drawn.Value.Low - 0.01, best.Drawn.Value.High + 0.01);
            Assert.InRange((double)best.Positives / best.Rows, 0.1, 0.35);
            Assert.InRange(best.Rows, 800, 900);
        }
    }

    [Fact]
    public void Outcomes_come_as_often_as_their_risks_say()
    {
        var rows = Sites.SelectMany(site => site.Made.Rows).ToList();
        var spread = Math.Sqrt(rows.Sum(row => row.Risk * (1 - row.Risk)));

        Assert.InRange(rows.Count(row => row.Outcome) - rows.Sum(row => row.Risk), -4 * spread, 4 * spread);
    }

    [Fact]
    public void Expected_auroc_is_that_of_all_pairs_one_by_one() => Gen.Int[0, 8].Select(step => 0.05 + (step / 10.0)).Array[2, 30].Sample(risks =>
    {
        var (right, pairs) = (0.0, 0.0);
        for (var i = 0; i < risks.Length; i++)
        {
            for (var j = 0; j < risks.Length; j++)
            {
                var weight = i == j ? 0 : risks[i] * (1 - risks[j]);
                (right, pairs) = (right + (weight * (risks[i] > risks[j] ? 1 : risks[i] == risks[j] ? 0.5 : 0)), pairs + weight);
            }
        }

        Assert.Equal(right / pairs, BestAuroc.Expectation(risks)!.Value, 1e-9);
    });

    [Fact]
    public void Outcome_of_a_row_is_what_the_records_say_within_the_horizon()
    {
        var (made, patients) = Sites[0];
        var rows = patients.Where(patient => FirstStay(patient) is not null).Select(patient =>
        {
            var end = FirstStay(patient)!.End!.Value;
            return patient.Events.Any(item => item.Code == Codes.HeartFailure && item.Time > end && item.Time <= end.AddDays(365));
        });

        Assert.Equal(made.Rows.Select(row => row.Outcome), rows);
    }

    [Fact]
    public void Patients_belong_to_one_hospital_each()
    {
        var names = Sites.SelectMany(site => site.Patients.Select(patient => patient.Id)).ToList();

        Assert.Equal(names.Count, names.Distinct().Count());
        Assert.All(Sites, site => Assert.All(site.Patients, patient => Assert.StartsWith($"s{site.Made.Hospital.Number}-", patient.Id, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_stay_has_all_seven_components_of_news2_at_one_moment()
    {
        SynthCode[] components = [Codes.RespiratoryRate, Codes.OxygenSaturation, Codes.OxygenFlow, Codes.Systolic, Codes.HeartRate, Codes.Responsiveness, Codes.Temperature];
        foreach (var patient in Sites[0].Patients)
        {
            foreach (var stay in patient.Encounters.Where(encounter => encounter.Class == "IMP"))
            {
                Assert.Contains(
                    patient.Events.Where(item => item.Encounter == stay.Id && item.Kind == SynthKind.Measurement).GroupBy(item => item.Time),
                    set => components.All(code => set.Any(item => item.Values.Any(value => value.Code == code))));
            }
        }
    }

    [Fact]
    public void Records_become_known_by_one_rule_for_each_table()
    {
        foreach (var patient in Sites.SelectMany(site => site.Patients))
        {
            var ends = patient.Encounters.ToDictionary(encounter => encounter.Id, encounter => encounter.End);
            foreach (var item in patient.Events.Where(item => item.Time is not null))
            {
                var expected = item.Kind switch
                {
                    SynthKind.Condition or SynthKind.Procedure => ends[item.Encounter],
                    SynthKind.Medication => item.Time,
                    _ => item.Time!.Value.AddHours(Lags.IsObservation(item) ? 24 : 2),
                };
                Assert.Equal(expected, item.Available);
                Assert.Equal(0, item.Time!.Value.Ticks % TimeSpan.TicksPerSecond);
            }
        }
    }

    [Fact]
    public void Careless_features_would_look_ahead()
    {
        var (made, patients) = Sites[0];
        var rows = patients.Where(patient => FirstStay(patient) is not null).Zip(made.Rows, (patient, row) => (Patient: patient, FirstStay(patient)!.End, row.Outcome)).ToList();

        var late = rows.Where(row => row.Patient.Events.Any(item => item.Kind == SynthKind.Condition && item.Code == Codes.Cardiomyopathy && item.Time < row.End && item.Available > row.End)).ToList();
        var peptides = rows.Select(row => (row.Outcome, Event: row.Patient.Events.LastOrDefault(item => item.Code == Codes.NatriureticPeptide && item.Time < row.End && item.Available > row.End)))
            .Where(row => row.Event is not null).ToLookup(row => row.Outcome, row => row.Event!.Values[0].Number!.Value);

        Assert.InRange(late.Count, 40, 200);
        Assert.All(late, row => Assert.True(row.Outcome));
        Assert.True(peptides[true].Average() > 4 * peptides[false].Average());
        Assert.InRange(patients.Sum(patient => patient.Events.Count(item => item.Amended)), 200, 2000);
    }

    [Fact]
    public void Tests_are_made_more_often_of_who_is_more_ill()
    {
        var (made, patients) = Sites[0];
        var rows = patients.Where(patient => FirstStay(patient) is not null).Zip(made.Rows, (patient, row) => (row.Risk, Tested: patient.Events.Any(item => item.Code == Codes.Hba1c && item.Time < FirstStay(patient)!.End))).ToList();

        Assert.True(rows.Where(row => row.Tested).Average(row => row.Risk) > rows.Where(row => !row.Tested).Average(row => row.Risk) + 0.02);
    }

    private static SynthEncounter? FirstStay(SynthPatient patient) => patient.Encounters.FirstOrDefault(encounter => encounter.Class == "IMP");
}
