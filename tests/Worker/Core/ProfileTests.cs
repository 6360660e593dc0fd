using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Computing;
using FederatedClinicalMl.Tests.Worker.Policies;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Core;

/// <summary>What a site's policy and its steward do about a profile that the consortium asks for.</summary>
public sealed class ProfileTests : IDisposable
{
    private readonly Patients _patients = new();
    private readonly Site _site;

    public ProfileTests()
    {
        _site = new Site(computer: _patients.Computer());
        _site.Approve(Patients.Study);
    }

    public void Dispose()
    {
        _site.Dispose();
        _patients.Dispose();
    }

    [Fact]
    public void Profile_waits_until_a_steward_has_approved_exactly_it()
    {
        Assert.Equal(Reason.ProfileAwaitsSteward, _site.Decline(Order()));
        _site.Core.ApproveProfile(Patients.Study.Digest, Sha256Digest.Of("another"u8), "grace", "");
        Assert.Equal(Reason.ProfileAwaitsSteward, _site.Decline(Order()));

        _site.Core.ApproveProfile(Patients.Study.Digest, Digest(), "grace", "looked at it");

        Assert.NotNull(_site.Release(Order()));
        Assert.Contains(WorkerEntries.ProfileApproved, _site.Kinds);
    }

    [Fact]
    public void Profile_that_a_steward_approved_holds_after_a_restart()
    {
        _site.Core.ApproveProfile(Patients.Study.Digest, Digest(), "grace", "");

        _site.Restart();

        Assert.NotNull(_site.Release(Order()));
    }

    [Fact]
    public void Profile_beyond_the_policy_is_declined_whatever_was_approved()
    {
        var digest = Digest();
        _site.Policy = PolicyText.With("profile", "withhold");
        _site.Core.ApproveProfile(Patients.Study.Digest, digest, "grace", "");

        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Order()));
    }

    [Fact]
    public void First_profile_leaves_where_the_policy_releases_and_a_different_one_waits_for_the_steward()
    {
        _site.Policy = PolicyText.With("profile", "release").Replace("minimum-training-rows: 20", "minimum-training-rows: 10", StringComparison.Ordinal);
        Assert.NotNull(_site.Release(Order()));
        Assert.NotNull(_site.Release(Order(run: Site.AnotherRun))); // the same again tells nothing new

        _site.Core.SetExclusions(["patient-0"], "grace");

        Assert.Equal(Reason.ProfileAwaitsSteward, _site.Decline(Order(run: "00000000000000aa")));
        _site.Core.ApproveProfile(Patients.Study.Digest, Digest(), "grace", "");
        Assert.NotNull(_site.Release(Order(run: "00000000000000aa")));
    }

    [Fact]
    public void Profile_that_was_asked_for_waits_for_the_steward_until_one_is_let_out_also_after_a_restart()
    {
        _site.Decline(Order());
        _site.Restart();
        Assert.Equal([Patients.Study.Digest], _site.Core.State.ProfilesAsked);

        _site.Core.ApproveProfile(Patients.Study.Digest, Digest(), "grace", "");
        Assert.Empty(_site.Core.State.ProfilesAsked);

        _site.Core.SetExclusions(["patient-0"], "grace");
        _site.Policy = PolicyReader.Default.Replace("minimum-training-rows: 20", "minimum-training-rows: 10", StringComparison.Ordinal);
        Assert.Equal(Reason.ProfileAwaitsSteward, _site.Decline(Order(run: Site.AnotherRun)));
        Assert.Equal([Patients.Study.Digest], _site.Core.State.ProfilesAsked); // another one than that which was let out

        _site.Core.SetExclusions([], "grace");
        _site.Release(Order(run: "00000000000000aa"));
        Assert.Empty(_site.Core.State.ProfilesAsked);
    }

    private static StepOrder Order(string run = Site.Run) => Site.Order(Kind.Profile, study: Patients.Study, run: run);

    private Sha256Digest Digest() => Sha256Digest.Of(
        new StudyPreview(_site.Core, _patients.Cache(), new FakeTrainer(), Site.Name).Profile(Patients.Study, PolicyReader.Read(_site.Policy).Policy!).Payload.Span);
}
