using System.Text;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;
using FederatedClinicalMl.Tests.Worker.Policies;
using Google.Protobuf;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;
using State = FederatedClinicalMl.Protos.WorkerPort.StudyStatus.Types.State;

namespace FederatedClinicalMl.Tests.Worker.Core;

public sealed class ApprovalTests : IDisposable
{
    private readonly Site _site = new();

    private static StudyDigest Digest => Site.Study.Digest;

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Study_that_was_never_offered_is_not_performed() => Assert.Equal(Reason.StudyNotApproved, _site.Decline(Site.Order()));

    [Fact]
    public void Study_that_waits_for_a_steward_is_not_performed()
    {
        var status = _site.Core.Offer(Site.OfferOf(Site.Study));

        Assert.Equal((State.Pending, Reason.StudyNotApproved), (status.State, status.Reason));
        Assert.Equal(Reason.StudyNotApproved, _site.Decline(Site.Order()));
        Assert.Equal(0, _site.Computer.Computed);
    }

    [Fact]
    public void Study_whose_model_could_not_be_written_is_not_taken_over()
    {
        var status = _site.Core.Offer(Site.OfferOf(StudyText.Of("{name: logit, range: [0, 120]}", encoding: "float32")));

        Assert.Equal((State.Refused, Reason.StudyNotUnderstood), (status.State, status.Reason));
    }

    [Fact]
    public void Study_that_a_steward_refused_is_not_performed()
    {
        _site.Core.Offer(Site.OfferOf(Site.Study));
        _site.Core.Refuse(Digest, "grace", "not for us");

        Assert.Equal(Reason.StudyRefusedBySteward, _site.Decline(Site.Order()));
        Assert.Equal((State.Refused, Reason.StudyRefusedBySteward), StatusOf());
    }

    [Fact]
    public void Approval_is_of_one_digest_and_of_no_other_study()
    {
        _site.Approve();
        _site.Core.Offer(Site.OfferOf(Site.AnotherStudy));

        Assert.NotNull(_site.Release(Site.Order()));
        Assert.Equal(Reason.StudyNotApproved, _site.Decline(Site.Order(run: Site.AnotherRun, study: Site.AnotherStudy)));
    }

    [Fact]
    public void Digest_that_differs_in_one_bit_cannot_be_approved()
    {
        _site.Core.Offer(Site.OfferOf(Site.Study));
        var bytes = Digest.Value.Span.ToArray();
        bytes[^1] ^= 1;

        Assert.Throws<StewardException>(() => _site.Core.Approve(new StudyDigest(new Sha256Digest(bytes)), "grace", ""));
        Assert.Equal(Reason.StudyNotApproved, _site.Decline(Site.Order()));
    }

    [Fact]
    public void Approval_beyond_the_policy_is_refused_with_the_rule_and_logs_nothing()
    {
        _site.Policy = PolicyText.With("maximum-rounds", "1");
        _site.Core.Offer(Site.OfferOf(Site.Study));

        var refusal = Assert.Throws<StewardException>(() => _site.Core.Approve(Digest, "grace", ""));

        Assert.Contains("maximum-rounds", refusal.Message, StringComparison.Ordinal);
        Assert.Equal([WorkerEntries.StudyOffered], _site.Kinds);
        Assert.Equal((State.Refused, Reason.StudyBeyondPolicy), StatusOf());
    }

    [Fact]
    public void Approved_study_stops_the_moment_the_policy_has_a_fault_and_goes_on_when_it_is_mended()
    {
        _site.Approve();
        Assert.NotNull(_site.Release(Site.Order()));

        _site.Policy += "a-key-too-many: 1\n";
        Assert.Equal(Reason.StudyBeyondPolicy, _site.Decline(Site.Order(round: 2)));
        Assert.Equal(Reason.StudyBeyondPolicy, _site.Decline(Site.Order())); // not even what is there already
        Assert.Equal((State.Refused, Reason.StudyBeyondPolicy), StatusOf());

        _site.Policy = PolicyReader.Default;
        Assert.NotNull(_site.Release(Site.Order(round: 2)));
        Assert.Equal((State.Approved, Reason.Unspecified), StatusOf());
    }

