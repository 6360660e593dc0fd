using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Privacy;

/// <summary>
/// What is audited: one private training of fixed sizes, and what the accountant claims of it. Sizes are constants because numbers of guesses that are chosen in view of the outcome prove nothing.
/// </summary>
/// <remarks>
/// A bug multiplies what a step shows of a canary, and the one-run bound is far below the truth for a mechanism that is private: sizes are such that each planted bug is beyond the claim by a wide margin. A small rate and
/// much noise give a small claim in which a bug is seen best; 60 guesses prove an ε of up to 3.
/// </remarks>
internal static class AuditedTraining
{
    /// <summary>m.</summary>
    public const int Canaries = 2000;

    /// <summary>Canaries guessed to be in: the highest scores. None is guessed to be out, as one that was in and never drawn looks the same.</summary>
    public const int GuessedIn = 60;

    public const int Steps = 64;
    public const double Delta = 1e-5;
    public const double Significance = 0.05;

    /// <summary>Rows of a canary, and the most that a step takes of a patient.</summary>
    public const int RowsPerPatient = 8;

    private const int Hidden = 8;

    public static PrivateTrainingDeclaration Declared { get; } = new()
    {
        Optimizer = Optimizer.Sgd,
        LearningRate = 0.5,
        LocalSteps = 1,
        SamplingRate = Rational.Of(1, 10),
        Participants = Rational.Of((Canaries + AuditPatients.Ordinary) / 10),
        RowsPerPatient = RowsPerPatient,
        ClippingNorm = 0.25f,
        CodesPerUnit = 1 << 20,
        NoiseMultiplier = Rational.Of(2),
    };

    public static ModelPlan Plan { get; } = ModelPlan.Network(AuditPatients.Width, [Hidden], Activation.Tanh, dropout: 0, seed: 1);

    /// <summary>The ε that the accountant states for all steps together, at <see cref="Delta"/>.</summary>
    public static double Claim()
    {
        var training = PrivateTraining.Of(Plan, Declared);
        var noise = training.Calibrate(Declared.ClippingNorm);
        var charge = new GaussianCharge(
            Rational.Exactly(training.Sampling.Rate), noise.Sensitivity * noise.Sensitivity, noise.Variance, Plan.Layout.Dimension, Steps);
        return PrivacyLoss.EpsilonAt([charge], Delta).Upper;
    }
}
