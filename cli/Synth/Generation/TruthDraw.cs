namespace FederatedClinicalMl.Cli.Synth;

/// <summary>Draws what is true of a patient. Every draw is made whatever the hospital, so that hospitals of one seed differ by their numbers alone.</summary>
internal static class TruthDraw
{
    public static Truth Of(Hospital hospital, Draws draws, DateTime stay)
    {
        var age = Math.Clamp(hospital.Age + (14 * draws.Normal()), 20, 94);
        var male = draws.Chance(0.5);
        var severity = hospital.Severity + draws.Normal();
        var smoking = draws.Between(0, 1) switch { < 0.5 => Smoking.Never, < 0.8 => Smoking.Former, _ => Smoking.Current };
        var diabetes = draws.Chance(Draws.Sigmoid(-1.5 + (0.03 * (age - 65)) + (0.25 * severity) + hospital.Diabetes));
        var sugar = draws.Normal();
        var pressure = draws.Normal();
        var kidney = draws.Normal();
        var lung = -2.4 + (smoking == Smoking.Current ? 0.8 : 0) + (stay >= hospital.Drift?.From ? Drift.LungDiseaseLogit : 0);
        var hasLungDisease = draws.Chance(Draws.Sigmoid(lung));
        return new Truth(
            age,
            male,
            severity,
            diabetes,
            diabetes ? Math.Clamp(7.5 + (1.1 * sugar), 5.6, 13) : Math.Clamp(5.5 + (0.3 * sugar), 4.3, 6.4),
            Math.Clamp(131 + (0.25 * (age - 62)) + (15 * pressure), 95, 205),
            Math.Exp(Math.Log(0.92) + (0.006 * (age - 62)) + (male ? 0.08 : -0.08) + (0.05 * severity) + (0.22 * kidney)),
            smoking,
            draws.Poisson(Math.Min(2, 0.4 * Math.Exp(0.35 * severity))),
            hasLungDisease);
    }
}
