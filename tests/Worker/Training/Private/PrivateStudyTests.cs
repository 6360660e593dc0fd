using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Computing;

namespace FederatedClinicalMl.Tests.Worker.Training.Private;

public sealed class PrivateStudyTests
{
    private const string Adaptive = "noise-multiplier: 1.3, clipping-norm: 0.7, sampling-rate: 0.1, patients: 100, rows-per-patient: 3, adaptive: {deviation: 5, minimum: 0.01, maximum: 50}";

    private static readonly RunId s_run = RunId.Parse(Site.Run);

    [Theory]
    [InlineData("noise-multiplier: 1, clipping-norm: 1, sampling-rate: 0.5, patients: 10")]
    [InlineData("noise-multiplier: 0.7, clipping-norm: 0.3, sampling-rate: 0.1, patients: 100, rows-per-patient: 256")]
    [InlineData("noise-multiplier: 1.3, clipping-norm: 1e-6, sampling-rate: 1, patients: 100")]
    [InlineData("noise-multiplier: 17.1, clipping-norm: 1000000, sampling-rate: 1e-9, patients: 1000000")]
    [InlineData(Adaptive)]
    public void Charge_is_never_less_than_what_a_patient_can_move_whatever_the_norm_is(string dp)
    {
        var mechanisms = PrivateStudy.Of(PrivateStudies.Of(dp));
        var (training, charge) = (mechanisms.Training, Assert.IsType<GaussianCharge>(Assert.Single(mechanisms.ChargesOf(Step(StepKind.Training)))));
        var charged = charge.SquaredSensitivity / charge.Variance;
        var adaptive = training.Declared.Adaptive;
        var (least, greatest) = adaptive is null ? (training.Declared.ClippingNorm, training.Declared.ClippingNorm) : (adaptive.Minimum, adaptive.Maximum);
        for (var part = 0; part <= 100; part++)
        {
            var noise = training.Calibrate(Math.Clamp((float)(least * Math.Pow((double)greatest / least, part / 100.0)), least, greatest));
            var count = adaptive is null ? Rational.Zero : Rational.One / adaptive.CountVariance; // a patient moves the count by 1
            Assert.True((noise.Sensitivity * noise.Sensitivity / noise.Variance) + count <= charged);
        }

        // Nor is it more than was declared, but for rounding; and all the rest is what the trainer does.
        var multiplier = training.Declared.NoiseMultiplier;
        Assert.InRange((charged * multiplier * multiplier).ToDouble(), 1, 1 + 1e-9);
        Assert.Equal(Rational.Exactly(training.Sampling.Rate), charge.SamplingRate);
        Assert.Equal((training.Plan.Layout.Dimension + (adaptive is null ? 0 : 1), training.Declared.LocalSteps), ((int)charge.Coordinates, charge.Steps));
        Assert.Equal(charge, PrivacyCharge.Read(charge.ToJson(), "charge")); // as the log has it
    }

    [Theory]
    [InlineData(3, 2, 2)] // after 2 and after the last
    [InlineData(4, 2, 2)]
    [InlineData(3, 5, 1)]
    [InlineData(3, 1, 3)]
    [InlineData(3, 0, 0)]
    public void Plan_has_every_round_and_every_evaluation_and_costs_their_sum(int rounds, int every, int evaluations)
    {
        var study = PrivateStudies.Of(PrivateStudies.Dp, rounds: rounds, every: every);
        var mechanisms = PrivateStudy.Of(study);
        var plan = mechanisms.Plan(s_run);

        Assert.Equal((s_run, study.Digest, "test"), (plan.Run, plan.Study, plan.Dataset));
        Assert.Equal(evaluations == 0 ? [rounds] : [rounds, evaluations], plan.Charges.Select(planned => planned.Times));
        var steps = Enumerable.Range(1, rounds).SelectMany(round => new[] { Step(StepKind.Training, round), Step(StepKind.Evaluation, round) }).SelectMany(step => mechanisms.ChargesOf(step)).ToArray();
        Assert.Equal(plan.Charges.ToDictionary(planned => planned.Charge, planned => planned.Times), steps.CountBy(charge => charge).ToDictionary());
        foreach (var order in RenyiCurve.Orders)
        {
            var sum = RenyiCurve.Of(steps).At(order);
            Assert.InRange(mechanisms.Cost.At(order), sum * (1 - 1e-12), sum * (1 + 1e-12));
        }
    }

    [Fact]
    public void Nothing_but_rounds_and_the_protocols_evaluations_is_charged_and_nothing_else_but_messages_is_made()
    {
        var mechanisms = PrivateStudy.Of(PrivateStudies.Of(PrivateStudies.Dp, rounds: 3, every: 2));
        foreach (var kind in Enum.GetValues<StepKind>())
        {
            for (var round = 0; round <= 4; round++)
            {
                var isCharged = kind == StepKind.Training || (kind == StepKind.Evaluation && round is 2 or 3);
                if (kind == StepKind.Evaluation && round == 4)
                    continue; // no round of the study: the order is declined
                Assert.Equal(isCharged, !mechanisms.ChargesOf(Step(kind, round)).IsEmpty);
                Assert.Equal(isCharged || !kind.ReadsData(), mechanisms.Makes(Step(kind, round)));
            }
        }
    }

    [Fact]
    public void Study_without_privacy_or_that_cannot_be_run_is_refused_with_the_reason()
    {
        Assert.Contains("no differential privacy", Assert.Throws<ArgumentException>(() => PrivateStudy.Of(Patients.Study)).Message, StringComparison.Ordinal);
        Assert.Contains("too wide", Assert.Throws<ArgumentException>(() => PrivateStudy.Of(PrivateStudies.Unsound)).Message, StringComparison.Ordinal);
    }

    private static StepId Step(StepKind kind, int round = 1) => new(s_run, new RoundNumber(round), kind, 1);
}
