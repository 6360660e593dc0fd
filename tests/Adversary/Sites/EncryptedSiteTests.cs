using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Adversary.Sites;

/// <summary>What a hospital may send in an encrypted round: named, or what comes out is void.</summary>
public sealed class EncryptedSiteTests
{
    public static TheoryData<string> Modes { get; } = ["encrypted-consortium", "encrypted-threshold"];

    /// <summary>Its part of the key as it would have it once it knows the others': it committed to another.</summary>
    [Fact]
    public void Site_that_chooses_its_part_of_the_key_last_is_refused()
    {
        using var consortium = new Consortium("encrypted-threshold", quorum: 4);
        using var coordinator = new RealCoordinator(consortium.Study, consortium.All).Until(StepKind.KeyMaking, consortium.All);
        coordinator.Collect(consortium.Except(consortium.West));
        var honest = coordinator.Ask(consortium.West);
        var (plan, terms) = (EncryptedSums.PlanOf(consortium.Study), StudyTerms.Of(consortium.Study, LyingCoordinator.ListOf(consortium.All), coordinator.Step, coordinator.State.Parameters, 2));
        using var stream = KeyStream.Derive(new byte[32], "chosen-last", []);
        using var secret = BfvSecretKey.Generate(plan.Parameters, stream);
        var chosen = SignedMessage.Sign((KeyContribution)honest.Message! with { Material = new CollectiveKey(plan.Parameters, terms.Info.Span).MakePart(secret, stream) }, consortium.West.Key);

        var refused = coordinator.Take(consortium.West, consortium.West.Lie(honest.Release, chosen.Encode()));

        Assert.Equal(RoundFault.MessageRefused, refused?.Fault);
        Assert.Contains("'west' contributed what is no part of the round's key, or not the one that it committed to", refused!.Detail, StringComparison.Ordinal);
        Assert.Contains("without west it cannot commit", Assert.Single(coordinator.Abandoned), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Site_that_sends_a_ciphertext_of_another_level_or_length_is_refused_and_nothing_is_kept(string mode)
    {
        foreach (var (fault, change) in ((RoundFault, Func<byte[], byte[]>)[])
            [
                (RoundFault.CiphertextMalformed, bytes => [.. bytes[..20], (byte)(bytes[20] ^ 1), .. bytes[21..]]), // of other parameters, as after a change of modulus
                (RoundFault.CiphertextMalformed, bytes => [.. bytes[..PackedVector.HeaderLength], .. Enumerable.Repeat((byte)0xFF, 16), .. bytes[(PackedVector.HeaderLength + 16)..]]),
                (RoundFault.CiphertextMalformed, bytes => [.. bytes[..5], 3, .. bytes[6..]]), // half a ciphertext by its kind
                (RoundFault.MessageRefused, bytes => bytes[..^1]),
                (RoundFault.LengthWrong, bytes => [.. bytes, 0]),
            ])
        {
            using var consortium = new Consortium(mode, quorum: 4);
            using var coordinator = new RealCoordinator(consortium.Study, consortium.All).Until(StepKind.Training, consortium.All);
            var (honest, step) = (coordinator.Ask(consortium.West), coordinator.Step);
            var vector = change(honest.Vector);
            var message = SignedMessage.Sign((MaskedInput)honest.Message! with { Payload = Sha256Digest.Of(vector) }, consortium.West.Key);

            Assert.Equal(fault, coordinator.Take(consortium.West, consortium.West.Lie(honest.Release, [.. vector, .. message.Encode()]))?.Fault);

            Assert.Equal((consortium.West.Name, fault), coordinator.Refused.Last());
            Assert.Empty(coordinator.StagedFor(step));
        }
    }

    /// <summary>
    /// It is a ciphertext like any other, so it is summed: masks that do not cancel are left, and the words are uniform whoever opens them. One guard bit is enough for many coordinates: each is beyond the honest range
    /// with probability 1/2, also where weights leave no other room, as here.
    /// </summary>
    [Theory]
    [MemberData(nameof(Modes))]
    public void Site_that_sends_a_stolen_ciphertext_as_its_own_voids_the_round_and_nobody_learns_of_it(string mode)
    {
        const int Many = 20_000;
        using var consortium = new Consortium(mode, mode == "encrypted-consortium" ? Many : 200, quorum: 4, weighting: "equal");
        using var coordinator = new RealCoordinator(consortium.Study, consortium.All).Until(StepKind.Training, consortium.All);
        var (before, stolen, honest) = (coordinator.State.Parameters, coordinator.Ask(consortium.North), coordinator.Ask(consortium.West));
        var message = SignedMessage.Sign((MaskedInput)honest.Message! with { Payload = Sha256Digest.Of(stolen.Vector) }, consortium.West.Key);
        coordinator.Collect(consortium.Except(consortium.West));
        Assert.Null(coordinator.Take(consortium.West, consortium.West.Lie(honest.Release, [.. stolen.Vector, .. message.Encode()])));
        var opened = coordinator.Ask(consortium.East); // the maker of a consortium's key sends the words

        coordinator.Collect(consortium.All);

        Assert.Contains("it could not be merged (SUM_VOID)", Assert.Single(coordinator.Abandoned), StringComparison.Ordinal);
        Assert.Equal(before, coordinator.State.Parameters);
        if (mode == "encrypted-consortium")
        {
            var plan = EncryptedSums.PlanOf(consortium.Study);
            EncryptedSums.AssertUniform(EncryptedSums.Cut(plan, opened.Vector.Length == Many * 4 ? MaskWord.Bits32 : MaskWord.Bits64, opened.Vector), plan.PlaintextBits);
        }
    }

    [Fact]
    public void Site_that_signs_other_words_than_the_sum_is_named_and_the_round_is_tried_again()
    {
        using var consortium = new Consortium("encrypted-consortium", quorum: 4);
        using var coordinator = new RealCoordinator(consortium.Study, consortium.All).Until(StepKind.Decryption, consortium.All);
        var honest = coordinator.Ask(consortium.West);
        var lie = SignedMessage.Sign((DecryptedSum)honest.Message! with { Payload = Sha256Digest.Of("other words"u8) }, consortium.West.Key);
        coordinator.Collect(consortium.Except(consortium.West));

        Assert.Null(coordinator.Take(consortium.West, consortium.West.Lie(honest.Release, lie.Encode())));

        Assert.Contains("(SUMS_DISAGREE: 'west' signed other words than 'east' sent", Assert.Single(coordinator.Abandoned), StringComparison.Ordinal);
    }
}
