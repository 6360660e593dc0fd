using System.Buffers;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Makes new parameters of old ones and the sum of the updates, block by block: the block's sums stay in the cache, and memory is a block whatever the model's size. The sum is kept beside the
/// parameters, so that whoever has both can make this step again when the updates are gone.
/// </summary>
/// <param name="study">The run's study.</param>
/// <param name="results">Where the old ones are, and the sum and the new ones go.</param>
internal sealed class ParameterUpdate(Study study, ResultStore results)
{
    /// <summary>
    /// Gives the sum of the coordinates from <paramref name="start"/> on, as it goes into the mean: it is stored, so that noise which nobody may take off again is in it already. A fault where there is none.
    /// </summary>
    public delegate RoundFault? BlockSum(long start, Span<long> sum);

    /// <summary>Makes them, durably.</summary>
    /// <param name="step">For which step.</param>
    /// <param name="parameters">The old ones.</param>
    /// <param name="totalWeight">What the weights in the sum add up to.</param>
    /// <param name="sumOf">The sum.</param>
    /// <exception cref="IOException">The disk failed: make them again later.</exception>
    public MergeOutcome Make(StepId step, Sha256Digest parameters, long totalWeight, BlockSum sumOf)
    {
        var server = new ServerStep(study);
        var bytes = ArrayPool<byte>.Shared.Rent(ServerStep.BlockValues * sizeof(float));
        var sums = ArrayPool<long>.Shared.Rent(ServerStep.BlockValues);
        try
        {
            using var old = results.Open(parameters);
            using var summed = results.Begin($"{step}.sum");
            using var writer = results.Begin(step.ToString());
            var dimension = old.Length / sizeof(float);
            for (long start = 0; start < dimension; start += ServerStep.BlockValues)
            {
                var count = (int)Math.Min(ServerStep.BlockValues, dimension - start);
                var sum = sums.AsSpan(0, count);
                if (sumOf(start, sum) is { } fault)
                    return new MergeOutcome(default, 0, fault);
                var values = bytes.AsSpan(0, count * sizeof(float));
                if (old.Read(start * sizeof(float), values) != values.Length)
                    throw new IOException($"The parameters {parameters} became shorter while they were read.");
                server.Apply(sum, totalWeight, MemoryMarshal.Cast<byte, float>(values));
                summed.Write(MemoryMarshal.AsBytes(sum));
                writer.Write(values);
            }

            FaultPoint.Reached("merge-written");
            var (length, kept) = (writer.Length, summed.Place());
            return new MergeOutcome(writer.Complete(), length, null, Sum: kept);
        }
        catch (InvalidDataException)
        {
            return new MergeOutcome(default, 0, RoundFault.ResultNotFinite);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
            ArrayPool<long>.Shared.Return(sums);
        }
    }
}
