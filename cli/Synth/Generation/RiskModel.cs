namespace FederatedClinicalMl.Cli.Synth;

/// <summary>Smoking, as the risk model has it.</summary>
internal enum Smoking
{
    Never,
    Former,
    Current,
}

/// <summary>What is true of a patient at the end of the first stay, whether or not anybody measured it.</summary>
/// <param name="Age">Age in years, with fraction.</param>
/// <param name="Male">Sex.</param>
/// <param name="Severity">How ill, in standard deviations: who is more ill is tested more.</param>
/// <param name="Diabetes">Whether diabetic, diagnosed or not.</param>
/// <param name="Hba1c">HbA1c in %, without error of measurement.</param>
/// <param name="Systolic">Usual systolic pressure in mm[Hg].</param>
/// <param name="Creatinine">Creatinine in mg/dL, without error of measurement.</param>
/// <param name="Smoking">Smoking.</param>
/// <param name="Emergencies">Emergency visits in the 365 days before.</param>
/// <param name="LungDisease">Whether there is chronic obstructive lung disease; no part of the risk.</param>
internal sealed record Truth(
    double Age, bool Male, double Severity, bool Diabetes, double Hba1c, double Systolic, double Creatinine, Smoking Smoking, int Emergencies, bool LungDisease);

/// <summary>
/// The model from which the outcome is drawn: heart failure within 365 days after the end of the first stay, with P = σ(logit). It is the same at
/// every hospital. No score of what was known can, on average, rank better than this one: its AUROC is the best that can be reached.
/// </summary>
internal static class RiskModel
{
    /// <summary>Each term, its coefficient and what it multiplies.</summary>
    public static IReadOnlyList<(string Term, double Coefficient, Func<Truth, double> Of)> Terms { get; } =
    [
        ("1", -2.15, _ => 1),
        ("age in years - 65", 0.05, truth => truth.Age - 65),
        ("male", 0.35, truth => truth.Male ? 1 : 0),
        ("type 2 diabetes", 0.6, truth => truth.Diabetes ? 1 : 0),
        ("HbA1c in % - 6", 0.35, truth => truth.Hba1c - 6),
        ("systolic in mm[Hg] - 132", 0.025, truth => truth.Systolic - 132),
        ("ln(creatinine in mg/dL)", 0.9, truth => Math.Log(truth.Creatinine)),
        ("former smoker", 0.25, truth => truth.Smoking == Smoking.Former ? 1 : 0),
        ("current smoker", 0.7, truth => truth.Smoking == Smoking.Current ? 1 : 0),
        ("emergency visits in the 365 days before", 0.45, truth => truth.Emergencies),
    ];

    /// <summary>The risk.</summary>
    public static double Risk(Truth truth) => Draws.Sigmoid(Terms.Sum(term => term.Coefficient * term.Of(truth)));
}
