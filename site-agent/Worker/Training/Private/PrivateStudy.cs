using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.CompilerServices;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// A study under differential privacy as this worker runs it: its mechanisms with their exact numbers, and what each of them is charged. Whatever is not here is not released.
/// </summary>
public sealed class PrivateStudy
{
    private static readonly ConditionalWeakTable<Study, PrivateStudy> s_known = [];

    // Of the sum of at most 256 discrete Gaussians of a variance s from 16 on: 10 times the sum over k < 256 of exp(-2 pi² s k/(k+1)) (Kairouz, Liu and Steinke 2021, theorem 9) is below 2560 exp(-157) < 2^-214.
    private static readonly Rational s_deviation = Rational.Of(BigInteger.One, BigInteger.One << 214);

    private readonly Study _study;
    private readonly PrivacyCharge _round;
    private readonly PrivacyCharge? _evaluation;

    private PrivateStudy(Study study)
    {
        var declared = study.Privacy!;
        _study = study;
        Training = PrivateTraining.Of(ModelPlan.For(study), Declare(study, declared));
        if (study.SumsGradients)
            _ = WithShare(declared.Placement == NoisePlacement.Central ? Rational.Zero : Rational.Of(1, AggregationTerms.LeastThreshold(MemberList.MaximumCount)));
        // Whatever C is, and count and sum together where C follows the gradients: a patient moves them by one over z of their noise, never more, for the noise is rounded up.
        var (multiplier, variance) = (Training.Declared.NoiseMultiplier, Training.Calibrate(Training.Declared.ClippingNorm).Variance);
        var coordinates = Training.Plan.Layout.Dimension + (declared.Adaptive is null ? 0 : 1);
        _round = new GaussianCharge(
            Rational.Exactly(Training.Sampling.Rate), (variance / (multiplier * multiplier)).RoundUp(BigInteger.One << 32), variance, coordinates, study.Training.LocalSteps!.Value, declared.Placement == NoisePlacement.Distributed ? Rational.Of(coordinates) * s_deviation : null);
        if (declared.Evaluation is { } evaluation)
        {
            Evaluation = PrivateHistogram.Of(evaluation, declared.RowsPerPatient);
            _evaluation = Evaluation.Charge;
        }

        Cost = RenyiCurve.Of(_round).Times(study.Federation.Rounds) + (Evaluations > 0 ? RenyiCurve.Of(_evaluation!).Times(Evaluations) : RenyiCurve.Zero);
    }

    /// <summary>How each round is trained.</summary>
    public PrivateTraining Training { get; }

    /// <summary>How scores are counted; null: they are not.</summary>
    public PrivateHistogram? Evaluation { get; }

    /// <summary>What one whole run costs, where no step is tried twice.</summary>
    public RenyiCurve Cost { get; }

    private int Evaluations => Enumerable.Range(1, _study.Federation.Rounds).Count(round => _study.EvaluatesAfter(new RoundNumber(round)));

    /// <summary>The study's mechanisms.</summary>
    /// <exception cref="ArgumentException">It has none, or they could not be run, or would not be private; the message says why.</exception>
    public static PrivateStudy Of(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        if (study.Privacy is null)
            throw new ArgumentException("The study declares no differential privacy.", nameof(study));
        return s_known.GetValue(study, static known => new PrivateStudy(known));
    }

    /// <summary>The training with a part of the noise, or with none.</summary>
    public PrivateTraining WithShare(Rational share) => PrivateTraining.Of(Training.Plan, Training.Declared with { NoiseShare = share });

    /// <summary>Everything that a run will be charged, where no step is tried twice.</summary>
    public ChargeSchedule Plan(RunId run) => new(
        run, _study.Digest, _study.Data.Dataset,
        [new PlannedCharge(_round, _study.Federation.Rounds), .. Evaluations > 0 ? [new PlannedCharge(_evaluation!, Evaluations)] : Array.Empty<PlannedCharge>()]);

    /// <summary>What a release of a step is charged; empty where such a release is not made.</summary>
    public ImmutableArray<PrivacyCharge> ChargesOf(StepId step) => step.Kind switch
    {
        StepKind.Training => [_round],
        StepKind.Evaluation when _study.EvaluatesAfter(step.Round) => [_evaluation!],
        _ => [],
    };

    /// <summary>Whether a step's release is one of this study: charged, or of a masked round's messages, which are made of keys and of what was charged.</summary>
    public bool Makes(StepId step) => !step.Kind.ReadsData() || !ChargesOf(step).IsEmpty;

    private static PrivateTrainingDeclaration Declare(Study study, StudyPrivacy declared)
    {
        var participants = Rational.Exactly(declared.SamplingRate) * Rational.Of(declared.Patients);
        return new PrivateTrainingDeclaration
        {
            Optimizer = study.Training.Optimizer,
            LearningRate = study.Training.LearningRate,
            LocalSteps = study.Training.LocalSteps!.Value,
            SamplingRate = Rational.Exactly(declared.SamplingRate),
            Participants = participants,
            RowsPerPatient = declared.RowsPerPatient,
            ClippingNorm = (float)declared.ClippingNorm,
            Adaptive = declared.Adaptive is { } adaptive
                ? AdaptiveClipping.Of(Rational.Exactly(adaptive.Quantile), Rational.Exactly(adaptive.Rate), participants, Rational.Exactly(adaptive.Deviation), (float)adaptive.Minimum, (float)adaptive.Maximum)
                : null,
            CodesPerUnit = declared.CodesPerUnit,
            NoiseMultiplier = Rational.Exactly(declared.NoiseMultiplier),
        };
    }
}
