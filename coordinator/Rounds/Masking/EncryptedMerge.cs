using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// Makes the results of the steps of an encrypted round: the roster, the contributions to the key, the encrypted sum, and at last the new parameters. Ciphertexts are added one polynomial after
/// another, so that memory is a polynomial; opening takes a vector.
/// </summary>
/// <param name="study">The run's study.</param>
/// <param name="results">Where results go, and come from.</param>
/// <param name="roots">Of the noise that this coordinator adds.</param>
internal sealed class EncryptedMerge(Study study, ResultStore results, NoiseRoots roots)
{
    /// <summary>Merges a step.</summary>
    /// <inheritdoc cref="MaskedMerge.Merge"/>
    public MergeOutcome Merge(StepId step, IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, Sha256Digest parameters, MaskedStep masked)
    {
        var attempt = (EncryptedAttempt)masked.Attempt;
        try
        {
            switch (step.Kind)
            {
                case StepKind.KeyAgreement:
                    var roster = new KeyRoster([.. payloads.Select(item => MaskedMerge.Message<KeyAdvertisement>(item.Payload)).OrderBy(keys => keys.Sender)]);
                    return EncryptedExchange.Together(attempt.Terms, roster) is not { } refusal ? Store(roster.Encode()) : new MergeOutcome(default, 0, RoundFault.MessagesDisagree, refusal.Sentence);
                case StepKind.KeyMaking:
                    return Store(MessageList.Join(payloads.Select(item => MaskedMerge.Message<KeyContribution>(item.Payload)).OrderBy(contribution => contribution.Sender)));
                case StepKind.Training:
                    return Fold(step, payloads, attempt.Plan);
                default:
                    if (attempt.Plan.Mode == EncryptionMode.Consortium && Disagreement(payloads, attempt) is { } disagreement)
                        return new MergeOutcome(default, 0, RoundFault.SumsDisagree, disagreement);
                    var words = attempt.Plan.Mode == EncryptionMode.Consortium ? Sent(payloads, attempt) : Opened(payloads, attempt, masked.Sum);
                    return new WordUpdate(study, results, roots).Make(step, parameters, words, attempt.Terms.Declared.Word, masked.TotalWeight);
            }
        }
        catch (FormatException)
        {
            return new MergeOutcome(default, 0, RoundFault.CiphertextMalformed); // it was checked when it was staged: the disk changed it
        }
    }

    private MergeOutcome Fold(StepId step, IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, EncryptionPlan plan)
    {
        var fold = new CiphertextFold(plan);
        var (block, sum) = (new byte[plan.Upload.BlockLength], new byte[plan.Download.BlockLength]);
        using var sent = results.Begin($"{step}");
        using var kept = plan.Mode == EncryptionMode.Threshold ? results.Begin($"{step}.kept") : null;
        sent.Write(plan.Download.Header.Span);
        kept?.Write(plan.Download.Header.Span);
        for (var i = 0; i < plan.Upload.Blocks; i++)
        {
            fold.Clear();
            foreach (var (_, payload) in payloads)
            {
                payload.Read(plan.Upload.OffsetOf(i), block);
                fold.Add(block);
            }

            fold.WriteSent(sum);
            sent.Write(sum);
            if (kept is null)
                continue;
            fold.WriteKept(sum);
            kept.Write(sum);
        }

        FaultPoint.Reached("merge-written");
        if (kept is not null)
            sent.Write(kept.Complete().Span); // durable before what names it
        var length = sent.Length;
        return new MergeOutcome(sent.Complete(), length, null);
    }

    // Every member signed what the sum is; the maker of the key sent it.
    private static string? Disagreement(IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, EncryptedAttempt attempt)
    {
        var signed = payloads.ToDictionary(item => item.Input.Site, item => MaskedMerge.Message<DecryptedSum>(item.Payload, attempt.VectorLengthOf(item.Input.Site)).Payload);
        var maker = attempt.Terms.Members.Members[EncryptedExchange.Maker].Site;
        var others = signed.Where(site => site.Value != signed[maker]).Select(site => $"'{site.Key}'").ToList();
        return others.Count == 0 ? null : $"{string.Join(", ", others)} signed other words than '{maker}' sent.";
    }

    private static byte[] Sent(IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, EncryptedAttempt attempt)
    {
        var words = new byte[attempt.Terms.PayloadLength];
        payloads.Single(item => item.Input.Site == attempt.Terms.Members.Members[EncryptedExchange.Maker].Site).Payload.Read(0, words);
        return words;
    }

    private byte[] Opened(IReadOnlyList<(MergeInput Input, StagedPayload Payload)> payloads, EncryptedAttempt attempt, Sha256Digest sum)
    {
        var (plan, decryption, word) = (attempt.Plan, attempt.Plan.Decryption!, attempt.Terms.Declared.Word);
        using var kept = results.Open(KeptBeside(sum));
        var vector = new byte[attempt.Terms.PayloadLength];
        var (share, body) = (new byte[decryption.Share.BlockLength], new byte[plan.Download.BlockLength]);
        var (sums, words) = (new ulong[plan.Parameters.Degree], new ulong[plan.Parameters.Degree]);
        for (var i = 0; i < decryption.Share.Blocks; i++)
        {
            Array.Clear(sums);
            foreach (var (_, payload) in payloads)
            {
                payload.Read(decryption.Share.OffsetOf(i), share);
                decryption.AddShare(share, sums);
            }

            if (kept.Read(plan.Download.OffsetOf(i), body) != body.Length)
                throw new IOException($"The half of the sum {sum} that is kept here became shorter.");
            var opened = words.AsSpan(0, plan.Download.ValuesOf(i));
            decryption.OpenBlock(body, sums, opened);
            PlaintextWords.Extend(word, opened, plan.PlaintextBits, vector.AsSpan(i * plan.Parameters.Degree * word.Bytes(), opened.Length * word.Bytes()));
        }

        return vector;
    }

    private Sha256Digest KeptBeside(Sha256Digest sum)
    {
        results.Verify(sum);
        using var sent = results.Open(sum);
        Span<byte> digest = stackalloc byte[Sha256Digest.Length];
        sent.Read(sent.Length - digest.Length, digest);
        var kept = new Sha256Digest(digest);
        results.Verify(kept);
        return kept;
    }

    private MergeOutcome Store(ReadOnlySpan<byte> result) => new(results.Write(result), result.Length, null);
}