    [Fact]
    public void Policy_that_gets_a_fault_while_a_step_is_computed_keeps_it_from_leaving()
    {
        _site.Approve();
        _site.Computer.Meanwhile = (_, _) => _site.Policy = PolicyText.Without("minimum-cell");

        Assert.Equal(Reason.StudyBeyondPolicy, _site.Decline(Site.Order()));
        Assert.Equal(1, _site.Computer.Computed);
        Assert.Empty(_site.Outgoing);
        Assert.DoesNotContain(WorkerEntries.Released, _site.Kinds);
    }

    [Fact]
    public void Withdrawn_offer_is_not_performed_until_it_is_made_again()
    {
        _site.Approve();
        _site.Core.Offer(Site.OfferOf(Site.Study, withdrawn: true));
        Assert.Equal(Reason.StudyNotApproved, _site.Decline(Site.Order()));

        _site.Restart();
        Assert.Equal(Reason.StudyNotApproved, _site.Decline(Site.Order()));

        _site.Core.Offer(Site.OfferOf(Site.Study));
        Assert.NotNull(_site.Release(Site.Order()));
    }

    [Fact]
    public void Study_whose_bytes_changed_on_the_disk_is_not_performed_until_it_is_offered_again()
    {
        _site.Approve();
        var path = $"studies/{Digest}.json";
        DurableFile.Write(_site.Disk, path, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(Site.Study.Canonical.Span).Replace("\"age\"", "\"ago\"", StringComparison.Ordinal)));
        _site.Restart();

        Assert.Equal(Reason.StudyDigestWrong, _site.Decline(Site.Order()));
        Assert.Equal((State.Refused, Reason.StudyDigestWrong), StatusOf());

