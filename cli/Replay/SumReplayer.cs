using System.Collections.Immutable;
using System.Runtime.InteropServices;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary>
/// Makes a recorded run's parameters again from the sums that the coordinator kept, round after round from the study's initial ones on, until a round's differ. It needs nobody's rows. Memory is a few
/// vectors of the model's size: sums are read one after the other, and parameters only where a round was held back and the next starts from earlier ones.
/// </summary>
/// <param name="record">The run.</param>
/// <param name="resultOf">A round's sum or parameters, held against the digest.</param>
internal sealed class SumReplayer(RecordedRun record, Func<Sha256Digest, CancellationToken, Task<byte[]>> resultOf)
{
    private readonly ServerStep _server = new(record.Study);

    /// <summary>Makes the parameters of every round again.</summary>
    /// <param name="each">Hears of each step as it is compared.</param>
    /// <param name="cancel">Stops.</param>
    /// <exception cref="CliException">A round has no sum, or one that cannot be had.</exception>
    public async Task<IReadOnlyList<ReplayedStep>> RunAsync(Action<ReplayedStep> each, CancellationToken cancel)
    {
        var steps = new List<ReplayedStep>();
        var parameters = record.InitialParameters();
        foreach (var round in record.Rounds)
        {
            if (round.ParametersFrom(record.Study) is not { Result: { } recorded } step)
                continue; // the preparation
            if (step.Sum is not { } sum)
                throw new CliException(ExitCode.NotVerified, $"The record of round {round.Round} names no sum: the coordinator that made it kept none. Such a run is replayed only by whoever has all sites' rows (--data).");
            var hint = Apply(await resultOf(sum, cancel), round.TotalWeight(record.Study), parameters);
            steps.Add(new ReplayedStep(step.Id, recorded, hint is null ? Sha256Digest.Of(parameters) : null, hint is null ? [] : [hint]));
            each(steps[^1]);
            if (!steps[^1].Equal)
                break;
            if (round.HeldBack is { Parameters: var kept })
                parameters = kept == record.Entry.Initial ? record.InitialParameters() : await resultOf(kept, cancel);
        }

        return steps;
    }

    // In place. What is wrong with the record, as a sentence; null where the parameters are those that follow.
    private string? Apply(byte[] sum, long totalWeight, byte[] parameters)
    {
        var sums = MemoryMarshal.Cast<byte, long>(sum);
        var values = MemoryMarshal.Cast<byte, float>(parameters.AsSpan());
        if (sum.Length != (long)values.Length * sizeof(long) || parameters.Length != values.Length * sizeof(float))
            return $"The sum has {sum.Length} bytes, which is not {sizeof(long)} for each of the model's {values.Length} parameters.";
        if (totalWeight < 1)
            return "The record names no weights of the updates in the sum.";
        try
        {
            for (var start = 0; start < values.Length; start += ServerStep.BlockValues)
            {
                var count = Math.Min(ServerStep.BlockValues, values.Length - start);
                _server.Apply(sums.Slice(start, count), totalWeight, values.Slice(start, count));
            }

            return null;
        }
        catch (InvalidDataException)
        {
            return "From this sum the parameters are not finite.";
        }
    }
}
