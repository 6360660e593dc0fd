using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>
/// The kill matrix over masked rounds, whose masks cancel whoever was killed: the run ends with the undisturbed one's parameters to the bit. And over masked rounds under
/// differential privacy, whose parameters are others in every run: there it is counted what was charged and what was released.
/// </summary>
public sealed class MaskedKillMatrixTests(MaskedFederation fixture) : IClassFixture<MaskedFederation>
{
    // Appends to the journal: the run is created; it is started; then of each of the six steps four releases and the result, the last one with the run's end; its model.
    private const int Appends = 2 + (6 * 5) + 1;
    private const int SignaturesCommitted = 2 + (4 * 5);

    // A worker's releases of a masked round: its keys; its shares; its masked words; its signature on the survivor set; its shares to unmask with.
    private const int SignedSurvivors = 4;
    private const int GaveShares = 5;

    // What comes of the last release once the coordinator has it may come after the run's end: of such points the sample has the first five steps.
    public static TheoryData<Victim, string, int> MaskedRows => KillMatrix.Rows(
    [
        new(Victim.Coordinator, "journal-appended", 1, Appends),
        new(Victim.Coordinator, "merge-written", 1, 2), // the masked sum, the new parameters
        new(Victim.Coordinator, "upload-appended", 1, 24),
        new(Victim.Coordinator, "upload-synced", 1, 24),
        new(Victim.Coordinator, "upload-durable", 1, 24),
        new(Victim.Coordinator, "model-registered", 1, 1),
        new(Victim.Gateway, "parameters-arrived", 1, 2),
        new(Victim.Gateway, "release-ticket-received", 1, 6),
        new(Victim.Gateway, "release-delivered", 1, 5),
        new(Victim.Gateway, "step-settled-received", 1, 5),
        new(Victim.Worker, "worker-computed", 1, 3), // its data for its keys, its update, its evaluation
        new(Victim.Worker, "worker-masked-logged", 1, 1), // it has taken the others' shares
        new(Victim.Worker, "worker-release-logged", 1, 6),
        new(Victim.Worker, "worker-release-spooled", 1, 6),
        new(Victim.Worker, "worker-settled", 1, 1), // of the unmasking; what was released before it is settled by what came after
    ]);

    // The worker's are those of its masked update, the third of its six releases: it is charged, computed with its noise, masked and logged, spooled.
    public static TheoryData<Victim, string, int> PrivateRows => KillMatrix.Rows(
    [
        new(Victim.Worker, "worker-charged", 1, 1),
        new(Victim.Worker, "worker-computed", 2, 2),
        new(Victim.Worker, "worker-release-logged", 3, 3),
        new(Victim.Worker, "worker-release-spooled", 3, 3),
        new(Victim.Coordinator, "upload-durable", 1, 24),
        new(Victim.Coordinator, "merge-written", 1, 2),
        new(Victim.Coordinator, "journal-appended", 1, Appends),
        new(Victim.Gateway, "release-delivered", 1, 5),
    ]);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalFederation Federation => fixture.Federation;

    private LocalSite Site => Federation.Sites[0];

    [Theory]
    [MemberData(nameof(MaskedRows))]
    public async Task Masked_run_ends_with_the_same_model_when_a_process_is_killed(Victim victim, string point, int passage) =>
        await new KillMatrix(fixture).VisitAsync(fixture.Digest, victim, point, passage, HoldModelAsync);

    [Theory]
    [InlineData(Victim.Coordinator, "journal-appended", SignaturesCommitted, "unmasking")] // opened in the journal, and asked of nobody
    [InlineData(Victim.Worker, "worker-release-logged", SignedSurvivors, "agreement")]
    [InlineData(Victim.Worker, "worker-release-logged", GaveShares, "unmasking")]
    public async Task Masked_run_ends_with_the_same_model_when_a_process_is_killed_between_survivor_set_and_unmasking(Victim victim, string point, int passage, string step)
    {
        await new KillMatrix(fixture).VisitAsync(fixture.Digest, victim, point, passage, HoldModelAsync, run =>
        {
            var last = victim == Victim.Worker ? KillMatrix.LastReleased(Site) : KillMatrix.LastOpened(Federation, run);
            Assert.Equal($"{run}.1.{step}.1", $"{last}");
        });
    }

