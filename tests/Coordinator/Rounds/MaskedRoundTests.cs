using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using RunEvent = FederatedClinicalMl.Coordinator.Rounds.RunEvent;

namespace FederatedClinicalMl.Tests.Coordinator.Rounds;

public sealed class MaskedRoundTests
{
    private static readonly RunId s_run = RunId.Parse("0123456789abcdef");
    private static readonly ImmutableArray<SiteId> s_sites = [.. new[] { "a", "b", "c", "d" }.Select(SiteId.Parse)];
    private static readonly ReleaseOrigin s_origin = new(null, "1.0.0", "managed", 0);

    [Fact]
    public void Masked_round_is_five_steps_and_the_parameters_change_with_the_last()
    {
        var journal = Run((_, _) => true);

        Assert.Equal(
            "1.keyagreement 1.sharing 1.training 1.agreement 1.unmasking 1.evaluation 2.keyagreement 2.sharing 2.training 2.agreement 2.unmasking 2.evaluation",
            string.Join(' ', journal.OfType<StepCommitted>().Select(step => $"{step.Step.Round}.{step.Step.Kind.ToString().ToLowerInvariant()}")));
        var parameters = journal.Select((_, i) => RoundMachine.Replay(journal.Take(i + 1))!.Parameters).Distinct();
        Assert.Equal([Digest("initial"), Digest("1 Unmasking 1"), Digest("2 Unmasking 1")], parameters);
    }

    [Fact]
    public void Each_step_asks_only_those_who_took_part_in_the_one_before()
    {
        var journal = Run((step, site) => step.Kind != StepKind.Sharing || step.Round.Value > 1 || site != s_sites[1]);

        Assert.Equal([4, 4, 3, 3, 3, 4], journal.OfType<StepOpened>().Where(opened => opened.Step.Round.Value == 1).Select(opened => opened.Invited.Length));
    }

    [Fact]
    public void Threshold_of_sites_unmasks_the_sum_whatever_the_quorum_says_and_fewer_do_not()
    {
        var three = Run((step, site) => step.Kind != StepKind.Unmasking || site != s_sites[1], quorum: 4);
        var two = Run((step, site) => step.Kind != StepKind.Unmasking || site.Value is "a" or "c", quorum: 4);

        Assert.IsType<RunRegistered>(three[^1]);
        Assert.Contains("with 2 of at least 3 sites", Assert.IsType<RunFailed>(two[^1]).Sentence);
    }

    [Theory]
    [InlineData(StepKind.Sharing)]
    [InlineData(StepKind.Training)]
    [InlineData(StepKind.Agreement)]
    [InlineData(StepKind.Unmasking)]
    public void Step_that_comes_to_nothing_begins_the_round_anew_with_the_key_agreement(StepKind kind)
    {
        var journal = Run((step, _) => step.Kind != kind || step.Attempt > 1);

        var abandoned = journal.FindIndex(happened => happened is StepAbandoned);
        var next = Assert.IsType<StepOpened>(journal[abandoned + 1]);
        Assert.Equal((StepKind.KeyAgreement, 2, 4), (next.Step.Kind, next.Step.Attempt, next.Invited.Length));
        Assert.Equal(Digest("initial"), RoundMachine.Replay(journal.Take(abandoned + 2))!.Parameters);
        Assert.IsType<RunRegistered>(journal[^1]);
    }

    [Fact]
    public void Site_that_leaves_between_two_steps_and_is_one_too_many_ends_the_attempt_and_with_it_the_run()
    {
        var left = false;
        var journal = Run((_, site) => site != s_sites[0], leave: state =>
        {
            if (left || state.Step?.Id.Kind != StepKind.Sharing || state.Step.Participants is null)
                return null;
            left = true;
            return new RemoveSite(Now(0), s_sites[1], GoneReason.Revoked);
        });

        Assert.Contains("2 of at least 3 sites", journal.OfType<StepAbandoned>().First().Sentence);
        Assert.Equal(StepKind.Training, journal.OfType<StepAbandoned>().First().Step.Kind);
        Assert.IsType<RunFailed>(journal[^1]);
    }

    [Fact]
    public void Encrypted_round_is_four_steps_of_all_members_and_the_parameters_change_with_the_last()
    {
        var journal = Run((_, _) => true, quorum: 4, encrypted: true);

        Assert.Equal(
            "1.keyagreement 1.keymaking 1.training 1.decryption 1.evaluation 2.keyagreement 2.keymaking 2.training 2.decryption 2.evaluation",
            string.Join(' ', journal.OfType<StepCommitted>().Select(step => $"{step.Step.Round}.{step.Step.Kind.ToString().ToLowerInvariant()}")));
        var parameters = journal.Select((_, i) => RoundMachine.Replay(journal.Take(i + 1))!.Parameters).Distinct();
        Assert.Equal([Digest("initial"), Digest("1 Decryption 1"), Digest("2 Decryption 1")], parameters);
        var files = journal.Select((_, i) => RoundMachine.Replay(journal.Take(i + 1))!).Where(state => state.Step is not null).GroupBy(state => state.Step!.Id).Select(step => step.First().File).Take(4);
        Assert.Equal([null, null, Digest("1 KeyMaking 1"), Digest("1 Training 1")], files);
    }

