using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Adversary.Members;

/// <summary>
/// Who stands behind a list of members. In each test the adversary holds everything but the hospitals: the list, the certificates, and worker keys of its own making.
/// </summary>
public sealed class MemberAdversaryTests : IDisposable
{
    private readonly Hospital[] _hospitals = [new("east", 1), new("north", 20), new("south", 300), new("west", 4000)];

    // A worker of the adversary's, which poses as a hospital.
    private readonly Hospital _false = new("west", 0);
    private readonly Hospital _ghost = new("ghost", 0);

    private Hospital North => _hospitals[1];

    private Hospital West => _hospitals[3];

    public void Dispose()
    {
        foreach (var hospital in _hospitals.Append(_false).Append(_ghost))
            hospital.Dispose();
    }

    [Fact]
    public void Honest_coordinator_gets_the_sum_of_hospitals_whose_stewards_compared_their_keys()
    {
        var coordinator = Approved();

        for (var step = 0; step < 5; step++)
            coordinator.Collect(_hospitals);

        Assert.Equal(AggregationStage.Complete, coordinator.Attempt.Stage);
        Assert.All(coordinator.Sum(), value => Assert.Equal(4321, value));
    }

    /// <summary>A second certificate for a site, or its enrolment anew: the list has the adversary's key beside the hospital's name.</summary>
    [Fact]
    public void Coordinator_that_exchanges_a_members_key_is_refused_by_every_other_hospital()
    {
        var coordinator = Approved();

        foreach (var hospital in _hospitals.Except([West]))
            Refused(hospital, hospital.Perform(coordinator.KeyAgreement(hospital, With(West, _false))), $"gives 'west' the worker key {_false.Fingerprint}; the approved study names {West.Fingerprint}");
    }

    [Fact]
    public void Coordinator_that_exchanges_a_hospitals_own_key_is_refused_by_it()
    {
        var coordinator = Approved();

        Refused(West, West.Perform(coordinator.KeyAgreement(West, With(West, _false))), "gives 'west' the worker key");
    }

    [Fact]
    public void Coordinator_that_invents_a_member_is_refused()
    {
        var coordinator = Approved();

        Refused(North, North.Perform(coordinator.KeyAgreement(North, LyingCoordinator.ListOf([.. _hospitals, _ghost]))), "has 'ghost', which the approved study does not name");
    }

    /// <summary>The invented sites were there before the study, and the researcher believed the coordinator: the study names them.</summary>
    [Fact]
    public void Coordinator_that_invents_sites_to_be_in_the_majority_is_refused_until_a_steward_has_heard_them_read_their_keys_out()
    {
        var list = LyingCoordinator.ListOf(North, _ghost, _false);
        var study = LyingCoordinator.StudyOf(list);
        North.Confirm(_false);
        North.Approve(study);

        Refused(North, North.Perform(new LyingCoordinator(study, list).KeyAgreement(North, list)), "No steward of this site has confirmed the worker key of 'ghost'", "site-worker members confirm ghost");
    }

    /// <summary>The key in the study is the adversary's, for it enrolled in the hospital's name first, and the researcher believed the coordinator.</summary>
    [Fact]
    public void Coordinator_that_enrolled_another_worker_in_a_hospitals_name_finds_no_hospital_that_approves_the_study()
    {
        North.Confirm(_hospitals);
        var study = LyingCoordinator.StudyOf(With(West, _false));

        NotApproved(West, study, $"gives this site the worker key {_false.Fingerprint}; this worker's is {West.Fingerprint}");
        NotApproved(North, study, $"gives 'west' the worker key {_false.Fingerprint}; steward confirmed {West.Fingerprint}");
    }

    /// <summary>What the policy's other word gives away, and what it does not.</summary>
    [Fact]
    public void Hospital_that_takes_the_studys_word_joins_whom_it_names_and_nobody_else()
    {
        var list = LyingCoordinator.ListOf(North, _ghost, _false);
        var study = LyingCoordinator.StudyOf(list);
        North.Policy = North.Policy.Replace("members: confirmed", "members: named", StringComparison.Ordinal);
        North.Approve(study);

        Refused(North, North.Perform(new LyingCoordinator(study, list).KeyAgreement(North, LyingCoordinator.ListOf(North, _ghost, West))), "gives 'west' the worker key");
        Assert.NotNull(North.Perform(new LyingCoordinator(study, list).KeyAgreement(North, list)).Message);
    }

