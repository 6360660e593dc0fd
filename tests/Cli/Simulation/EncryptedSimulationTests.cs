using System.Runtime.CompilerServices;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>Encrypted rounds through the production cores of a whole federation: Promise 5 in four modes, and what becomes of a site that is lost in each step.</summary>
public sealed class EncryptedSimulationTests
{
    private static readonly SiteId s_lost = SiteId.Parse("hungarian");

    [Fact]
    public void Plain_masked_and_encrypted_rounds_give_the_same_parameters_to_the_bit()
    {
        var runs = AggregationWords.All.Select(aggregation => Run(Study(aggregation, rounds: 3))).ToList();

        Assert.All(runs, run => Assert.Equal(RunStatus.Registered, run.Status));
        Assert.Single(runs.Select(run => string.Join(' ', Parameters(run))).Distinct());
        Assert.Single(runs.Select(run => string.Join(' ', Results(run, StepKind.Evaluation))).Distinct());
        Assert.Equal(3, Parameters(runs[0]).Distinct().Count());
    }

    [Theory]
    [InlineData("encrypted-consortium")]
    [InlineData("encrypted-threshold")]
    public void Encrypted_sums_are_of_no_use_until_they_are_opened(string aggregation)
    {
        var first = Run(Study(aggregation, rounds: 1));
        var second = Run(Study(aggregation, rounds: 1), run: "5100000000000002");

        Assert.Equal(first.Parameters, second.Parameters);
        Assert.NotEqual(Results(first, StepKind.Training), Results(second, StepKind.Training)); // of the same updates, under another run's roots
    }

    public static TheoryData<string, StepKind> Steps { get; } = new(
        from aggregation in new[] { "encrypted-consortium", "encrypted-threshold" }
        from kind in new[] { StepKind.KeyAgreement, StepKind.KeyMaking, StepKind.Training, StepKind.Decryption }
        select (aggregation, kind));

    [Theory]
    [MemberData(nameof(Steps))]
    public void Site_that_is_lost_in_a_step_ends_the_attempt_and_the_next_one_is_of_all_with_another_key(string aggregation, StepKind kind)
    {
        var back = false;
        var run = Run(Study(aggregation, rounds: 1), (federation, opened) =>
        {
            if (opened.Kind == kind && opened.Attempt == 1)
                federation.Gateways[s_lost].Kill();
            if (opened is not { Kind: StepKind.KeyAgreement, Attempt: 2 } || back)
                return;
            back = true;
            federation.Gateways[s_lost].Start();
        });

        Assert.Equal(RunStatus.Registered, run.Status);
        Assert.Equal(Run(Study("plain", rounds: 1)).Parameters, run.Parameters);
        Assert.Contains(run.History, step => step.Result is null && step.Id.Kind == kind && step.Reason!.Contains("without hungarian", StringComparison.Ordinal));
        Assert.Equal(4, run.History.Single(step => step is { Id.Kind: StepKind.Decryption, Result: not null }).Participants.Length);
        Assert.Equal(Results(run, StepKind.KeyMaking).Count, Results(run, StepKind.KeyMaking).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Worker_that_is_killed_in_a_step_and_comes_back_answers_for_it_in_the_same_attempt(string aggregation, StepKind kind)
    {
        var run = Run(Study(aggregation, rounds: 1), (federation, opened) =>
        {
            if (opened.Kind != kind)
                return;
            federation.Workers[s_lost].Kill();
            federation.Time.After(TimeSpan.FromSeconds(20), federation.Workers[s_lost].Start);
        });

        Assert.Equal((RunStatus.Registered, null), (run.Status, run.Failure));
        Assert.Equal(Run(Study("plain", rounds: 1)).Parameters, run.Parameters);
        Assert.All(run.History, step => Assert.NotNull(step.Result));
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public void Site_that_is_gone_for_good_ends_the_run_without_new_parameters_and_by_name(string aggregation, StepKind kind)
    {
        var run = Run(Study(aggregation, rounds: 1), (federation, opened) =>
        {
            if (opened.Kind == kind)
                federation.Gateways[s_lost].Kill();
        });

        Assert.Equal(RunStatus.Failed, run.Status);
        Assert.Equal(run.Plan.Parameters, run.Parameters);
        Assert.Contains("without hungarian it cannot commit, for an encrypted round needs all 4 members", run.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void Withdrawn_approval_ends_the_run_for_there_is_no_sum_of_fewer()
    {
        var run = Run(Study("encrypted-threshold", rounds: 2), (federation, opened) =>
        {
            if (opened is { Kind: StepKind.Training, Round.Value: 2 })
                federation.Workers[s_lost].Core.Revoke(federation.Coordinator.Study.Digest, "steward", "");
        });

        Assert.Equal(RunStatus.Failed, run.Status);
        Assert.Contains("needs all 4 members", run.Failure, StringComparison.Ordinal);
        Assert.Equal([Results(run, StepKind.Decryption).Single()], [run.Parameters]);
    }

    private static List<Sha256Digest> Parameters(RunState run) =>
        [.. run.History.Where(step => step.Id.Kind is StepKind.Unmasking or StepKind.Decryption || (step.Id.Kind == StepKind.Training && run.Plan.Keys is null)).Select(step => step.Result!.Value)];

    private static List<Sha256Digest> Results(RunState state, StepKind kind) =>
        [.. state.History.Where(step => step.Id.Kind == kind).Select(step => step.Result).OfType<Sha256Digest>()];

    private static RunState Run(Study study, Action<SimulatedFederation, StepId>? opened = null, string run = "5100000000000001")
    {
        study = SimulatedKeys.Name(study, []);
        var (memory, views) = (new MemoryDisks(), new List<ProcessDisk>());
        var federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), RunId.Parse(run), new Timeline(), new Weather(), new SimulatedKeys(),
            [.. study.Federation.Sites.Select(site => new SimulatedSite(site, new CheapComputer(site, _ => { })))], View);
        foreach (var process in federation.Processes)
        {
            foreach (var view in views.Where(view => view.Process == process.Name))
                process.Ended += view.Release; // who is killed lets go of what it had open
        }

        federation.Coordinator.Journaled += journaled =>
        {
            if (journaled.Event is StepOpened { Step: var step })
                opened?.Invoke(federation, step);
        };
        federation.Coordinator.StartRun(federation.Sites);
        Assert.True(federation.Run(() => federation.Coordinator.State is { Ended: true }, 1_000_000));
        return federation.Coordinator.State!;

        IDisk View(string process, string name)
        {
            views.Add(new ProcessDisk(process, (SimulatedDisk)memory.Open(name), _ => DiskFate.Done));
            return views[^1];
        }
    }

    // One study in four modes: of all members, and with a cap of weights under which 48 bits hold the sum of 32-bit values.
    private static Study Study(string aggregation, int rounds)
    {
        var text = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/heart-disease.yaml"));
        var declared = CanonicalJson.Read(StudyChecker.CheckYaml(text).Study!.Canonical.Span)!;
        var federation = declared["federation"]!;
        (federation["aggregation"], federation["rounds"], federation["quorum"], federation["maximum-weight"], federation["attempts"]) = (aggregation, rounds, 4, 8_000, 2);
        var check = StudyChecker.CheckCanonical(CanonicalJson.Write(declared));
        return check.Study ?? throw new InvalidOperationException(check.Faults[0].ToString());
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
