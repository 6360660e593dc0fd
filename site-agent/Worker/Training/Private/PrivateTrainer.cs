using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>One round's private training at one site.</summary>
/// <param name="Training">What was declared, checked.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Round">The round, from 1.</param>
public sealed record PrivateTrainingWork(PrivateTraining Training, TrainingSet Rows, int Round);

/// <summary>What private training came to.</summary>
/// <param name="Change">
/// New parameters minus old, [dimension]; not finite where training diverged. Null where this site adds only a part of the noise, or none: alone, that protects nobody.
/// </param>
/// <param name="Codes">
/// The last step's sum of clipped gradients with this site's noise, [dimension], modulo 2^64. With one local step it is all that was released; under masks it is what is added up.
/// </param>
/// <param name="ClippingNorm">C after the last step: made of noisy counts and public constants only, it may be kept for the next round.</param>
/// <param name="Counts">What became of drawn patients, over all steps: without noise, and so for this site only.</param>
public sealed record PrivateTrainingResult(float[]? Change, long[] Codes, float ClippingNorm, PrivateCounts Counts);

/// <summary>
/// Trains with differential privacy for patients: in each step patients are drawn independently, each one's gradient is clipped, the sum is noised on a grid and divided by a constant of the study, and a step is
/// made along it. Managed code on one thread; the same streams give the same bits.
/// </summary>
/// <remarks>
/// The numbers are the worker's own (<see cref="ClippedGradients"/>) and not libtorch's, because the proof of what one patient can change needs to know in which order they are added; docs/reference/bench.md has what it costs.
/// </remarks>
public static class PrivateTrainer
{
    /// <summary>What bit-identity depends on.</summary>
    public const string Capability = "managed;threads=1";

    /// <summary>Trains from the round's parameters.</summary>
    /// <param name="work">What to train on and how.</param>
    /// <param name="parameters">The round's parameters, [dimension].</param>
    /// <param name="sampling">Draws patients. Secret, of this round and attempt only.</param>
    /// <param name="noise">Draws noise. Secret, of this round and attempt only: the same noise on two sums gives away their difference.</param>
    /// <param name="cancel">Stops between two steps.</param>
    /// <exception cref="ArgumentException">Rows or parameters do not fit the model.</exception>
    public static PrivateTrainingResult Train(
        PrivateTrainingWork work, ReadOnlySpan<float> parameters, KeyStream sampling, KeyStream noise, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(sampling);
        ArgumentNullException.ThrowIfNull(noise);
        var (training, rows) = (work.Training, work.Rows);
        var (plan, declared) = (training.Plan, training.Declared);
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, plan.Layout.Dimension);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rows.Width, plan.InputWidth, nameof(work));
        ArgumentOutOfRangeException.ThrowIfLessThan(work.Round, 1, nameof(work));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows.Patients.Count, PrivateTraining.GreatestPatients, nameof(work));

        var gradients = new ClippedGradients(plan, training.Sum, declared.RowsPerPatient);
        var descent = new NoisyDescent(declared.Optimizer, declared.LearningRate, parameters.Length);
        var unit = 1 / (declared.CodesPerUnit * declared.Participants.ToDouble());
        var countNoise = declared.Adaptive is null ? null : DiscreteGaussian.Of(declared.Adaptive.CountVariance);
        var (norm, fresh, codes, counts) = (declared.ClippingNorm, parameters.ToArray(), new long[parameters.Length], default(PrivateCounts));
        var sumNoise = training.NoiseOf(norm);
        var first = (long)(work.Round - 1) * declared.LocalSteps;
        for (var step = first; step < first + declared.LocalSteps; step++)
        {
            cancel.ThrowIfCancellationRequested();
            var drawn = training.Sampling.Draw(rows.Patients.Count, sampling);
            var of = gradients.Sum(rows, drawn, step, fresh, norm, declared.CodesPerUnit, codes);
            sumNoise?.AddTo(codes, noise);
            descent.Step(fresh, codes, unit);
            counts = counts.And(of);
            if (declared.Adaptive is { } adaptive)
            {
                var count = AdaptiveClipping.Count(of.Unclipped, of.Clipped + of.NotFinite) + countNoise!.Sample(noise);
                norm = adaptive.Next(norm, count);
                sumNoise = training.NoiseOf(norm);
            }
        }

        for (var i = 0; i < fresh.Length; i++)
            fresh[i] -= parameters[i];
        return new PrivateTrainingResult(declared.NoiseShare == Rational.One ? fresh : null, codes, norm, counts);
    }
}
