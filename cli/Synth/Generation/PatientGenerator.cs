using System.Globalization;

namespace FederatedClinicalMl.Cli.Synth;

/// <summary>A patient, and the row that the study over the first stay has of them.</summary>
/// <param name="Patient">The record.</param>
/// <param name="Row">True risk and drawn outcome; null: no stay.</param>
internal sealed record GeneratedPatient(SynthPatient Patient, (double Risk, bool Outcome)? Row);

/// <summary>
/// Makes patients, one at a time and each from streams of their own: patient n of a hospital is the same whatever else is made. First what is true is drawn,
/// then the outcome from it, then the encounters, then what was recorded there.
/// </summary>
internal static class PatientGenerator
{
    private const double StayShare = 0.85;

    /// <summary>Makes one.</summary>
    /// <param name="hospital">Where.</param>
    /// <param name="seed">The seed of all hospitals.</param>
    /// <param name="number">Which, from 1.</param>
    public static GeneratedPatient Generate(Hospital hospital, long seed, int number)
    {
        var life = Draws.Of(seed, hospital.Number, "life", number);
        var reference = Course.DrawReference(life);
        var hasStay = life.Chance(StayShare);
        var truth = TruthDraw.Of(hospital, Draws.Of(seed, hospital.Number, "truth", number), reference.Start);
        var risk = RiskModel.Risk(truth);
        var outcome = life.Chance(risk) && hasStay;
        var course = Course.Draw(reference, hasStay, truth.Emergencies, outcome, life);
        var diseases = Diseases.Draw(truth, course, life);
        var chart = new Chart(hospital, string.Create(CultureInfo.InvariantCulture, $"s{hospital.Number}-{number:D6}"));
        var care = Draws.Of(seed, hospital.Number, "care", number);
        foreach (var (place, encounter) in course.Encounters.Index())
        {
            chart.Begin(encounter, hospital.Organisations[care.Whole(0, hospital.Organisations.Count)]);
            VitalSigns.Take(chart, encounter, truth, care);
            Laboratory.Test(chart, hospital, encounter, truth, care);
            if (encounter == course.FirstStay)
                Laboratory.TestPeptide(chart, encounter, outcome, care);
            diseases.Record(chart, place, encounter.Start);
            Treat(chart, encounter, diseases.Treated(place), truth, course, care);
        }

        var birth = DateOnly.FromDateTime(course.Reference.AddDays(-truth.Age * 365.25));
        return new GeneratedPatient(chart.Close(birth, truth.Male, course.Death), hasStay ? (risk, outcome) : null);
    }

    // Reason, answers, medications and procedures of an encounter.
    private static void Treat(Chart chart, PlannedEncounter encounter, IEnumerable<SynthCode> drugs, Truth truth, Course course, Draws draws)
    {
        var reason = draws.Between(0, 1) switch { < 0.4 => Codes.Pneumonia, < 0.6 => Codes.HipFracture, _ => Codes.ChestPain };
        var since = encounter.Start.AddSeconds(-draws.Whole(3600, 48 * 3600));
        if (encounter.Visit == Visit.Outcome)
            chart.Diagnose(Codes.HeartFailure, course.Onset!.Value);
        else if (encounter.Visit != Visit.Clinic)
            chart.Diagnose(reason, since);
        if (draws.Chance(0.5) && encounter.Class != "EMER")
            chart.Answer(Codes.SmokingStatus, Status(truth.Smoking), encounter.Start.AddMinutes(8));
        foreach (var drug in drugs)
        {
            if (draws.Chance(0.4))
                chart.Order(drug, encounter.Start.AddMinutes(16));
        }

        if (draws.Chance(0.1))
            chart.Order(Codes.Simvastatin, encounter.Start.AddMinutes(17));
        if (encounter.Class == "AMB")
            return;
        if (draws.Chance(0.6))
            chart.Do(Codes.Electrocardiogram, encounter.Start.AddMinutes(20));
        if (reason == Codes.Pneumonia && encounter.Visit != Visit.Outcome)
        {
            chart.Order(Codes.Amoxicillin, encounter.Start.AddMinutes(50));
            chart.Do(Codes.ChestXRay, encounter.Start.AddMinutes(40));
        }

        if (encounter.Class == "IMP" && draws.Chance(0.25))
            chart.Do(Codes.Echocardiogram, encounter.Start.AddMinutes(60 + draws.Whole(0, 300)));
    }

    private static SynthCode Status(Smoking smoking) => smoking switch
    {
        Smoking.Never => Codes.NeverSmoked,
        Smoking.Former => Codes.ExSmoker,
        _ => Codes.Smoker,
    };
}
