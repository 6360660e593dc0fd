using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Learning;

/// <summary>
/// From the exact sum of a round's updates to the parameters after it, block by block: what the coordinator does when a round is merged, and what anybody does again who replays it from the stored sum.
/// Not for use by several threads at once.
/// </summary>
public sealed class ServerStep
{
    /// <summary>Values of a block: below the size from which arrays are collected with the oldest generation only.</summary>
    public const int BlockValues = 8192;

    private readonly IServerStrategy _strategy;
    private readonly double _unit;
    private readonly double[] _means = new double[BlockValues];

    /// <summary>The step of <paramref name="study"/>.</summary>
    public ServerStep(Study study)
    {
        ArgumentNullException.ThrowIfNull(study);
        _strategy = ServerStrategies.For(study);
        _unit = study.SumsGradients ? study.Privacy!.StepOfCode(study.Training.LearningRate) : UpdateFormats.For(study.Federation.Encoding).GridStep;
    }

    /// <summary>Makes a block of parameters into the new ones, in place.</summary>
    /// <param name="sum">The exact sums of the block's weighted codes, noise and all; at most <see cref="BlockValues"/>.</param>
    /// <param name="totalWeight">What the weights in them add up to, from 1.</param>
    /// <param name="parameters">As many parameters, from which the sites started.</param>
    /// <exception cref="InvalidDataException">A new parameter is not finite.</exception>
    public void Apply(ReadOnlySpan<long> sum, long totalWeight, Span<float> parameters)
    {
        var mean = _means.AsSpan(0, sum.Length);
        ExactVectorSum.Mean(sum, totalWeight, _unit, mean);
        _strategy.Apply(parameters, mean, [], parameters);
    }
}
