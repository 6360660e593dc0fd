using System.Text.Json.Nodes;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Adversary.Members;

/// <summary>
/// The hospital <c>west</c> renews its worker's key, and somebody between the hospitals (coordinator, or a gateway, through which every list passes) makes use of it. What a stolen key is good for is
/// among the tests: docs/threat-model.md says so.
/// </summary>
public sealed class KeyRenewalTests : IDisposable
{
    private readonly Hospital[] _hospitals = [new("east", 1), new("north", 20), new("south", 300), new("west", 4000)];
    private readonly Study _study;

    // A worker of the adversary's, which poses as a hospital.
    private readonly Hospital _false = new("west", 0);

    public KeyRenewalTests()
    {
        _study = LyingCoordinator.StudyOf(LyingCoordinator.ListOf(_hospitals));
        foreach (var hospital in _hospitals)
        {
            hospital.Confirm(_hospitals);
            hospital.Approve(_study);
        }
    }

    private Hospital North => _hospitals[1];

    private Hospital South => _hospitals[2];

    private Hospital West => _hospitals[3];

    public void Dispose()
    {
        foreach (var hospital in _hospitals.Append(_false))
            hospital.Dispose();
    }

    [Fact]
    public void Study_that_names_a_key_from_before_two_renewals_goes_on_without_another_approval_or_confirmation()
    {
        var renewals = KeyRenewals.None.Add(West.Renew().Renewal)!.Add(West.Renew().Renewal)!;
        South.Confirm(West); // who heard the new key read out before any order has come is not kept from the old study
        var coordinator = new LyingCoordinator(_study, LyingCoordinator.ListOf(_hospitals), renewals);

        for (var step = 0; step < 5; step++)
            coordinator.Collect(_hospitals);

        Assert.All(coordinator.Sum(), value => Assert.Equal(4321, value));
        Assert.All(_hospitals.Except([West]), hospital => Assert.Equal(2, Renewed(hospital)));
        Assert.Equal(0, Renewed(West));
        Assert.All(_hospitals, hospital => Assert.DoesNotContain(hospital.Members.Show().Studies.Single().Members, member => member.State is not ("own" or "confirmed")));
    }

    [Fact]
    public void Coordinator_that_lists_a_key_without_a_renewal_is_refused()
    {
        West.Renew();

        Refused(North, LyingCoordinator.ListOf(_hospitals), [], "has not signed that it was renewed");
    }

    [Fact]
    public void Coordinator_that_shows_a_renewal_which_a_third_key_has_signed_is_refused()
    {
        var (mine, named) = (_false.Renew(), West.Fingerprint);
        var list = With(West, _false);

        // Its own worker's renewal, which begins at another key; and the same where it says that it begins at the named one.
        Refused(North, list, [mine.Renewal], $"the approved study names {named}, and has not signed");
        var lie = mine.Renewal.ToJson();
        lie["old"] = West.Renew().Renewal.ToJson()["old"]!.DeepClone();
        Refused(North, North.Perform(Order(North, [.. list.Encode(), .. CanonicalJson.Write(new JsonArray(lie))])), "has no list of members");
    }

    [Fact]
    public void Coordinator_that_shows_another_sites_renewal_is_refused()
    {
        var (_, souths) = South.Renew();
        using var ghost = SigningKey.Create();

        Refused(North, MemberList.Of(_hospitals.Select(hospital => new Member(hospital.Name, hospital == West ? souths.New.Fingerprint : hospital == South ? ghost.PublicKey.Fingerprint : hospital.Fingerprint))), [souths], "gives 'south' the worker key");
        Refused(North, With(West, souths.New.Fingerprint, without: South), [souths], "gives 'west' the worker key");
    }

    /// <summary>A site has no key but its own to renew to: the successor has signed the renewal too.</summary>
    [Fact]
    public void Site_that_takes_anothers_key_for_its_successor_has_no_renewal_to_show()
    {
        var (old, renewal) = West.Renew();
        var stolen = renewal.ToJson();
        stolen["new"] = Convert.ToBase64String(South.Renew().Renewal.New.SubjectPublicKeyInfo.Span);
        using var forger = SigningKey.FromPem(old.ToPem());
        var statement = stolen.DeepClone().AsObject();
        Assert.True(statement.Remove("signature") && statement.Remove("acceptance"));
        stolen["signature"] = Convert.ToBase64String(forger.Sign(SignatureContext.KeyRenewal, CanonicalJson.Write(statement)));

        Assert.Null(KeyRenewal.Read(stolen));
    }

