using System.Numerics;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>What private training is asked for: public data of a study, all of it.</summary>
public sealed record PrivateTrainingDeclaration
{
    /// <summary>What is done with noisy gradients, which costs no privacy.</summary>
    public required Optimizer Optimizer { get; init; }

    /// <summary>Step size.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Steps of a round, from 1. Each is a mechanism of its own for the accountant.</summary>
    public required int LocalSteps { get; init; }

    /// <summary>q: with what probability a patient takes part in a step.</summary>
    public required Rational SamplingRate { get; init; }

    /// <summary>What sums are divided by, above 0: the patients that a step is expected to have, a constant of the study and never the number drawn, which would be another release.</summary>
    public required Rational Participants { get; init; }

    /// <summary>The most rows of a patient in one step, from 1 to 256. A patient with more shows others in each step, in turn.</summary>
    public required int RowsPerPatient { get; init; }

    /// <summary>C: what a patient's gradient, of the mean loss over its rows, is clipped to; with <see cref="Adaptive"/>, in the first step.</summary>
    public required float ClippingNorm { get; init; }

    /// <summary>How C follows the gradients; null: it stays.</summary>
    public AdaptiveClipping? Adaptive { get; init; }

    /// <summary>g: codes that a gradient of 1 has on the grid.</summary>
    public required double CodesPerUnit { get; init; }

    /// <summary>z: the noise's σ over what one patient can change, as the accountant is given it, for sum and count together.</summary>
    public required Rational NoiseMultiplier { get; init; }

    /// <summary>Share of the noise's variance that this site adds: 1, where its noise is enough alone; less, where sites' codes are added up under masks before anybody sees them; 0, where the coordinator adds all of it to that sum.</summary>
    public Rational NoiseShare { get; init; } = Rational.One;
}

/// <summary>
/// Private training that can be done as declared. DP-SGD (Abadi et al. 2016, "Deep learning with differential privacy") with the patient as its unit.
/// </summary>
public sealed class PrivateTraining
{
    /// <summary>The most patients of a site.</summary>
    public const int GreatestPatients = 1 << 24;

    /// <summary>A part of the noise has at least this σ, in grid units: sums of discrete Gaussians are nearly one then (Kairouz, Liu and Steinke 2021).</summary>
    public const int LeastSigmaOfShare = 4;

    private const int GreatestRowsPerPatient = 256;

    private PrivateTraining(ModelPlan plan, PrivateTrainingDeclaration declared)
    {
        (Plan, Declared) = (plan, declared);
        Sampling = PoissonSampling.AtLeast(declared.SamplingRate);
        Sum = ClippedSum.OfPatients(plan.Layout.Dimension, declared.RowsPerPatient);
        SquaredMultiplier = declared.Adaptive?.SquaredMultiplier(declared.NoiseMultiplier) ?? declared.NoiseMultiplier * declared.NoiseMultiplier;
    }

    /// <summary>The model.</summary>
    public ModelPlan Plan { get; }

    /// <summary>What was asked.</summary>
    public PrivateTrainingDeclaration Declared { get; }

    /// <summary>Who takes part; the accountant is given its rate.</summary>
    public PoissonSampling Sampling { get; }

    /// <summary>How gradients are added up.</summary>
    public ClippedSum Sum { get; }

    /// <summary>z² of the sum: more than that of the declared multiplier where a count is released beside it.</summary>
    public Rational SquaredMultiplier { get; }

    /// <summary>The noise of a sum that is clipped to C, before <see cref="PrivateTrainingDeclaration.NoiseShare"/>.</summary>
    public GaussianCalibration Calibrate(float clippingNorm) => GaussianCalibration.Of(Sum, clippingNorm, Declared.CodesPerUnit, SquaredMultiplier);

    /// <summary>Checks what was declared.</summary>
    /// <exception cref="ArgumentException">It cannot be done, or would not be private; the message says why.</exception>
    public static PrivateTraining Of(ModelPlan plan, PrivateTrainingDeclaration declared)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(declared);
        Require(plan.HasNetwork, "A benchmark model has no network to train.");
        // Masks drawn for a batch would tie a patient's gradient to who else was drawn; and noise keeps a network from learning its rows by heart already.
        Require(plan.Dropout == 0, "Dropout and differential privacy do not go together here: leave dropout out of the model.");
        Require(declared.Optimizer is Optimizer.Sgd or Optimizer.Adam, "This optimiser is not known here.");
        Require(declared.LearningRate > 0 && double.IsFinite(declared.LearningRate), "The learning rate is above 0.");
        Require(declared.LocalSteps >= 1, "A round has at least one local step.");
        Require(declared.Participants.Sign > 0, "The expected number of participants is above 0.");
        Require(declared.RowsPerPatient is >= 1 and <= GreatestRowsPerPatient, $"A step takes 1 to {GreatestRowsPerPatient} rows of a patient.");
        Require(declared.NoiseMultiplier.Sign > 0, "The noise multiplier is above 0.");
        Require(declared.NoiseShare.Sign >= 0 && declared.NoiseShare <= Rational.One, "A site adds none of the noise at least, and at most all of it.");
        if (declared.NoiseShare < Rational.One)
        {
            Require(declared.LocalSteps == 1, "With a part of the noise a round has one local step: a second one would start from parameters that too little noise protects.");
            Require(declared.Adaptive is null, "With a part of the noise the clipping norm stays: its count would be noised with a part, too.");
        }

        var (least, greatest) = declared.Adaptive is { } adaptive ? (adaptive.Minimum, adaptive.Maximum) : (declared.ClippingNorm, declared.ClippingNorm);
        Require(declared.ClippingNorm >= least && declared.ClippingNorm <= greatest, $"The clipping norm starts within [{least}, {greatest}].");
        var training = new PrivateTraining(plan, declared);
        Require(training.Roundings() < 1 << 20, "The network is too wide for so many rows of a patient: the rounding of its norms is not bounded.");
        Require(
            training.Sum.GreatestCode(greatest, declared.CodesPerUnit, training.Sum.Patients) <= BigInteger.One << 50
                && training.Sum.GreatestCode(greatest, declared.CodesPerUnit, GreatestPatients) <= BigInteger.One << 62,
            "Codes leave the range in which they are exact: use fewer codes per unit, or a lower greatest clipping norm.");
        _ = training.NoiseOf(greatest);
        Require(
            declared.NoiseShare == Rational.One || training.NoiseOf(least) is not { } smallest || smallest.Variance >= Rational.Of(LeastSigmaOfShare * LeastSigmaOfShare),
            $"A part of the noise has a σ of at least {LeastSigmaOfShare} grid units: use more codes per unit.");
        return training;
    }

    /// <summary>The noise that this site adds to a sum that is clipped to C; null where it adds none.</summary>
    internal DiscreteGaussian? NoiseOf(float clippingNorm) => Declared.NoiseShare.Sign == 0 ? null : DiscreteGaussian.Of(Calibrate(clippingNorm).Variance * Declared.NoiseShare);

    private long Roundings() => Plan.Layers.Sum(layer => (long)layer.Inputs + layer.Outputs + 5 + ((long)Declared.RowsPerPatient * Declared.RowsPerPatient));

    private static void Require(bool holds, string message)
    {
        if (!holds)
            throw new ArgumentException(message);
    }
}
