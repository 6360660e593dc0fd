using FederatedClinicalMl.Cli.Synth;

namespace FederatedClinicalMl.Tests.Cli.Synth;

public sealed class PlantedTests
{
    private static readonly DateTime s_after = new(2021, 6, 1, 0, 0, 0, DateTimeKind.Utc);

    // What each fault looks like, found without knowing where it was planted.
    private static readonly Dictionary<string, Func<SynthPatient, int>> s_finders = new()
    {
        ["heart-rate-impossible"] = patient => Count(patient, item => Is(item, Codes.HeartRate, value => value > 300)),
        ["temperature-impossible"] = patient => Count(patient, item => Is(item, Codes.Temperature, value => value > 45)),
        ["future-date"] = patient => Count(patient, item => item.Time > s_after),
        ["dangling-encounter"] = patient => Count(patient, item => patient.Encounters.All(encounter => encounter.Id != item.Encounter)),
        ["time-missing"] = patient => Count(patient, item => item.Time is null),
        ["code-missing"] = patient => Count(patient, item => item.Code is null),
        ["entered-in-error"] = patient => Count(patient, item => item.Retracted),
        ["duplicate-event"] = patient => patient.Events.Where(item => item.Kind == SynthKind.Measurement && item.Time is not null).GroupBy(item => (item.Code, item.Time)).Sum(same => same.Count() - 1),
        ["sex-inconsistent"] = patient => Count(patient, item => (patient.Male == true && item.Code == Codes.Pregnant) || (patient.Male == false && item.Code == Codes.ProstateCancer)),
        ["discharge-before-admission"] = patient => patient.Encounters.Count(encounter => encounter.End < encounter.Start),
        ["age-impossible"] = patient => patient.Birth < new DateOnly(1901, 1, 1) ? 1 : 0,
        ["birth-missing"] = patient => patient.Birth is null ? 1 : 0,
        ["sex-missing"] = patient => patient.Male is null ? 1 : 0,
    };

    private static List<(MadeSite Made, List<SynthPatient> Patients)> Sites => MadeHospitals.Usual.Value.Sites;

    [Fact]
    public void Faults_are_at_the_faulty_hospital_and_nowhere_else()
    {
        Assert.Equal(FaultPlanter.Kinds.Select(kind => kind.Name).Order(StringComparer.Ordinal), s_finders.Keys.Order(StringComparer.Ordinal));
        foreach (var (made, patients) in Sites)
        {
            foreach (var (fault, find) in s_finders)
            {
                var found = patients.Sum(find);
                var planted = made.Planted.TryGetValue(fault, out var records) ? records.Count : 0;
                Assert.True(made.Hospital.Number == 3 ? planted >= 5 && found >= planted * 0.8 : found == 0 && planted == 0, $"{made.Hospital.Name} {fault}: {found} found, {planted} planted");
            }
        }
    }

    [Fact]
    public void Duplicate_patients_are_at_the_faulty_hospital_and_nowhere_else()
    {
        foreach (var (made, patients) in Sites)
        {
            var twice = patients.GroupBy(patient => (patient.Birth, patient.Male, patient.Events.Length, patient.Encounters[0].Start)).Where(same => same.Count() > 1).ToList();

            Assert.Equal(made.Planted.TryGetValue(FaultPlanter.DuplicatePatient, out var records) ? records : [], twice.Select(same => same.Last().Id));
            Assert.Equal(made.Hospital.Number == 3, twice.Count > 10);
        }
    }

    [Fact]
    public void Faults_leave_the_other_patients_as_they_were()
    {
        var without = new MadeHospitals(patients: 50, faulty: 0).Sites[2].Patients;
        var with = Sites[2].Patients.ToDictionary(patient => patient.Id);

        Assert.InRange(without.Count(patient => with[patient.Id].Events.SequenceEqual(patient.Events, EventEquality.Instance)), 20, 49);
    }

    [Fact]
    public void Drift_changes_one_assay_one_prevalence_and_one_frequency_from_its_day_on()
    {
        foreach (var (made, patients) in Sites)
        {
            var drifts = made.Hospital.Number == 4;
            Assert.InRange(Ratio(patients, item => Mean(item, Codes.Creatinine, Codes.CreatinineMoles, made)), drifts ? 1.2 : 0.92, drifts ? 1.4 : 1.08);
            Assert.InRange(Ratio(patients, item => Mean(item, Codes.Potassium, Codes.Potassium, made)), 0.98, 1.02);
            Assert.InRange(Ratio(patients, items => Share(items, Codes.Cholesterol, Codes.CholesterolMoles)), drifts ? 0.1 : 0.8, drifts ? 0.5 : 1.25);
            Assert.InRange(Ratio(patients, items => Share(items, Codes.Haemoglobin, Codes.Haemoglobin)), 0.8, 1.25);
        }

        Assert.True(LungDisease(Sites[3].Patients, after: true) > 1.8 * LungDisease(Sites[3].Patients, after: false));
        Assert.InRange(LungDisease(Sites[0].Patients, after: true) / LungDisease(Sites[0].Patients, after: false), 0.5, 1.7);
    }

    private static int Count(SynthPatient patient, Func<SynthEvent, bool> which) => patient.Events.Count(which);

    private static bool Is(SynthEvent item, SynthCode code, Func<double, bool> which) => item.Code == code && item.Values[0].Number is { } number && which(number);

    // What a statistic of the records is after the day of the drift, over what it is before.
    private static double Ratio(List<SynthPatient> patients, Func<IReadOnlyList<SynthEvent>, double> statistic)
    {
        var events = patients.SelectMany(patient => patient.Events).Where(item => item.Kind == SynthKind.Measurement && item.Time is not null).ToList();
        return statistic([.. events.Where(item => item.Time >= Drift.Planned.From && item.Time < s_after)]) / statistic([.. events.Where(item => item.Time < Drift.Planned.From)]);
    }

    private static double Mean(IReadOnlyList<SynthEvent> items, SynthCode mass, SynthCode substance, MadeSite made) =>
        items.Where(item => item.Code == made.Hospital.Write(mass) || item.Code == substance).Average(item => item.Values[0].Number!.Value);

    // Of tests that are made on the same occasions.
    private static double Share(IReadOnlyList<SynthEvent> items, SynthCode mass, SynthCode substance) =>
        (double)items.Count(item => item.Code == mass || item.Code == substance) / items.Count(item => item.Code == Codes.Potassium);

    private static double LungDisease(List<SynthPatient> patients, bool after)
    {
        var those = patients.Where(patient => patient.Encounters.FirstOrDefault(encounter => encounter.Class == "IMP") is { } stay && stay.Start >= Drift.Planned.From == after).ToList();
        return (double)those.Count(patient => patient.Events.Any(item => item.Code == Codes.LungDisease)) / those.Count;
    }

    private sealed class EventEquality : IEqualityComparer<SynthEvent>
    {
        public static EventEquality Instance { get; } = new();

        public bool Equals(SynthEvent? x, SynthEvent? y) => x!.Values.SequenceEqual(y!.Values) && x with { Values = [] } == y with { Values = [] };

        public int GetHashCode(SynthEvent obj) => obj.Id.GetHashCode(StringComparison.Ordinal);
    }
}
