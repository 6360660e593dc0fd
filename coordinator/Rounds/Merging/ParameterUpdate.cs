using System.Buffers;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Makes new parameters of old ones and the mean update, block by block: the block's sums stay in the cache, and memory is a block whatever the model's size.
/// </summary>
/// <param name="study">The run's study.</param>
/// <param name="results">Where the old ones are, and the new ones go.</param>
internal sealed class ParameterUpdate(Study study, ResultStore results)
{
    /// <summary>Values of a block: below the size from which arrays are collected with the oldest generation only.</summary>
    public const int BlockValues = 8192;

    /// <summary>Gives the mean update of the coordinates from <paramref name="start"/> on; a fault where there is none.</summary>
    public delegate RoundFault? BlockMean(long start, Span<double> mean);

    /// <summary>Makes them, durably.</summary>
    /// <param name="step">For which step.</param>
    /// <param name="parameters">The old ones.</param>
    /// <param name="meanOf">The mean update.</param>
    /// <exception cref="IOException">The disk failed: make them again later.</exception>
    public MergeOutcome Make(StepId step, Sha256Digest parameters, BlockMean meanOf)
    {
        var strategy = ServerStrategies.For(study);
        var bytes = ArrayPool<byte>.Shared.Rent(BlockValues * sizeof(float));
        var means = ArrayPool<double>.Shared.Rent(BlockValues);
        try
        {
            using var old = results.Open(parameters);
            using var writer = results.Begin(step.ToString());
            var dimension = old.Length / sizeof(float);
            for (long start = 0; start < dimension; start += BlockValues)
            {
                var count = (int)Math.Min(BlockValues, dimension - start);
                var mean = means.AsSpan(0, count);
                if (meanOf(start, mean) is { } fault)
                    return new MergeOutcome(default, 0, fault);
                var values = bytes.AsSpan(0, count * sizeof(float));
                if (old.Read(start * sizeof(float), values) != values.Length)
                    throw new IOException($"The parameters {parameters} became shorter while they were read.");
                var updated = MemoryMarshal.Cast<byte, float>(values);
                strategy.Apply(updated, mean, [], updated);
                writer.Write(values);
            }

            FaultPoint.Reached("merge-written");
            var length = writer.Length;
            return new MergeOutcome(writer.Complete(), length, null);
        }
        catch (InvalidDataException)
        {
            return new MergeOutcome(default, 0, RoundFault.ResultNotFinite);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
            ArrayPool<double>.Shared.Return(means);
        }
    }
}
