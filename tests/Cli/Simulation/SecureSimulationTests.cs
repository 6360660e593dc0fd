using System.Runtime.CompilerServices;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>Masked rounds through the production cores of a whole federation: Promise 5, and what becomes of a site that is lost in each step.</summary>
public sealed class SecureSimulationTests
{
    private static readonly SiteId s_lost = SiteId.Parse("hungarian");

    [Fact]
    public void Masked_rounds_give_the_parameters_of_plain_rounds_to_the_bit()
    {
        var plain = Run(Study("plain", rounds: 3));
        var masked = Run(Study("secure", rounds: 3));

        Assert.Equal(RunStatus.Registered, masked.Status);
        Assert.Equal(Results(plain, StepKind.Training), Results(masked, StepKind.Unmasking));
        Assert.Equal(Results(plain, StepKind.Evaluation), Results(masked, StepKind.Evaluation));
        Assert.Equal(plain.Parameters, masked.Parameters);
    }

    [Fact]
    public void Masked_sums_are_of_no_use_until_they_are_unmasked()
    {
        var first = Run(Study("secure", rounds: 1));
        var second = Run(Study("secure", rounds: 1), run: "5100000000000002");

        Assert.Equal(first.Parameters, second.Parameters);
        Assert.NotEqual(Results(first, StepKind.Training), Results(second, StepKind.Training)); // of the same updates, under other masks
    }

    [Theory]
    [InlineData(StepKind.KeyAgreement, false)]
    [InlineData(StepKind.Sharing, false)]
    [InlineData(StepKind.Training, false)]
    [InlineData(StepKind.Agreement, true)]
    [InlineData(StepKind.Unmasking, true)]
    public void Site_that_is_lost_in_a_step_leaves_the_survivors_exact_sum(StepKind kind, bool isInTheSum)
    {
        var masked = Run(Study("secure", rounds: 1), (federation, opened) => Lose(federation, opened.Kind == kind, s_lost));
        var plain = Run(Study("plain", rounds: 1), (federation, opened) => Lose(federation, opened.Kind == StepKind.Training && !isInTheSum, s_lost));

        Assert.Equal(RunStatus.Registered, masked.Status);
        Assert.Equal(isInTheSum, masked.History.Single(step => step.Id.Kind == StepKind.Training).Participants.Contains(s_lost));
        Assert.Equal(plain.Parameters, masked.Parameters);
    }

    [Theory]
    [InlineData(StepKind.KeyAgreement)]
    [InlineData(StepKind.Sharing)]
    [InlineData(StepKind.Training)]
    [InlineData(StepKind.Agreement)]
    [InlineData(StepKind.Unmasking)]
    public void Loss_of_more_sites_than_the_threshold_bears_ends_the_run_without_new_parameters(StepKind kind)
    {
        var state = Run(Study("secure", rounds: 1), (federation, opened) => Lose(federation, opened.Kind == kind, s_lost, SiteId.Parse("va")));

        Assert.Equal(RunStatus.Failed, state.Status);
        Assert.Equal(state.Plan.Parameters, state.Parameters);
        Assert.DoesNotContain(state.History, step => step is { Id.Kind: StepKind.Unmasking, Result: not null });
    }

    [Fact]
    public void Attempt_that_lost_too_many_sites_for_a_while_is_tried_again_with_other_keys_and_the_same_sum()
    {
        var back = false;
        var masked = Run(Study("secure", rounds: 1), (federation, opened) =>
        {
            Lose(federation, opened is { Kind: StepKind.Training, Attempt: 1 }, s_lost, SiteId.Parse("va"));
            if (opened is not { Kind: StepKind.KeyAgreement, Attempt: 2 } || back)
                return;
            back = true;
            federation.Gateways[s_lost].Start();
            federation.Gateways[SiteId.Parse("va")].Start();
        });

        Assert.Equal(RunStatus.Registered, masked.Status);
        Assert.Equal(Run(Study("plain", rounds: 1)).Parameters, masked.Parameters);
        Assert.Equal(2, Results(masked, StepKind.KeyAgreement).Distinct().Count());
    }

    private static void Lose(SimulatedFederation federation, bool now, params SiteId[] sites)
    {
        foreach (var site in now ? sites : [])
            federation.Gateways[site].Kill();
    }

    private static List<Sha256Digest> Results(RunState state, StepKind kind) =>
        [.. state.History.Where(step => step.Id.Kind == kind).Select(step => step.Result).OfType<Sha256Digest>()];

    private static RunState Run(Study study, Action<SimulatedFederation, StepId>? opened = null, string run = "5100000000000001")
    {
        study = SimulatedKeys.Name(study, []);
        var memory = new MemoryDisks();
        var federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), RunId.Parse(run), new Timeline(), new Weather(), new SimulatedKeys(),
            [.. study.Federation.Sites.Select(site => new SimulatedSite(site, new CheapComputer(site, _ => { })))], memory.Open);
        federation.Coordinator.Journaled += journaled =>
        {
            if (journaled.Event is StepOpened { Step: var step })
                opened?.Invoke(federation, step);
        };
        federation.Coordinator.StartRun(federation.Sites);
        Assert.True(federation.Run(() => federation.Coordinator.State is { Ended: true }, 1_000_000));
        return federation.Coordinator.State!;
    }

    private static Study Study(string aggregation, int rounds)
    {
        var text = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/heart-disease.yaml"));
        var declared = CanonicalJson.Read(StudyChecker.CheckYaml(text).Study!.Canonical.Span)!;
        var federation = declared["federation"]!;
        (federation["aggregation"], federation["rounds"], federation["quorum"], federation["required"]) = (aggregation, rounds, 2, new System.Text.Json.Nodes.JsonArray());
        federation["attempts"] = 2;
        var check = StudyChecker.CheckCanonical(CanonicalJson.Write(declared));
        return check.Study ?? throw new InvalidOperationException(check.Faults[0].ToString());
    }

    private static string Here([CallerFilePath] string path = "") => path;
}