        _site.Core.Offer(Site.OfferOf(Site.Study));
        Assert.NotNull(_site.Release(Site.Order()));
        _site.Restart();
        Assert.Equal(Site.Study.Canonical.ToArray(), DurableFile.Read(_site.Disk, path));
    }

    [Fact]
    public void Study_whose_file_is_gone_can_be_neither_approved_nor_performed()
    {
        _site.Core.Offer(Site.OfferOf(Site.Study));
        _site.Disk.Delete($"studies/{Digest}.json");
        _site.Restart(powerLoss: false);

        Assert.Throws<StewardException>(() => _site.Core.Approve(Digest, "grace", ""));
        Assert.Equal((State.Refused, Reason.StudyDigestWrong), StatusOf());
    }

    [Fact]
    public void Offer_that_its_certificate_did_not_sign_is_neither_kept_nor_logged()
    {
        var offer = Site.OfferOf(Site.Study);
        foreach (var wrong in (OfferStudyRequest[])[
            new(offer) { Signature = Site.OfferOf(Site.AnotherStudy).Signature }, new(offer) { Certificate = ByteString.CopyFromUtf8("none") }, new(offer) { Certificate = ByteString.Empty }])
        {
            var status = _site.Core.Offer(wrong);
            Assert.Equal((State.Refused, Reason.StudySignatureWrong), (status.State, status.Reason));
        }

        Assert.Empty(_site.Kinds);
        Assert.Empty(_site.Disk.List("studies"));
    }

    [Fact]
    public void Approved_study_cannot_be_refused_and_what_was_not_approved_cannot_be_revoked()
    {
        _site.Core.Offer(Site.OfferOf(Site.Study));
        Assert.Throws<StewardException>(() => _site.Core.Revoke(Digest, "grace", ""));
        _site.Core.Approve(Digest, "grace", "");
        Assert.Throws<StewardException>(() => _site.Core.Refuse(Digest, "grace", ""));
        _site.Core.Revoke(Digest, "grace", "");
        Assert.Throws<StewardException>(() => _site.Core.Revoke(Digest, "grace", ""));
    }

    [Fact]
    public void Decision_made_twice_is_logged_once_and_is_there_after_a_restart()
    {
        _site.Approve();
        _site.Approve();

        Assert.Equal([WorkerEntries.StudyOffered, WorkerEntries.StudyApproved], _site.Kinds);
        _site.Restart();
        Assert.NotNull(_site.Release(Site.Order()));
    }

    [Fact]
    public void Revoking_destroys_what_is_unsent_and_nothing_of_it_is_performed_again()
    {
        _site.Approve();
        _site.Approve(Site.AnotherStudy);
        _site.Release(Site.Order(Kind.Preparation));
        _site.Release(Site.Order());
        var others = _site.Release(Site.Order(run: Site.AnotherRun, study: Site.AnotherStudy));

        var (study, destroyed) = _site.Core.Revoke(Digest, "grace", "asked by the board");

        Assert.Equal((Decision.Revoked, 2), (study.Decision, destroyed));
        Assert.Equal(2, (int)_site.Entries[^1]["body"]!["destroyed"]!);
        Assert.Equal([others.File], _site.Outgoing);
        Assert.Equal([others], _site.Core.Held());
        Assert.Equal(Reason.ApprovalRevoked, _site.Decline(Site.Order()));
        Assert.Equal(Reason.ApprovalRevoked, _site.Decline(Site.Order(round: 2)));
        Assert.Equal((State.Revoked, Reason.ApprovalRevoked), StatusOf());
        _site.Restart();
        Assert.Equal([others.File], _site.Outgoing);
    }

    [Fact]
    public void Destroyed_release_is_gone_from_the_disk_when_the_steward_has_the_answer()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            using var site = new Site(seed);
            site.Approve();
            site.Release(Site.Order());
            site.Core.Revoke(Digest, "grace", "");

            site.Kill(); // a loss of power, and no worker that would clear up what it brings back

            Assert.Empty(site.Outgoing);
        }
    }

    [Fact]
    public void Revoking_while_a_step_is_computed_cancels_it_and_nothing_is_published()
    {
        _site.Approve();
        _site.Computer.Meanwhile = (_, cancel) =>
        {
            Assert.False(cancel.IsCancellationRequested);
            _site.Core.Revoke(Digest, "grace", "");
            cancel.ThrowIfCancellationRequested();
        };

        Assert.Equal(Reason.ApprovalRevoked, _site.Decline(Site.Order()));
        Assert.Equal(0, _site.Computer.Computed);
        Assert.Empty(_site.Outgoing);
        Assert.DoesNotContain(WorkerEntries.Released, _site.Kinds);
    }

    [Fact]
    public void Step_that_was_computed_to_the_end_before_it_heard_of_the_revocation_is_not_published()
    {
        _site.Approve();
        _site.Computer.Meanwhile = (_, _) => _site.Core.Revoke(Digest, "grace", "");

        Assert.Equal(Reason.ApprovalRevoked, _site.Decline(Site.Order()));
        Assert.Equal(1, _site.Computer.Computed);
        Assert.Empty(_site.Outgoing);
        Assert.DoesNotContain(WorkerEntries.Released, _site.Kinds);
    }

    [Fact]
    public void Revoking_another_study_leaves_a_computation_alone()
    {
        _site.Approve();
        _site.Approve(Site.AnotherStudy);
        _site.Computer.Meanwhile = (_, cancel) =>
        {
            _site.Core.Revoke(Site.AnotherStudy.Digest, "grace", "");
            cancel.ThrowIfCancellationRequested();
        };

        Assert.NotNull(_site.Release(Site.Order()));
    }

    [Fact]
    public void Crash_at_any_point_of_a_revocation_leaves_it_undone_or_done_but_no_file_of_a_revoked_study()
    {
        string[] files = [];
        KillPoints.Each(
            site =>
            {
                site.Approve();
                files = [site.Release(Site.Order()).File, site.Release(Site.Order(round: 2)).File];
            },
            site => site.Core.Revoke(Digest, "grace", ""),
            (site, finished) =>
            {
                var revoked = site.Core.State.Studies[Digest].Decision == Decision.Revoked;
                Assert.True(revoked || !finished);
                Assert.Equal(revoked ? [] : files, site.Outgoing);
            });
    }

    private (State State, Reason Reason) StatusOf()
    {
        var status = _site.Core.StatusOf(Digest)!;
        return (status.State, status.Reason);
    }
}
