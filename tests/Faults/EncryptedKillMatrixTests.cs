using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>
/// The kill matrix over encrypted rounds, of either kind of key: the run ends with the parameters, to the bit, of an undisturbed encrypted run, and of a masked one. And a member that is lost between its ciphertext
/// and the sum's decryption: what comes of its attempt, and of the run without it.
/// </summary>
public sealed class EncryptedKillMatrixTests(MaskedFederation fixture) : IClassFixture<MaskedFederation>
{
    // Appends to the journal: the run is created; it is started; then of each of the four steps four releases and the result, the last one with the run's end; its model.
    private const int Appends = 2 + (4 * 5) + 1;
    private const int SumCommitted = 2 + (3 * 5);

    // A worker's releases of an encrypted round: its keys; its contribution to the round's key; its ciphertexts; what it made of the sum.
    private const int Contributed = 2;
    private const int Encrypted = 3;
    private const int Opened = 4;

    // Without those that masked rounds pass in the same way; and of a point that every step passes, a sample takes what no other round has.
    private static readonly KillPoint[] s_points =
    [
        new(Victim.Coordinator, "journal-appended", 1, Appends),
        new(Victim.Coordinator, "merge-written", 1, 1), // the encrypted sum
        new(Victim.Coordinator, "upload-durable", 1, 16),
        new(Victim.Gateway, "parameters-arrived", 2, 3), // the contributions to the key, the sum
        new(Victim.Gateway, "release-ticket-received", 3, 4), // ciphertexts, what was made of the sum
        new(Victim.Gateway, "release-delivered", 2, 3),
        new(Victim.Gateway, "step-settled-received", 1, 3),
        new(Victim.Worker, "worker-computed", 1, 3), // its data for its keys, its update, what it makes of the sum
        new(Victim.Worker, "worker-masked-logged", 1, 1), // the key is taken
        new(Victim.Worker, "worker-release-logged", 3, 4),
        new(Victim.Worker, "worker-release-spooled", 3, 4),
        new(Victim.Worker, "worker-settled", 1, 1),
    ];

    public static TheoryData<Victim, string, int> ConsortiumRows => KillMatrix.Rows(s_points, study: 0, studies: 2);

    public static TheoryData<Victim, string, int> ThresholdRows => KillMatrix.Rows(s_points, study: 1, studies: 2);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LocalFederation Federation => fixture.Federation;

    private LocalSite Site => Federation.Sites[0];

    [Theory]
    [MemberData(nameof(ConsortiumRows))]
    public Task Consortium_run_ends_with_the_same_model_when_a_process_is_killed(Victim victim, string point, int passage) =>
        VisitAsync("encrypted-consortium", victim, point, passage);

    [Theory]
    [MemberData(nameof(ThresholdRows))]
    public Task Threshold_run_ends_with_the_same_model_when_a_process_is_killed(Victim victim, string point, int passage) =>
        VisitAsync("encrypted-threshold", victim, point, passage);

    [Theory]
    [InlineData("encrypted-consortium", Victim.Worker, "worker-release-logged", Contributed, "keymaking")] // the maker of the key: its wrappings are random
    [InlineData("encrypted-consortium", Victim.Worker, "worker-release-logged", Opened, "decryption")]
    [InlineData("encrypted-threshold", Victim.Worker, "worker-release-logged", Contributed, "keymaking")]
    [InlineData("encrypted-threshold", Victim.Worker, "worker-release-logged", Encrypted, "training")]
    [InlineData("encrypted-threshold", Victim.Coordinator, "journal-appended", SumCommitted, "decryption")] // in the journal, and shown to nobody
    [InlineData("encrypted-threshold", Victim.Worker, "worker-release-logged", Opened, "decryption")]
    public Task Encrypted_run_ends_with_the_same_model_when_a_process_is_killed_in_a_step(string aggregation, Victim victim, string point, int passage, string step) =>
        VisitAsync(aggregation, victim, point, passage, run =>
        {
            var last = victim == Victim.Worker ? KillMatrix.LastReleased(Site) : KillMatrix.LastOpened(Federation, run);
            Assert.Equal($"{run}.1.{step}.1", $"{last}");
        });

    [Fact(Timeout = 180_000)]
    public async Task Member_that_was_lost_before_decryption_and_is_back_has_another_key_in_the_next_attempt()
    {
        var undisturbed = await fixture.UndisturbedAsync(fixture.Digest);
        var run = await LoseAsync(await fixture.ApproveAsync(MaskedFederation.EncryptedWithDeadline("encrypted-threshold", attempts: 2)));
        var state = (await WatchVerb.FollowAsync(Federation.Admin, run, Cli.Terminal.Silent, Cancel, async happened =>
        {
            if (happened is StepOpened { Step: { Kind: StepKind.KeyAgreement, Attempt: 2 } })
                await ReturnAsync();
        })).State;

        Assert.Equal(RunStatus.Registered, state.Status);
        Assert.Equal(undisturbed.Parameters, state.Parameters);
        Assert.Contains($"without {Site.Name}", Assert.Single(state.History, step => step.Result is null).Reason, StringComparison.Ordinal);
        Assert.Equal(2, state.History.Where(step => step.Id.Kind == StepKind.KeyMaking).Select(step => step.Result).Distinct().Count());
    }

    [Fact(Timeout = 180_000)]
    public async Task Member_that_is_gone_for_good_ends_the_run_by_name_and_without_new_parameters()
    {
        var run = await LoseAsync(await fixture.ApproveAsync(MaskedFederation.EncryptedWithDeadline("encrypted-consortium", attempts: 1)));
        var state = (await fixture.FollowAsync(run)).State;

        Assert.Equal(RunStatus.Failed, state.Status);
        Assert.Equal(state.Plan.Parameters, state.Parameters);
        Assert.Contains($"without {Site.Name} it cannot commit, for an encrypted round needs all 4 members", state.Failure, StringComparison.Ordinal);
        await ReturnAsync();
    }

    // A run whose first site ends, worker and gateway, once the coordinator has its ciphertexts: what it makes of the sum is logged, and leaves it no more. Deliveries are not counted: a step may be settled before the last of them is.
    private async Task<string> LoseAsync(string digest)
    {
        await Site.Worker!.KillAsync();
        await Site.StartWorkerAsync(Cancel, new Dictionary<string, string> { ["FCML_FAULT_POINT"] = $"worker-release-logged#{Opened}" });
        var run = await Federation.StartRunAsync(digest, Cancel);
        await Site.Worker.Ended.WaitAsync(Cancel);
        await Site.Gateway!.KillAsync();
        return run;
    }

    private async Task ReturnAsync()
    {
        await Site.StartWorkerAsync(Cancel);
        await Site.StartGatewayAsync(Cancel);
    }

    private async Task VisitAsync(string aggregation, Victim victim, string point, int passage, Action<string>? dead = null)
    {
        var digest = await fixture.ApproveAsync(MaskedFederation.Encrypted(aggregation));
        await new KillMatrix(fixture).VisitAsync(digest, victim, point, passage, async disturbed =>
        {
            var undisturbed = await fixture.UndisturbedAsync(digest);
            Assert.Equal(undisturbed.Parameters, disturbed.Parameters);
            Assert.Equal(KillMatrix.Outcome(undisturbed), KillMatrix.Outcome(disturbed));
            Assert.Equal((await fixture.UndisturbedAsync(fixture.Digest)).Parameters, disturbed.Parameters);
        }, dead);
    }
}