    [Fact(Timeout = 180_000)]
    public async Task Masked_run_ends_with_the_same_model_without_a_site_that_is_gone_for_good_once_its_update_is_in_the_sum()
    {
        var undisturbed = await fixture.UndisturbedAsync(fixture.Digest);
        var digest = await fixture.ApproveAsync(MaskedFederation.MaskedWithDeadline);
        await Site.Worker!.KillAsync();
        await Site.StartWorkerAsync(Cancel, new Dictionary<string, string> { ["FCML_FAULT_POINT"] = $"worker-release-logged#{SignedSurvivors}" }); // after keys, shares and masked update, and before it leaves

        var run = await Federation.StartRunAsync(digest, Cancel);
        await Site.Worker.Ended.WaitAsync(Cancel);
        await Site.Gateway!.KillAsync();
        var state = (await fixture.FollowAsync(run)).State;

        Assert.Equal(RunStatus.Registered, state.Status);
        Assert.Equal(undisturbed.Parameters, state.Parameters);
        Assert.Equal(
            [("training", true), ("agreement", false), ("unmasking", false)],
            state.History.TakeLast(3).Select(step => (step.Id.Kind.ToString().ToLowerInvariant(), step.Participants.Contains(SiteId.Parse(Site.Name)))));
        await Site.StartWorkerAsync(Cancel);
        await Site.StartGatewayAsync(Cancel);
    }

    [Theory]
    [MemberData(nameof(PrivateRows))]
    public async Task Private_run_is_charged_once_and_releases_once_when_a_process_is_killed(Victim victim, string point, int passage)
    {
        var digest = await fixture.ApproveAsync(MaskedFederation.Private);
        var undisturbed = await fixture.UndisturbedAsync(digest);

        await new KillMatrix(fixture).VisitAsync(digest, victim, point, passage, async disturbed =>
        {
            Assert.Equal(KillMatrix.Outcome(undisturbed), KillMatrix.Outcome(disturbed));
            var runs = (await Federation.Admin.AskAsync(admin => admin.ListRunsAsync(new ListRunsRequest(), cancellationToken: Cancel), Cancel)).Runs.Count(run => run.StudyDigest == digest);
            await Task.WhenAll(Federation.Sites.Select(site => HoldLedgerAsync(site, disturbed, runs)));
        });
    }

    private async Task HoldModelAsync(RunState disturbed)
    {
        var undisturbed = await fixture.UndisturbedAsync(fixture.Digest);
        Assert.Equal(undisturbed.Parameters, disturbed.Parameters);
        Assert.Equal(KillMatrix.Outcome(undisturbed), KillMatrix.Outcome(disturbed));
    }

    // All of so many runs have cost what as many plans cost; and of this run's releases, each is in the log once, as the bytes that the coordinator has.
    private static async Task HoldLedgerAsync(LocalSite site, RunState run, int runs)
    {
        var study = PrivateStudy.Of(StudyChecker.CheckYaml(MaskedFederation.Private).Study!);
        var ledger = LedgerReply.Parser.ParseJson(await site.WorkerVerbAsync(["ledger", "show", "--json"], Cancel)).Populations.Single();
        var kept = ledger.Runs.Single(kept => kept.Run == run.Plan.Run.Value);
        Assert.Equal((2u, 2ul, 0ul), (kept.Released, kept.Charges, kept.Left));
        Assert.Equal(PrivacyFilter.Under(MaskedFederation.Ceiling).EpsilonAfter(study.Cost.Times(runs)), ledger.Accounts.Single(account => account.Scope == "total").Spent, 1e-9);

        var log = KillMatrix.LogOf(site);
        Assert.Equal(
            run.History.Where(step => step.Id.Kind is StepKind.Training or StepKind.Evaluation).Select(step => step.Id.ToString()),
            log.Where(entry => entry.Kind == LedgerEntries.Charged).Select(entry => (string)entry.Body["step"]!).Where(step => step.StartsWith(run.Plan.Run.Value, StringComparison.Ordinal)));
        Assert.Equal(
            run.History.Select(step => (step.Id, ((AcceptedAnswer)step.Sites[SiteId.Parse(site.Name)]).Release)),
            log.Where(entry => entry.Kind == "released").Select(entry => ReleaseHead.FromJson(CanonicalJson.Write(entry.Body["release"]!))).Where(head => head.Manifest.Step.Run == run.Plan.Run).Select(head => (head.Manifest.Step, head.Digest)));
    }
}
