using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>Trains a model on one site's rows for one round.</summary>
public interface ITrainer
{
    /// <summary>What bit-identity depends on, e.g. "avx2;threads=1".</summary>
    string Capability { get; }

    /// <summary>Trains from the round's parameters and returns the change.</summary>
    /// <param name="work">What to train on and how.</param>
    /// <param name="parameters">The round's parameters, [dimension].</param>
    /// <param name="cancel">Stops between two optimiser steps.</param>
    /// <returns>New parameters minus old, [dimension]; not finite where training diverged.</returns>
    float[] Train(TrainingWork work, ReadOnlySpan<float> parameters, CancellationToken cancel);
}

/// <summary>One round's training at one site.</summary>
/// <param name="Plan">The model.</param>
/// <param name="Training">Optimiser, batch size, epochs or steps.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Order">In which order they are visited.</param>
/// <param name="Round">The round, from 1.</param>
/// <param name="DropoutSeed">Seed of the round's dropout at this site.</param>
/// <param name="Number">Where a number is predicted, which; null: whether something is positive is.</param>
public sealed record TrainingWork(ModelPlan Plan, StudyTraining Training, TrainingSet Rows, SampleOrder Order, int Round, long DropoutSeed, NumericOutcome? Number = null);
