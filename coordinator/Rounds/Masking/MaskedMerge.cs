using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Numerics;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>Makes the results of the steps of a masked round: rosters, shares and proofs, the masked sum, and at last the new parameters.</summary>
/// <param name="study">The run's study.</param>
/// <param name="results">Where results go, and come from.</param>
internal sealed class MaskedMerge(Study study, ResultStore results)
{
    /// <summary>Merges a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="payloads">Its participants' releases.</param>
    /// <param name="parameters">The parameters from which the sites started.</param>
    /// <param name="masked">The attempt, and of the unmasking the sum.</param>
    public MergeOutcome Merge(StepId step, IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, Sha256Digest parameters, MaskedStep masked)
    {
        if (step.Kind == StepKind.Training)
            return Fold(step, payloads, masked.Attempt.Terms);
        if (Collect(payloads, masked.Attempt) is not { } attempt)
            return new MergeOutcome(default, 0, RoundFault.MessagesDisagree);
        return step.Kind switch
        {
            StepKind.KeyAgreement => Store(attempt.Roster!.Encode()),
            StepKind.Sharing => Store(MaskedAttempt.Join(payloads.Select(item => Message(item.Payload)!))),
            StepKind.Agreement => Store(attempt.RequestFor(attempt.Expected.Indices.First())!.Encode()),
            _ => Unmask(step, attempt, parameters, masked),
        };
    }

    // What was right by itself when it was staged may not go with another site's: two that use one key, for example.
    private static ServerState? Collect(IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, ServerState attempt)
    {
        var stage = attempt.Stage;
        foreach (var (_, payload) in payloads)
        {
            var decided = ServerMachine.Decide(attempt, new TakeMessage(Message(payload)!));
            if (decided.Refusal is not null)
                return null;
            attempt = decided.Events.Aggregate(attempt, (state, happened) => state.Apply(happened));
        }

        if (attempt.Stage == stage)
            attempt = ServerMachine.Decide(attempt, new CloseStage()).Events.Aggregate(attempt, (state, happened) => state.Apply(happened));
        return attempt.Stage == AggregationStage.Failed ? null : attempt;
    }

    // Words wrap, so that neither blocks nor order decide anything; the sum is durable when this returns, and the step is committed after that.
    private MergeOutcome Fold(StepId step, IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, AggregationTerms terms)
    {
        var word = terms.Declared.Word;
        var (sum, block) = (new byte[ParameterUpdate.BlockValues * word.Bytes()], new byte[ParameterUpdate.BlockValues * word.Bytes()]);
        using var writer = results.Begin(step.ToString());
        for (long start = 0; start < terms.PayloadLength; start += sum.Length)
        {
            var count = (int)Math.Min(sum.Length, terms.PayloadLength - start);
            Array.Clear(sum);
            foreach (var (_, payload) in payloads)
            {
                payload.Read(start, block.AsSpan(0, count));
                MaskedVector.Add(word, sum.AsSpan(0, count), block.AsSpan(0, count));
            }

            writer.Write(sum.AsSpan(0, count));
        }

        FaultPoint.Reached("merge-written");
        var length = writer.Length;
        return new MergeOutcome(writer.Complete(), length, null);
    }

    private MergeOutcome Unmask(StepId step, ServerState attempt, Sha256Digest parameters, MaskedStep masked)
    {
        using var masks = Unmasking.Masks(attempt, out _);
        if (masks is null)
            return new MergeOutcome(default, 0, RoundFault.SharesUnfit);
        var (format, word, totalWeight) = (UpdateFormats.For(study.Federation.Encoding), attempt.Terms.Declared.Word, masked.TotalWeight);
        var words = results.Read(masked.Sum, int.MaxValue);
        masks.Apply(words);
        var sums = new long[ParameterUpdate.BlockValues];
        var (greatest, unit) = study.SumsGradients
            ? (StudyPrivacy.GreatestCode, study.Privacy!.StepOfCode(study.Training.LearningRate))
            : (format.MaximumCode, format.GridStep);
        return new ParameterUpdate(study, results).Make(step, parameters, (start, mean) =>
        {
            var sum = sums.AsSpan(0, mean.Length);
            if (MaskedVector.Decode(word, words.AsSpan((int)start * word.Bytes(), mean.Length * word.Bytes()), greatest * totalWeight, sum) is not null)
                return RoundFault.SumVoid;
            ExactVectorSum.Mean(sum, totalWeight, unit, mean);
            return null;
        });
    }

    private MergeOutcome Store(ReadOnlySpan<byte> result) => new(results.Write(result), result.Length, null);

    private static AggregationMessage? Message(StagedPayload payload)
    {
        var bytes = new byte[payload.Length]; // at most a message's length: the upload was held against that
        payload.Read(0, bytes);
        return AggregationMessage.Read(bytes);
    }
}

/// <summary>What the merge of a masked round's step needs beside the releases.</summary>
/// <param name="Attempt">The attempt as it was when the step was opened.</param>
/// <param name="Sum">Of the unmasking: SHA-256 of the masked sum.</param>
/// <param name="TotalWeight">Of the unmasking: what the weights in the sum add up to.</param>
public sealed record MaskedStep(ServerState Attempt, Sha256Digest Sum, long TotalWeight);
