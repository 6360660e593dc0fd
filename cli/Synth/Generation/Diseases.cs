namespace FederatedClinicalMl.Cli.Synth;

/// <summary>The chronic diseases of a patient, and the encounter at which each comes into the record.</summary>
internal sealed class Diseases
{
    private readonly List<(SynthCode Code, SynthCode? Drug, int Encounter, DateTime Onset)> _found = [];

    /// <summary>Draws them.</summary>
    public static Diseases Draw(Truth truth, Course course, Draws draws)
    {
        var diseases = new Diseases();
        diseases.Find(Codes.Diabetes, Codes.Metformin, truth.Diabetes, 0.85, course, draws);
        diseases.Find(Codes.Hypertension, Codes.Lisinopril, draws.Chance(truth.Systolic > 142 ? 0.8 : 0.2), 0.8, course, draws);
        diseases.Find(Codes.LungDisease, null, truth.LungDisease, 0.9, course, draws);
        diseases.Find(Codes.AtrialFibrillation, Codes.Warfarin, draws.Chance(Draws.Sigmoid(-2.8 + (0.05 * (truth.Age - 65)))), 0.8, course, draws);
        diseases.Find(Codes.Cardiomyopathy, null, draws.Chance(0.08), 1, course, draws);
        diseases.Find(Codes.ProstateCancer, null, draws.Chance(0.06) && truth.Male && truth.Age > 60, 0.8, course, draws);
        diseases.Find(Codes.Pregnant, null, draws.Chance(0.15) && !truth.Male && truth.Age < 42, 1, course, draws);
        diseases.FindLate(draws.Chance(0.5), draws.Whole(30, 300), course);
        return diseases;
    }

    /// <summary>Writes down what comes into the record at an encounter.</summary>
    public void Record(Chart chart, int encounter, DateTime start)
    {
        foreach (var found in _found)
        {
            if (found.Encounter != encounter)
                continue;
            chart.Diagnose(found.Code, found.Onset);
            if (found.Drug is { } drug)
                chart.Order(drug, start.AddMinutes(15));
        }
    }

    /// <summary>What was diagnosed before an encounter and is treated with a medication.</summary>
    public IEnumerable<SynthCode> Treated(int encounter) => _found.Where(found => found.Encounter < encounter).Select(found => found.Drug).OfType<SynthCode>();

    // Found at a clinic before the reference; else at one after it, though it began before: such an onset must not be taken for knowledge.
    private void Find(SynthCode code, SynthCode? drug, bool has, double before, Course course, Draws draws)
    {
        var (isBefore, place, days) = (draws.Chance(before), draws.Between(0, 1), draws.Whole(1, 700));
        if (!has)
            return;
        var places = course.Encounters.Index().Where(item => item.Item.Visit == Visit.Clinic && item.Item.Start < course.Reference == isBefore).ToArray();
        if (places.Length == 0)
            return;
        var (encounter, clinic) = places[(int)(place * places.Length)];
        var origin = isBefore ? clinic.Start : course.Reference;
        _found.Add((code, drug, encounter, origin.AddDays(-days)));
    }

    // A diagnosis of the outcome's stay that is dated back before the prediction: half of those with the outcome have it, and nobody else.
    private void FindLate(bool has, int days, Course course)
    {
        foreach (var (place, encounter) in course.Encounters.Index())
        {
            if (has && encounter.Visit == Visit.Outcome)
                _found.Add((Codes.Cardiomyopathy, null, place, course.Reference.AddDays(-days)));
        }
    }
}
