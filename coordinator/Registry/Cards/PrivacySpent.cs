using System.Collections.Immutable;
using System.Numerics;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Registry;

/// <summary>
/// What a run has spent of its patients' privacy at most, by the study's mechanisms and the signed round records, and accounted as a hospital's ledger does (Rényi divergences, converted once). A hospital that was invited to a step counts as charged for
/// it, whether or not its release arrived. The grid is finer than any that a worker has, whose ledger may differ in the ninth digit.
/// </summary>
internal static class PrivacySpent
{
    // Far above one code squared: the noise of any study on it is as good as continuous noise of the same multiplier.
    private static readonly Rational s_squaredSensitivity = Rational.Of(BigInteger.One << 40);

    // What the ceilings of the demo and of 'fcml privacy plan' have: below one over a million patients.
    private static readonly PrivacyCeiling s_ceiling = new(Rational.Of(100), Rational.Of(1, 1_000_000));

    /// <summary>Delta of what is told.</summary>
    public static double Delta => s_ceiling.Delta.ToDouble();

    /// <summary>Epsilon at <see cref="Delta"/> of a patient at the hospital that was charged the most.</summary>
    /// <param name="study">A study with differential privacy.</param>
    /// <param name="rounds">The run's records.</param>
    public static double Epsilon(Study study, ImmutableArray<RecordedRound> rounds)
    {
        var steps = rounds.SelectMany(round => round.Steps).ToList();
        var (round, counts) = (RenyiCurve.Of(Round(study)), study.Privacy!.Evaluation is { } evaluation ? RenyiCurve.Of(Counts(evaluation)) : RenyiCurve.Zero);
        var charged = steps.SelectMany(step => step.Invited).Distinct().Select(site => (Trained: Count(StepKind.Training, site), Evaluated: Count(StepKind.Evaluation, site))).Distinct();
        return charged.Select(times => PrivacyFilter.Under(s_ceiling).EpsilonAfter(Times(round, times.Trained) + Times(counts, times.Evaluated))).DefaultIfEmpty(0).Max();

        int Count(StepKind kind, SiteId site) => steps.Count(step => step.Id.Kind == kind && step.Invited.Contains(site));
    }

    private static RenyiCurve Times(RenyiCurve charge, int times) => times == 0 ? RenyiCurve.Zero : charge.Times(times);

    private static GaussianCharge Round(Study study)
    {
        var (privacy, dimension) = (study.Privacy!, ModelPlan.For(study).Layout.Dimension);
        return new GaussianCharge(
            Rational.Exactly(privacy.SamplingRate), s_squaredSensitivity, Variance(privacy.NoiseMultiplier), dimension + (privacy.Adaptive is null ? 0 : 1), study.Training.LocalSteps!.Value);
    }

    private static GaussianCharge Counts(PrivateEvaluation evaluation) => new(Rational.One, s_squaredSensitivity, Variance(evaluation.NoiseMultiplier), 2L * evaluation.Bins);

    private static Rational Variance(double multiplier) => Rational.Exactly(multiplier) * Rational.Exactly(multiplier) * s_squaredSensitivity;
}
