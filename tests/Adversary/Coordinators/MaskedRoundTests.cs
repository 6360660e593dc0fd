using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Studies;
using Google.Protobuf;

namespace FederatedClinicalMl.Tests.Adversary.Coordinators;

/// <summary>What a coordinator may ask of hospitals in a masked round. What is refused leaves no entry in the worker's chained log, and its sentence is what the worker logs.</summary>
public sealed class MaskedRoundTests : IDisposable
{
    private readonly Consortium _consortium = new();
    private readonly LyingCoordinator _coordinator;

    public MaskedRoundTests() => _coordinator = new LyingCoordinator(_consortium.Study, LyingCoordinator.ListOf(_consortium.All));

    private Hospital North => _consortium.North;

    public void Dispose() => _consortium.Dispose();

    [Fact]
    public void Coordinator_that_asks_for_the_update_without_a_mask_or_before_its_step_is_refused()
    {
        Refused(North, _coordinator.Order(North, StepKind.Training, []), "has not joined the attempt");
        _coordinator.Collect(_consortium.All);
        Refused(North, _coordinator.Order(North, StepKind.Training, []), "The order's inputs are not what");
        Refused(North, _coordinator.Order(North, StepKind.Unmasking, Forged(0, 1, 2).Encode()), "Shares are given after the survivors were signed");
    }

    /// <summary>Thresholds cannot be told: they follow from study and list, for which see MemberAdversaryTests.</summary>
    [Fact]
    public void Coordinator_that_gives_hospitals_different_parameters_is_refused_at_the_roster_by_all()
    {
        var keys = _consortium.All.Select((hospital, i) =>
        {
            var order = _coordinator.KeyAgreement(hospital, LyingCoordinator.ListOf(_consortium.All));
            if (i >= 2)
                order.ParametersDigest = ByteString.CopyFrom(Sha256Digest.Of("crafted"u8).Span);
            return (KeyAdvertisement)hospital.Perform(order).Message!;
        }).ToList();
        var roster = new KeyRoster([.. keys]).Encode();

        foreach (var (hospital, i) in _consortium.All.Select((hospital, i) => (hospital, i)))
        {
            var order = _coordinator.Order(hospital, StepKind.Sharing, roster);
            if (i >= 2)
                order.ParametersDigest = ByteString.CopyFrom(Sha256Digest.Of("crafted"u8).Span);
            Refused(hospital, order, "A message is of other terms");
        }
    }

    [Fact]
    public void Coordinator_that_asks_a_hospital_again_with_other_parameters_hears_that_the_first_ones_win()
    {
        _coordinator.Collect(_consortium.All);
        var order = _coordinator.KeyAgreement(North, LyingCoordinator.ListOf(_consortium.All));
        (order.Attempt, order.ParametersDigest) = (2, ByteString.CopyFrom(Sha256Digest.Of("crafted"u8).Span));

        Refused(North, order, Reason.ParametersWrong, "a step is answered for one set of inputs only");
    }

    /// <summary>A step is asked of those alone whose release for the one before counts, so that an answer to it says that the one before waits no more: one entry, one file.</summary>
    [Fact]
    public void Release_of_a_step_ends_the_wait_for_the_one_before_it_in_the_attempt()
    {
        for (var step = 0; step < 4; step++)
        {
            _coordinator.Collect(_consortium.All);
            Assert.Single(North.Core.Held());
        }

        Assert.Equal(StepOrder.Types.Kind.Agreement, North.Core.Held()[0].Kind);
        Assert.Equal(North.Core.Held()[0].File, Assert.Single(North.Outgoing));
        var entries = North.Core.State.Releases.Count;
        Assert.Equal((4, 5), (entries, North.Answered)); // and that it took the others' shares
    }

    /// <summary>Two sums whose difference is one hospital's update: of four in one attempt, and of three in the next.</summary>
    [Fact]
    public void Coordinator_that_asks_for_the_same_round_of_fewer_members_is_refused()
    {
        for (var step = 0; step < 3; step++)
            _coordinator.Collect(_consortium.All);
        var order = _coordinator.KeyAgreement(North, LyingCoordinator.ListOf(_consortium.Except(_consortium.West)));
        order.Attempt = 2;

        Refused(North, order, "The round was begun on other terms");
    }

