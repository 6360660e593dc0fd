using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Policies;

namespace FederatedClinicalMl.Tests.Worker.Members;

/// <summary>What a steward confirms of the others' worker keys, and what a study has to name before it is approved. What a round is refused for: <c>tests/Adversary</c>.</summary>
public sealed class MemberTests : IDisposable
{
    private readonly Site _site = new();

    private MemberDesk Desk => new(_site.Core, new WorkerIdentity(Site.Name, _site.Key, Site.Secret, "1.0.0"));

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Confirmation_holds_from_its_entry_on_and_after_a_restart_and_another_key_takes_its_place_only_by_another_one()
    {
        Desk.Confirm("south", FingerprintText.Write(MaskedStudy.KeyOf("south")), "grace", "telephone");
        Desk.Confirm("south", MaskedStudy.KeyOf("south").ToString(), "grace", "the same again changes nothing");
        _site.Restart();

        Assert.Equal((MaskedStudy.KeyOf("south"), "grace", "telephone"), Confirmed());
        Desk.Confirm("south", MaskedStudy.KeyOf("south's new worker").ToString(), "linus", "");
        _site.Restart();

        Assert.Equal((MaskedStudy.KeyOf("south's new worker"), "linus", ""), Confirmed());
        Assert.Equal([WorkerEntries.MemberConfirmed, WorkerEntries.MemberConfirmed], _site.Kinds);

        (Sha256Digest, string, string) Confirmed()
        {
            var confirmed = _site.Core.State.Members[MaskedStudy.South];
            return (confirmed.Fingerprint, confirmed.Steward, confirmed.Note);
        }
    }

    [Theory]
    [InlineData("South", null, "not a site's name")]
    [InlineData("south", "aabb", "not a whole fingerprint")]
    [InlineData("north", null, "is this site")]
    [InlineData("west", null, "was confirmed for 'south'")]
    public void Confirmation_of_what_is_no_other_sites_whole_key_is_refused_and_nothing_is_logged(string site, string? fingerprint, string says)
    {
        Desk.Confirm("south", MaskedStudy.KeyOf("south").ToString(), "grace", "");

        var refused = Assert.Throws<StewardException>(() => Desk.Confirm(site, fingerprint ?? MaskedStudy.KeyOf("south").ToString(), "grace", ""));

        Assert.Contains(says, refused.Message, StringComparison.Ordinal);
        Assert.Single(_site.Kinds);
    }

    [Fact]
    public void Own_key_is_nobody_elses() =>
        Assert.Contains("this site's own worker", Assert.Throws<StewardException>(() => Desk.Confirm("south", _site.Key.PublicKey.Fingerprint.ToString(), "grace", "")).Message, StringComparison.Ordinal);

    [Fact]
    public void Study_under_masks_without_keys_is_not_approved() => NotApproved(MaskedStudy.Of(null), "names no worker keys (federation.keys)");

    [Fact]
    public void Study_that_gives_this_site_another_key_is_not_approved() => NotApproved(
        MaskedStudy.Of((Site.Name, MaskedStudy.KeyOf("the gateway's")), (MaskedStudy.South, MaskedStudy.KeyOf("south")), (MaskedStudy.West, MaskedStudy.KeyOf("west"))),
        $"this worker's is {_site.Key.PublicKey.Fingerprint}");

    [Fact]
    public void Study_under_masks_without_this_site_is_not_approved() => NotApproved(
        MaskedStudy.Of((SiteId.Parse("east"), MaskedStudy.KeyOf("east")), (MaskedStudy.South, MaskedStudy.KeyOf("south")), (MaskedStudy.West, MaskedStudy.KeyOf("west"))),
        "no worker key of this site, 'north'");

    [Theory]
    [InlineData("confirmed")]
    [InlineData("named")]
    public void Study_that_contradicts_what_a_steward_confirmed_is_not_approved_whatever_the_policy(string rule)
    {
        _site.Policy = PolicyText.With("members", rule);
        Desk.Confirm("west", MaskedStudy.KeyOf("another west").ToString(), "grace", "");

        NotApproved(MaskedStudy.For(_site), $"grace confirmed {MaskedStudy.KeyOf("another west")}");
    }

    [Fact]
    public void Study_that_was_approved_stops_where_the_steward_learns_that_a_key_is_another()
    {
        var study = MaskedStudy.For(_site);
        _site.Approve(study);
        Assert.Equal(StudyStatus.Types.State.Approved, _site.Core.StatusOf(study.Digest)!.State);

        Desk.Confirm("west", MaskedStudy.KeyOf("another west").ToString(), "grace", "");

        Assert.Equal(Reason.StudyBeyondPolicy, _site.Core.StatusOf(study.Digest)!.Reason);
        Assert.Equal(Reason.StudyBeyondPolicy, _site.Decline(Site.Order(StepOrder.Types.Kind.Preparation, study: study)));
    }

    [Fact]
    public void Steward_sees_who_is_not_confirmed_before_approving_and_may_approve()
    {
        var study = MaskedStudy.For(_site);
        _site.Core.Offer(Site.OfferOf(study));
        Desk.Confirm("south", MaskedStudy.KeyOf("south").ToString(), "grace", "");

        var members = _site.Core.Check(study).Single(finding => finding.Rule == "members");
        Assert.True(members.Passed);
        Assert.Contains("NOT CONFIRMED: west.", members.Sentence, StringComparison.Ordinal);
        Assert.Equal(["own", "confirmed", "unconfirmed"], Desk.Show().Studies.Single().Members.Select(member => member.State));
        _site.Core.Approve(study.Digest, "grace", "");

        Desk.Confirm("west", MaskedStudy.KeyOf("another west").ToString(), "grace", "");
        Assert.Equal(["own", "confirmed", "other"], Desk.Show(study.Digest).Studies.Single().Members.Select(member => member.State));
    }

    [Theory]
    [InlineData("minimum-honest-survivors", "3", true)]
    [InlineData("minimum-honest-survivors", "2", false)]
    public void Study_whose_sums_have_fewer_honest_sites_than_the_policy_wants_is_refused(string key, string value, bool isRefused)
    {
        var findings = PolicyCheck.Study(PolicyReader.Read(PolicyText.With(key, value)), MaskedStudy.For(_site));

        Assert.Equal(isRefused ? [key] : Array.Empty<string>(), findings.Where(finding => !finding.Passed).Select(finding => finding.Rule));
    }

    [Fact]
    public void Study_that_sums_plainly_needs_no_keys() => Assert.DoesNotContain(_site.Core.Check(Site.Study), finding => finding.Rule is "members" or "minimum-honest-survivors");

    private void NotApproved(Study study, string says)
    {
        var status = _site.Core.Offer(Site.OfferOf(study));

        Assert.Equal((StudyStatus.Types.State.Refused, Reason.StudyBeyondPolicy), (status.State, status.Reason));
        Assert.Contains(says, Assert.Throws<StewardException>(() => _site.Core.Approve(study.Digest, "grace", "")).Message, StringComparison.Ordinal);
        Assert.DoesNotContain(WorkerEntries.StudyApproved, _site.Kinds);
    }
}