    [Fact]
    public void Coordinator_that_goes_back_to_a_key_that_was_renewed_away_is_refused_once_the_renewal_was_seen()
    {
        var before = LyingCoordinator.ListOf(_hospitals);
        var (_, first) = West.Renew();
        var between = LyingCoordinator.ListOf(_hospitals);
        var (_, second) = West.Renew();
        Assert.NotNull(North.Perform(new LyingCoordinator(_study, before).KeyAgreement(North, LyingCoordinator.ListOf(_hospitals), first, second)).Message);

        Refused(North, before, [], $"was renewed to {West.Fingerprint}");
        Refused(North, between, [first], $"was renewed to {West.Fingerprint}");
        Refused(North, between, [], $"was renewed to {West.Fingerprint}");
    }

    [Fact]
    public void Renewal_out_of_its_number_leads_nowhere()
    {
        var (old, _) = West.Renew();
        using var next = SigningKey.Create();
        using var later = SigningKey.Create();
        var list = With(West, later.PublicKey.Fingerprint);

        Refused(North, list, [KeyRenewal.Sign(West.Name, 1, old, next, DateTimeOffset.UnixEpoch), KeyRenewal.Sign(West.Name, 3, next, later, DateTimeOffset.UnixEpoch)], "has no list of members");
        Refused(North, list, [KeyRenewal.Sign(West.Name, 2, next, old, DateTimeOffset.UnixEpoch), KeyRenewal.Sign(West.Name, 1, old, next, DateTimeOffset.UnixEpoch)], "has no list of members");
    }

    /// <summary>Whoever stole a key after it was renewed finds that it is good for nothing where the renewal is known.</summary>
    [Fact]
    public void Thief_of_a_renewed_key_who_signs_another_renewal_is_refused_where_the_first_was_seen()
    {
        var (stolen, renewal) = West.Renew();
        Assert.NotNull(North.Perform(new LyingCoordinator(_study, LyingCoordinator.ListOf(_hospitals)).KeyAgreement(North, LyingCoordinator.ListOf(_hospitals), renewal)).Message);

        Refused(North, With(West, _false), [Stolen(stolen)], $"was renewed to {West.Fingerprint}");
    }

    /// <summary>Not protected, as the threat model says: a key vouches for its successor, so whoever has it before anybody has seen a renewal can name one.</summary>
    [Fact]
    public void Thief_of_a_key_whose_renewal_is_seen_first_stands_in_the_hospitals_place()
    {
        var (stolen, _) = West.Renew();
        var list = With(West, _false);

        Assert.NotNull(North.Perform(new LyingCoordinator(_study, list).KeyAgreement(North, list, Stolen(stolen))).Message);
        Assert.Equal(1, Renewed(North)); // and North's steward can see it in the log
    }

    [Fact]
    public void Attempt_that_a_hospital_joined_with_its_old_key_is_not_gone_on_with_and_the_others_end_it_without()
    {
        var coordinator = new LyingCoordinator(_study, LyingCoordinator.ListOf(_hospitals));
        coordinator.Collect(_hospitals);
        West.Renew();

        Assert.Contains("was renewed to", Refuses(West, coordinator.Ask(West)), StringComparison.Ordinal);
        Assert.NotNull(coordinator.Ask(North).Message);
    }

    private KeyRenewal Stolen(SigningKey key)
    {
        using var next = SigningKey.FromPem(_false.KeyPem);
        return KeyRenewal.Sign(West.Name, 1, key, next, DateTimeOffset.UnixEpoch);
    }

    private MemberList With(Hospital exchanged, Hospital by) => With(exchanged, by.Fingerprint);

    private MemberList With(Hospital exchanged, Sha256Digest by, Hospital? without = null) =>
        MemberList.Of(_hospitals.Where(hospital => hospital != without).Select(hospital => new Member(hospital.Name, hospital == exchanged ? by : hospital.Fingerprint)));

    private StepOrder Order(Hospital hospital, ReadOnlySpan<byte> inputs) => new LyingCoordinator(_study, LyingCoordinator.ListOf(_hospitals)).Order(hospital, StepKind.KeyAgreement, inputs);

    // In a second attempt: what was answered in the first is answered again, whatever list it is asked with now.
    private void Refused(Hospital hospital, MemberList list, KeyRenewal[] renewals, string says)
    {
        var order = new LyingCoordinator(_study, list).KeyAgreement(hospital, list, renewals);
        order.Attempt = 2;
        Refused(hospital, hospital.Perform(order), says);
    }

    private static void Refused(Hospital hospital, Answer answer, string says)
    {
        var answered = hospital.Answered;
        Assert.Contains(says, Refuses(hospital, answer), StringComparison.Ordinal);
        Assert.Equal(answered, hospital.Answered);
    }

    private static string Refuses(Hospital hospital, Answer answer)
    {
        Assert.Null(answer.Message);
        Assert.Equal(Reason.AggregationRefused, answer.Reason);
        Assert.Null(hospital.Core.Broken);
        return answer.Sentence;
    }

    private static int Renewed(Hospital hospital) => hospital.Core.Log(1).Count(line => line.Contains($"\"kind\":\"{WorkerEntries.MemberRenewed}\"", StringComparison.Ordinal));
}
