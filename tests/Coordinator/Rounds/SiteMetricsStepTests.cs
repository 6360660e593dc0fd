using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using RunEvent = FederatedClinicalMl.Coordinator.Rounds.RunEvent;

namespace FederatedClinicalMl.Tests.Coordinator.Rounds;

public sealed class SiteMetricsStepTests
{
    private static readonly RunId s_run = RunId.Parse("0123456789abcdef");
    private static readonly ImmutableArray<SiteId> s_sites = [SiteId.Parse("north"), SiteId.Parse("south")];
    private static readonly ReleaseOrigin s_origin = new(null, "1.0.0", "managed", 0);

    [Theory]
    [InlineData(0, true, "1.training 2.training 3.training 3.sitemetrics")]
    [InlineData(1, true, "1.training 1.evaluation 2.training 2.evaluation 3.training 3.evaluation 3.sitemetrics")]
    [InlineData(2, true, "1.training 2.training 2.evaluation 3.training 3.evaluation 3.sitemetrics")]
    [InlineData(2, false, "1.training 2.training 2.evaluation 3.training 3.evaluation")]
    public void Step_of_per_site_metrics_comes_once_after_the_last_of_all_others(int evaluateEvery, bool perSite, string steps)
    {
        var journal = Run(Plan(evaluateEvery, perSite));

        Assert.Equal(steps, string.Join(' ', journal.OfType<StepCommitted>().Select(step => $"{step.Step.Round}.{step.Step.Kind.ToString().ToLowerInvariant()}")));
        var completed = journal.OfType<RunCompleted>().Single();
        Assert.Equal(journal.OfType<StepCommitted>().Last(step => step.Step.Kind == StepKind.Training).Result, completed.Parameters);
    }

    [Fact]
    public void Run_taken_up_from_its_journal_after_any_append_goes_on_to_the_same_steps()
    {
        var appends = new List<int>();
        var whole = Run(Plan(1, perSite: true), appends);
        foreach (var events in appends)
        {
            var kept = whole.Take(events).Select(journaled => RunEventCodec.ReadEvent(RunEventCodec.Write(journaled))).ToList();

            var ended = Continue(kept);

            Assert.Equal(whole.OfType<StepCommitted>().Select(step => step.Step), ended.OfType<StepCommitted>().Select(step => step.Step));
            Assert.Equal(RoundMachine.Replay(whole)!.SiteMetrics, RoundMachine.Replay(ended)!.SiteMetrics);
        }
    }

    [Fact]
    public void Step_that_misses_its_quorum_is_tried_again_and_then_the_run_fails_as_for_any_other()
    {
        var plan = Plan(0, perSite: true);
        var journal = Continue([new RunCreated(Now(0), plan)], answered: step => step.Kind != StepKind.SiteMetrics);

        Assert.Equal([1, 2], journal.OfType<StepAbandoned>().Select(step => step.Step.Attempt));
        Assert.Contains("the per-site metrics of round 3", journal.OfType<RunFailed>().Single().Sentence);
    }

    private static RunPlan Plan(int evaluateEvery, bool perSite) => new(
        s_run, new StudyDigest(Digest("study")), "study", false, 3, evaluateEvery, perSite, s_sites, [], 2, TimeSpan.FromMinutes(1), 2, Digest("initial"), 4, Digest("constants"));

    private static List<RunEvent> Run(RunPlan plan, List<int>? appends = null) => Continue([new RunCreated(Now(0), plan)], appends);

    // Sites answer, merges come to a digest of their own, the model is registered; whatever the journal already has is not done again.
    private static List<RunEvent> Continue(List<RunEvent> journal, List<int>? appends = null, Func<StepId, bool>? answered = null)
    {
        while (RoundMachine.Replay(journal) is { Ended: false } state)
        {
            RunCommand next = state switch
            {
                { Status: RunStatus.Created } => new StartRun(Now(journal.Count)),
                { Status: RunStatus.Completed } => new ModelRegistered(Now(journal.Count), Digest("model")),
                { Step: { Participants: not null } closed } => new StepMerged(Now(journal.Count), closed.Id, Digest($"{closed.Id.Round} {closed.Id.Kind}"), 4),
                { Step: { } open } when s_sites.Where(site => !open.Answers.ContainsKey(site)).Cast<SiteId?>().FirstOrDefault() is { } site => answered?.Invoke(open.Id) == false
                    ? new DeclineStep(Now(journal.Count), open.Id, site, SiteReason.WorkerUnreachable)
                    : new ReleaseStaged(Now(journal.Count), open.Id, site, Digest($"{open.Id} {site}"), 1, s_origin),
                _ => throw new InvalidOperationException("The run waits for nothing."),
            };
            appends?.Add(journal.Count);
            var decided = Assert.IsType<Accepted>(RoundMachine.Decide(state, next)).Events;
            if (decided.IsEmpty)
                throw new InvalidOperationException($"{next} led nowhere.");
            journal = [.. journal, .. decided];
        }

        return journal;
    }

    private static DateTimeOffset Now(int milliseconds) => DateTimeOffset.UnixEpoch.AddMilliseconds(milliseconds);

    private static Sha256Digest Digest(string text) => Sha256Digest.Of(System.Text.Encoding.UTF8.GetBytes(text));
}