    /// <summary>Some are told that all four take part, some that three do: their masks would not cancel, and would tell.</summary>
    [Fact]
    public void Coordinator_that_tells_different_lists_to_different_hospitals_is_refused_at_the_roster()
    {
        var coordinator = Approved();
        var three = LyingCoordinator.ListOf(_hospitals[..3]);
        var keys = _hospitals[..3].Select(hospital => (KeyAdvertisement)hospital.Perform(coordinator.KeyAgreement(hospital, hospital == North ? LyingCoordinator.ListOf(_hospitals) : three)).Message!).ToList();

        var before = North.Answered;
        foreach (var hospital in _hospitals[..3])
            Assert.Equal(Reason.AggregationRefused, hospital.Perform(coordinator.Order(hospital, StepKind.Sharing, new KeyRoster([.. keys]).Encode())).Reason);
        Assert.Equal(before, North.Answered);
    }

    /// <summary>A coordinator may leave members out, as far as the policy lets it.</summary>
    [Fact]
    public void Coordinator_that_leaves_out_more_members_than_the_policy_bears_is_refused()
    {
        using Hospital sixth = new("up", 5), seventh = new("down", 6), eighth = new("in", 7), ninth = new("out", 8);
        Hospital[] nine = [.. _hospitals, sixth, seventh, eighth, ninth];
        var study = LyingCoordinator.StudyOf(LyingCoordinator.ListOf(nine));
        North.Policy = North.Policy.Replace("minimum-honest-survivors: 2", "minimum-honest-survivors: 3", StringComparison.Ordinal);
        North.Confirm(nine);
        North.Approve(study);
        var coordinator = new LyingCoordinator(study, LyingCoordinator.ListOf(nine));

        Refused(North, North.Perform(coordinator.KeyAgreement(North, LyingCoordinator.ListOf(_hospitals))), "at least 2 would be in the sum beyond the 1 that are assumed to collude", "minimum-honest-survivors");
        Assert.NotNull(North.Perform(coordinator.KeyAgreement(North, LyingCoordinator.ListOf(nine))).Message);
    }

    /// <summary>A steward learns in the midst of a round that a key is not what it seemed: the hospital's share of the masks stays with it.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Hospital_whose_steward_learns_of_another_key_takes_no_further_part_in_the_round(int steps)
    {
        var coordinator = Approved();
        for (var step = 0; step < steps; step++)
            coordinator.Collect(_hospitals);
        var before = North.Answered;

        North.Members.Confirm("west", FingerprintText.Write(_false.Fingerprint), "steward", "they called back");

        Assert.Equal(Reason.StudyBeyondPolicy, coordinator.Ask(North).Reason);
        Assert.Equal(before, North.Answered);
    }

    /// <summary>The steward has second thoughts about taking the study's word.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Hospital_whose_policy_becomes_stricter_takes_no_further_part_in_the_round(int steps)
    {
        var list = LyingCoordinator.ListOf(_hospitals);
        var coordinator = new LyingCoordinator(LyingCoordinator.StudyOf(list), list);
        foreach (var hospital in _hospitals)
        {
            hospital.Policy = hospital.Policy.Replace("members: confirmed", "members: named", StringComparison.Ordinal);
            hospital.Approve(LyingCoordinator.StudyOf(list));
        }

        for (var step = 0; step < steps; step++)
            coordinator.Collect(_hospitals);
        var before = North.Answered;

        North.Policy = North.Policy.Replace("members: named", "members: confirmed", StringComparison.Ordinal);

        var answer = coordinator.Ask(North);
        Assert.Equal(Reason.AggregationRefused, answer.Reason);
        Assert.Contains("'site-worker members confirm east FINGERPRINT'", answer.Sentence, StringComparison.Ordinal);
        Assert.Equal(before, North.Answered);
    }

    // All have approved the study of all, and each steward has heard every other.
    private LyingCoordinator Approved()
    {
        var list = LyingCoordinator.ListOf(_hospitals);
        var study = LyingCoordinator.StudyOf(list);
        foreach (var hospital in _hospitals)
        {
            hospital.Confirm(_hospitals);
            hospital.Approve(study);
        }

        return new LyingCoordinator(study, list);
    }

    private MemberList With(Hospital member, Hospital impostor) => LyingCoordinator.ListOf(_hospitals.Select(hospital => hospital == member ? impostor : hospital));

    private static void Refused(Hospital hospital, Answer answer, params string[] says)
    {
        Assert.Equal(Reason.AggregationRefused, answer.Reason);
        Assert.All(says, words => Assert.Contains(words, answer.Sentence, StringComparison.Ordinal));
        Assert.Equal(0, hospital.Answered);
    }

    private static void NotApproved(Hospital hospital, Study study, string says)
    {
        hospital.Offer(study);
        Assert.Contains(says, Assert.Throws<StewardException>(() => hospital.Core.Approve(study.Digest, "steward", "")).Message, StringComparison.Ordinal);
    }
}
