using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Monitoring;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Learning;
using FederatedClinicalMl.Tests.Learning.Serving;
using Google.Protobuf;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Tests.Coordinator.Monitoring;

/// <summary>From a withdrawal at a site to a new run, over TLS.</summary>
public sealed class MonitoringCallsTests : IDisposable
{
    private const string Heart = "heart";

    private static readonly Member s_ada = new(Roles.Admin, "ada"), s_grace = new(Roles.Clinician, "grace");

    private readonly SigningKey _north = SigningKey.Create(), _south = SigningKey.Create();
    private Sha256Digest _model;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _north.Dispose();
        _south.Dispose();
    }

    [Fact]
    public async Task Withdrawal_at_a_site_leads_to_an_alert_an_incident_a_proposal_and_when_it_is_approved_to_a_run()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: Prepare);
        using var north = await coordinator.EnrolSiteAsync("north", _north);
        using var south = await coordinator.EnrolSiteAsync("south", _south);
        using var ada = await Person.EnrolAsync(coordinator, Roles.Admin, "ada");
        using var way = coordinator.Connect(ada.Identity);
        var calls = new FederatedClinicalMl.Protos.Federation.Monitoring.MonitoringClient(way.Grpc);
        using var here = await SiteStream.OpenAsync(coordinator, north, _north);
        using var there = await SiteStream.OpenAsync(coordinator, south, _south);
        var (study, edited) = (Study(rounds: 2), Study(rounds: 3));
        await ada.SubmitAsync(study);
        await ada.SubmitAsync(edited);

        await here.SendAsync(new SiteMessage { ModelWithdrawn = new ModelWithdrawn { ModelDigest = ByteString.CopyFrom(_model.Span), Reason = ModelWithdrawn.Types.Reason.Calibration, AtUnixSeconds = 9 } });
        await UntilAsync(coordinator, book => book.Proposals.Count == 1);

        var alert = (await calls.ListAlertsAsync(new ListAlertsRequest(), cancellationToken: Stop)).Alerts.Single(alert => alert.Rule == "model-withdrawn");
        Assert.Equal(("critical", "line=heart reason=calibration site=north version=1.0.0"), (alert.Severity, alert.Subject));
        await calls.AcknowledgeAlertAsync(new AcknowledgeAlertRequest { Number = alert.Number, Reason = "Seen" }, cancellationToken: Stop);
        Assert.Contains(Assert.Single((await calls.ListIncidentsAsync(new ListIncidentsRequest(), cancellationToken: Stop)).Incidents).Timeline, entry => entry.By == "admin ada");
        var proposal = Assert.Single((await calls.ListProposalsAsync(new ListProposalsRequest(), cancellationToken: Stop)).Proposals);
        Assert.Equal([(study.Digest.ToString(), 0), (edited.Digest.ToString(), 1)], proposal.Candidates.Select(candidate => (candidate.Study, candidate.Changes.Count)));

        Assert.Equal("SITES_NOT_READY", await Person.FaultOfAsync(() => calls.ApproveProposalAsync(new ApproveProposalRequest { Number = 1, Reason = "Again" }, cancellationToken: Stop).ResponseAsync));
        Assert.Equal("STUDY_UNKNOWN", await Person.FaultOfAsync(() => calls.ApproveProposalAsync(new ApproveProposalRequest { Number = 1, Reason = "Again", Study = default(Sha256Digest).ToString() }, cancellationToken: Stop).ResponseAsync));
        foreach (var site in new[] { here, there })
            await site.ApproveAsync(edited.Digest);
        await ApprovedAsync(ada, edited.Digest);
        var approved = await calls.ApproveProposalAsync(new ApproveProposalRequest { Number = 1, Reason = "Recalibrate", Study = edited.Digest.ToString() }, cancellationToken: Stop);

        Assert.Equal(("approved", edited.Digest.ToString()), (approved.State, approved.Study));
        Assert.Contains((await ada.Calls.ListRunsAsync(new ListRunsRequest(), cancellationToken: Stop)).Runs, run => run.Run == approved.Run && run.StudyDigest == approved.Study);
        Assert.Equal("MONITORING_REFUSED", await Person.FaultOfAsync(() => calls.ApproveProposalAsync(new ApproveProposalRequest { Number = 1, Reason = "Twice" }, cancellationToken: Stop).ResponseAsync));
        await new Stages.StagesClient(way.Grpc).RollBackAsync(new VersionRequest { Line = Heart, Version = "1.0.0", Reason = "Withdrawn" }, cancellationToken: Stop);
        await UntilAsync(coordinator, book => book.Open.Values.All(open => open.Key.Rule != "model-withdrawn") && book.Incidents[1].Timeline.Any(entry => entry.Text.StartsWith("In production: none", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Proposal_starts_by_itself_where_the_file_and_the_study_say_so_and_waits_for_a_person_where_the_file_alone_does(bool startsByItself)
    {
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: folder =>
        {
            Prepare(folder, startsByItself);
            File.WriteAllText(Path.Combine(folder.Disk.Root, RulesFile.File), $"alerts: 1\nretraining: {{{Heart}: {{alerts: [model-withdrawn], auto-start: true}}}}");
        });
        using var north = await coordinator.EnrolSiteAsync("north", _north);
        using var south = await coordinator.EnrolSiteAsync("south", _south);
        using var ada = await Person.EnrolAsync(coordinator, Roles.Admin, "ada");
        using var here = await SiteStream.OpenAsync(coordinator, north, _north);
        using var there = await SiteStream.OpenAsync(coordinator, south, _south);
        var study = Study(rounds: 2, startsByItself);
        await ada.SubmitAsync(study);
        foreach (var site in new[] { here, there })
            await site.ApproveAsync(study.Digest);
        await ApprovedAsync(ada, study.Digest);

        await here.SendAsync(new SiteMessage { ModelWithdrawn = new ModelWithdrawn { ModelDigest = ByteString.CopyFrom(_model.Span), Reason = ModelWithdrawn.Types.Reason.Performance, AtUnixSeconds = 9 } });

        await UntilAsync(coordinator, book => book.Proposals.Count == 1);
        await coordinator.Service<RetrainingDesk>().StartWhatStartsByItselfAsync(); // as the loop does, before or after it

        var expected = startsByItself ? ProposalState.Approved : ProposalState.Open;
        await UntilAsync(coordinator, book => book.Proposals[1].State == expected);
        Assert.Equal(startsByItself ? 1 : 0, coordinator.Service<AuditTrail>().Entries().Count(entry => entry.Kind == "run-started" && (string?)entry.Body["by"] == "coordinator"));
    }

    [Theory]
    [InlineData("run_events")] // before the run is there
    [InlineData("monitoring_events WHEN instr(NEW.json, 'ProposalApproved')")] // after it was started
    public async Task Retraining_that_is_cut_off_between_approval_and_run_is_one_run_after_the_next_start(string table)
    {
        using var root = new TemporaryFolder();
        using (var folder = DataFolder.Create(root.Of("data"), ["127.0.0.1"], 0, authority: null, TimeProvider.System))
        {
            Prepare(folder, startsByItself: true);
            File.WriteAllText(Path.Combine(folder.Disk.Root, RulesFile.File), $"alerts: 1\nretraining: {{{Heart}: {{alerts: [model-withdrawn], auto-start: true}}}}");
        }

        await using (var coordinator = await RunningCoordinator.StartOverAsync(root.Of("data")))
        {
            using var north = await coordinator.EnrolSiteAsync("north", _north);
            using var south = await coordinator.EnrolSiteAsync("south", _south);
            using var ada = await Person.EnrolAsync(coordinator, Roles.Admin, "ada");
            using var here = await SiteStream.OpenAsync(coordinator, north, _north);
            using var there = await SiteStream.OpenAsync(coordinator, south, _south);
            var study = Study(rounds: 2, startsByItself: true);
            await ada.SubmitAsync(study);
            foreach (var site in new[] { here, there })
                await site.ApproveAsync(study.Digest);
            await ApprovedAsync(ada, study.Digest);
            Change(coordinator, $"CREATE TRIGGER cut BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'cut off'); END");
            await here.SendAsync(new SiteMessage { ModelWithdrawn = new ModelWithdrawn { ModelDigest = ByteString.CopyFrom(_model.Span), Reason = ModelWithdrawn.Types.Reason.Performance, AtUnixSeconds = 9 } });
            await coordinator.LoggedAsync("cut off");
            Change(coordinator, "DROP TRIGGER cut");
        }

        await using (var coordinator = await RunningCoordinator.StartOverAsync(root.Of("data")))
        {
            await UntilAsync(coordinator, book => book.Proposals.Values.Any(proposal => proposal is { State: ProposalState.Approved, Decided.By: "coordinator" }));
            Assert.Equal(Assert.Single(coordinator.Service<MonitoringDesk>().Book.Proposals.Values).Run, Assert.Single(coordinator.Service<IRunJournal>().List(openOnly: false)).Value);
        }
    }

    [Fact]
    public async Task Read_that_failed_once_mutes_no_alert_for_it_is_made_again()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: folder => File.WriteAllText(
            Path.Combine(folder.Disk.Root, RulesFile.File), "alerts: 1\nrules: [{name: away, signal: site-connected, below: 1, runbook: docs/away.md}]"));

        Change(coordinator, "ALTER TABLE members RENAME TO elsewhere");
        coordinator.Service<MemberStore>().Add(new StoredInvitation("id", Sha256Digest.Of([]), new Member(Roles.Site, "north"), DateTimeOffset.UnixEpoch, InvitationState.Open)); // members have changed, and cannot be read
        await coordinator.LoggedAsync("cannot be read");
        Assert.Empty(coordinator.Service<MonitoringDesk>().Book.Open);
        Change(coordinator, $"ALTER TABLE elsewhere RENAME TO members; INSERT INTO members (role, name, software, not_after) VALUES ({(int)Roles.Site}, 'north', '', 4102444800)"); // which tells nobody

        await UntilAsync(coordinator, book => book.Open.Values.Any(alert => alert.Key == new AlertKey("away", FederatedClinicalMl.Coordinator.Monitoring.Subject.Of(("site", "north")))));
    }

    [Fact]
    public async Task Audit_log_has_the_certificate_by_which_a_decision_was_made_and_is_read_again_with_it()
    {
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: Prepare);
        using var grace = await Person.EnrolAsync(coordinator, Roles.Clinician, "grace");
        using var way = coordinator.Connect(grace.Identity);

        await new Stages.StagesClient(way.Grpc).RollBackAsync(new VersionRequest { Line = Heart, Version = "1.0.0", Reason = "Alarms" }, cancellationToken: Stop);

        var audit = coordinator.Service<AuditTrail>();
        Assert.Equal($"certificate {Sha256Digest.Of(grace.Identity.Certificate.RawData)}", (string?)audit.Entries().Single(entry => entry.Kind == StageEntries.RolledBack).Body[AuditTrail.Credential]);
        Assert.Null(new ModelLines(audit, TimeProvider.System).Of(Heart).Production);
    }

    [Fact]
    public async Task Version_whose_last_day_passes_while_the_coordinator_runs_is_kept_ready_for_no_rollback_from_then_on()
    {
        var time = new ShiftedTime(TimeSpan.Zero);
        await using var coordinator = await RunningCoordinator.StartAsync(prepare: Prepare, time: time);
        var (lines, second) = (coordinator.Service<ModelLines>(), new ModelVersion(1, 1, 0));
        Assert.Null(lines.Handle(Heart, s_ada, _ => new ConfirmVersion(Sha256Digest.Of([2]), new VersionProposal(VersionPart.Minor, second, []), second)).Refusal);
        ToProduction(lines, second);
        Assert.Equal(ModelVersion.First, lines.Of(Heart).Fallback);
        Assert.Null(lines.Handle(Heart, s_ada, _ => new DeprecateVersion(ModelVersion.First, DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime), "A new guideline")).Refusal);

        time.Shift = TimeSpan.FromDays(1);

        while (lines.NextChange is var next && lines.Of(Heart).Fallback is not null)
            await next.WaitAsync(TimeSpan.FromMinutes(1), Stop);
        Assert.Equal(second, lines.Of(Heart).Serves.Production?.Version);
        Assert.Null(lines.Of(Heart).Serves.Fallback);
    }

    private static void Change(RunningCoordinator coordinator, string sql) => coordinator.Service<DataFolder>().Database.Write((connection, transaction) =>
    {
        using var command = connection.CreateCommand();
        (command.Transaction, command.CommandText) = (transaction, sql);
        return command.ExecuteNonQuery();
    });

    private static Study Study(int rounds, bool startsByItself = false) => MadeModel.StudyOf(Heart, rounds, startsByItself);

    private static async Task UntilAsync(RunningCoordinator coordinator, Func<MonitoringBook, bool> isSo)
    {
        var desk = coordinator.Service<MonitoringDesk>();
        while (true)
        {
            var next = desk.NextChange;
            if (isSo(desk.Book))
                return;
            await next.WaitAsync(TimeSpan.FromMinutes(1), Stop);
        }
    }

    private static async Task ApprovedAsync(Person person, StudyDigest study)
    {
        using var watch = person.Calls.WatchStudy(new WatchStudyRequest { Digest = study.ToString() }, cancellationToken: Stop);
        do
            Assert.True(await watch.ResponseStream.MoveNext(Stop));
        while (watch.ResponseStream.Current.Verdicts.Any(verdict => verdict.State != StudyVerdict.Types.State.Approved));
    }

    // A version in production, and a withdrawal of it proposes to train it again.
    private void Prepare(DataFolder folder) => Prepare(folder, startsByItself: false);

    private void Prepare(DataFolder folder, bool startsByItself)
    {
        var (model, files) = MadeModel.Of(folder.Key, of: Study(rounds: 2, startsByItself));
        _model = model;
        folder.Disk.CreateDirectory($"models/{model}");
        foreach (var (name, content) in files)
            DurableFile.Write(folder.Disk, $"models/{model}/{name}", content);
        File.WriteAllText(Path.Combine(folder.Disk.Root, RulesFile.File), $"alerts: 1\nretraining: {{{Heart}: {{alerts: [model-withdrawn]}}}}");

        using var audit = new AuditTrail(folder.Disk, folder.Key, TimeProvider.System);
        var lines = new ModelLines(audit, TimeProvider.System);
        Assert.Null(lines.Handle(Heart, s_ada, _ => new ConfirmVersion(model, VersionProposal.First, ModelVersion.First)).Refusal);
        ToProduction(lines, ModelVersion.First);
    }

    private static void ToProduction(ModelLines lines, ModelVersion version)
    {
        foreach (var stage in new[] { ModelStage.Staging, ModelStage.Production })
        {
            Assert.Null(lines.Handle(Heart, s_ada, _ => new AskPromotion(version, stage, new GateReport([new GateResult("auroc", true, "Good.")]))).Refusal);
            foreach (var member in new[] { s_ada, s_grace })
                Assert.Null(lines.Handle(Heart, member, _ => new ApprovePromotion(member.Role == Roles.Clinician, version, stage, "Seen", null)).Refusal);
        }
    }
}