    [Theory]
    [InlineData(StepKind.KeyAgreement)]
    [InlineData(StepKind.KeyMaking)]
    [InlineData(StepKind.Training)]
    [InlineData(StepKind.Decryption)]
    public void Member_that_is_missing_in_a_step_of_an_encrypted_round_ends_the_attempt_by_name(StepKind kind)
    {
        var journal = Run((step, site) => step.Kind != kind || step.Attempt > 1 || site != s_sites[2], quorum: 4, encrypted: true);

        Assert.Contains("without c it cannot commit, for an encrypted round needs all 4 members", journal.OfType<StepAbandoned>().First().Sentence);
        Assert.Equal((StepKind.KeyAgreement, 2, 4), journal.OfType<StepOpened>().Where(opened => opened.Step.Attempt == 2).Select(opened => (opened.Step.Kind, opened.Step.Attempt, opened.Invited.Length)).First());
        Assert.IsType<RunRegistered>(journal[^1]);
    }

    [Fact]
    public void Run_of_one_site_or_of_two_with_one_key_is_not_created()
    {
        var plan = Plan(1) with { Required = [], Quorum = 1 };

        Assert.IsType<Refused>(RoundMachine.Decide(null, new CreateRun(Now(0), plan with { Sites = [s_sites[0]], Keys = [Digest("a")] })));
        Assert.IsType<Refused>(RoundMachine.Decide(null, new CreateRun(Now(0), plan with { Keys = [.. s_sites.Select(_ => Digest("one"))] })));
    }

    [Fact]
    public void Run_lists_present_keys_and_hands_out_what_leads_to_them_from_the_studys_also_after_a_restart()
    {
        using var old = SigningKey.Create();
        using var next = SigningKey.Create();
        var renewals = KeyRenewals.None.Add(KeyRenewal.Sign(s_sites[3], 1, old, next, Now(0)))!;
        var others = s_sites[..3].ToDictionary(site => site, _ => SigningKey.Create());
        var study = StudyKeys.Name(
            StudyChecker.CheckYaml("""
                protocol: 1
                name: masked
                title: Updates under masks
                purpose: Show what a run lists
                ethics: Made-up data
                data: {dataset: rows, features: [{name: age, range: [0, 120], constants: {mean: 60, sd: 10} } ], label: {name: ill} }
                model: {kind: logistic-regression}
                federation: {rounds: 2, quorum: 3}
                """).Study!,
            s_sites.ToDictionary(site => site, site => site == s_sites[3] ? old.PublicKey.Fingerprint : others[site].PublicKey.Fingerprint)).Study!;
        RunPlan Plan(Func<SiteId, KeyRenewals> known) => RunPlan.For(
            s_run, study, s_sites, Digest("initial"), 4, Digest("constants"), site => site == s_sites[3] ? next.PublicKey : others[site].PublicKey, known);

        var created = Assert.IsType<RunCreated>(RunEventCodec.ReadEvent(RunEventCodec.Write(new RunCreated(Now(0), Plan(site => site == s_sites[3] ? renewals : KeyRenewals.None)))));

        var offer = MemberOffer.Read(created.Plan.Offer!.Encode())!;
        Assert.Equal(next.PublicKey.Fingerprint, offer.Members.Members[3].Fingerprint);
        Assert.Equal(next.PublicKey.Fingerprint, offer.Renewals.Newest(s_sites[3], study.Federation.Keys[s_sites[3]]));
        Assert.Null(Plan(_ => KeyRenewals.None).Renewals);
        foreach (var key in others.Values)
            key.Dispose();
    }

    private static RunPlan Plan(int quorum) => new(
        s_run, new StudyDigest(Digest("study")), "study", false, 2, 1, false, s_sites, [], quorum, TimeSpan.FromMinutes(1), 2, Digest("initial"), 4, Digest("constants"),
        Keys: [.. s_sites.Select(site => Digest(site.Value))]);

    // Sites answer or decline, merges come to a digest of their own, the model is registered.
    private static List<RunEvent> Run(Func<StepId, SiteId, bool> answers, int quorum = 2, Func<RunState, RunCommand?>? leave = null, bool encrypted = false)
    {
        List<RunEvent> journal = [new RunCreated(Now(0), Plan(quorum) with { Encrypted = encrypted })];
        while (RoundMachine.Replay(journal) is { Ended: false } state)
        {
            RunCommand next = leave?.Invoke(state) ?? state switch
            {
                { Status: RunStatus.Created } => new StartRun(Now(journal.Count)),
                { Status: RunStatus.Completed } => new ModelRegistered(Now(journal.Count), Digest("model")),
                { Step: { Participants: not null } closed } => new StepMerged(Now(journal.Count), closed.Id, Digest($"{closed.Id.Round} {closed.Id.Kind} {closed.Id.Attempt}"), 4),
                { Step: { } open } => open.Invited.First(site => !open.Answers.ContainsKey(site)) is var site && answers(open.Id, site)
                    ? new ReleaseStaged(Now(journal.Count), open.Id, site, Digest($"{open.Id} {site}"), 1, s_origin)
                    : new DeclineStep(Now(journal.Count), open.Id, site, SiteReason.WorkerUnreachable),
                _ => throw new InvalidOperationException("The run waits for nothing."),
            };
            journal = [.. journal, .. Assert.IsType<Accepted>(RoundMachine.Decide(state, next)).Events];
        }

        return journal;
    }

    private static DateTimeOffset Now(int milliseconds) => DateTimeOffset.UnixEpoch.AddMilliseconds(milliseconds);

    private static Sha256Digest Digest(string text) => Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(text));
}