    [Fact]
    public void Coordinator_that_says_half_the_hospitals_that_one_survived_and_half_that_it_dropped_gets_no_share()
    {
        for (var step = 0; step < 3; step++)
            _coordinator.Collect(_consortium.All);
        var (all, three) = (Survivors(0, 1, 2, 3), Survivors(0, 1, 2));
        var signed = ((Hospital Of, SurvivorSet Set)[])[(_consortium.East, all), (North, all), (_consortium.South, three)];
        var signatures = signed.Select(told => (SurvivorSignature)told.Of.Perform(_coordinator.Order(told.Of, StepKind.Agreement, told.Set.Encode())).Message!).ToList();

        Refused(North, _coordinator.Order(North, StepKind.Unmasking, new SurvivorProof([.. signatures]).Encode()), "'south' signed another survivor set than this site");
        Refused(_consortium.South, _coordinator.Order(_consortium.South, StepKind.Unmasking, new SurvivorProof([.. signatures]).Encode()), "'east' signed another survivor set than this site");
        Refused(North, _coordinator.Order(North, StepKind.Unmasking, new SurvivorProof([.. signatures.Take(2)]).Encode()), "2 signatures on one survivor set are fewer than the 3");
    }

    /// <summary>With both, a hospital's seed and its mask key, it would have its update. All other hospitals collude.</summary>
    [Fact]
    public void Coordinator_that_asks_for_two_unmasking_sets_gets_the_shares_of_the_first_and_no_other()
    {
        for (var step = 0; step < 4; step++)
            _coordinator.Collect(_consortium.All);
        Refused(North, _coordinator.Order(North, StepKind.Unmasking, Forged(0, 1, 2).Encode()), "'east' signed another survivor set than this site");
        var given = _coordinator.Ask(North);
        var answered = North.Answered;

        Assert.Equal(given.Release, North.Perform(_coordinator.Order(North, StepKind.Unmasking, Forged(0, 1, 2).Encode())).Release); // the first answer is all that there is
        North.LoseReleases(); // so that it has to be decided anew
        Refused(North, _coordinator.Order(North, StepKind.Unmasking, Forged(0, 1, 2).Encode()), "'east' signed another survivor set than this site");
        Refused(North, _coordinator.Order(North, StepKind.Agreement, Survivors(0, 1, 2).Encode()), Reason.RoundOutOfOrder, "is an older attempt, or an older step of it");
        var again = _coordinator.KeyAgreement(North, LyingCoordinator.ListOf(_consortium.All));
        again.Attempt = 2;
        Refused(North, again, "This site gave shares that unmask the round");
        Assert.Equal(answered, North.Answered);
        Assert.Equal(given.Release[^100..], _coordinator.Ask(North).Release[^100..]);
    }

    [Fact]
    public void Coordinator_that_has_a_second_survivor_set_signed_is_refused()
    {
        for (var step = 0; step < 4; step++)
            _coordinator.Collect(_consortium.All);
        North.LoseReleases();

        Refused(North, _coordinator.Order(North, StepKind.Agreement, Survivors(0, 1, 2).Encode()), "Another survivor set was signed in this attempt");
    }

    [Fact]
    public void Coordinator_that_replays_another_rounds_messages_is_refused()
    {
        using var other = new Consortium();
        var foreign = new LyingCoordinator(other.Study, LyingCoordinator.ListOf(other.All));
        foreign.Collect(other.All);
        _coordinator.Collect(_consortium.All);

        Refused(North, _coordinator.Order(North, StepKind.Sharing, foreign.Attempt.RequestFor(1)!.Encode()), "This site's own message is missing, or is not the one that it sent");
    }

    private SurvivorSet Survivors(params int[] survivors) => new(_coordinator.Attempt.Terms.Digest, _coordinator.Attempt.Terms.Members.All, MemberSet.Of(survivors));

    // What all but North sign if they collude, beside North's true signature.
    private SurvivorProof Forged(params int[] survivors)
    {
        var set = Survivors(survivors);
        return new SurvivorProof([.. survivors.Select(site => SignedMessage.Sign(new SurvivorSignature(set.Terms, site, set.Sharers, set.Survivors), _consortium.All[site].Key))]);
    }

    private static void Refused(Hospital hospital, StepOrder order, string says) => Refused(hospital, order, Reason.AggregationRefused, says);

    private static void Refused(Hospital hospital, StepOrder order, Reason reason, string says)
    {
        var answered = hospital.Answered;
        var answer = hospital.Perform(order);
        Assert.Contains(says, answer.Sentence, StringComparison.Ordinal);
        Assert.Equal((reason, answered, 0), (answer.Reason, hospital.Answered, answer.Release.Length));
    }
}
