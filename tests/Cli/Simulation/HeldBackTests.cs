using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>A study that says how far its AUROC may fall, and a site whose update is within range and spoils the model.</summary>
public sealed class HeldBackTests
{
    private static readonly SimulatedKeys s_keys = new();
    private static readonly RunId s_run = RunId.Parse("5100000000000001");

    [Theory]
    [InlineData("plain", 3, "3:2")]
    [InlineData("secure", 3, "3:2")]
    [InlineData("secure", 4, "4:3")] // the last round: the model is that of the one before
    [InlineData("secure", 1, "1:0")] // the first, whose AUROC is undefined besides: any that is defined would be kept
    public void Round_that_a_site_spoils_is_held_back_and_the_model_comes_of_those_that_were_kept(string aggregation, int spoilt, string held)
    {
        var memory = new MemoryDisks();
        var state = Run(Study(aggregation, "greatest-fall: 0.1"), memory, new SpoilingHospital { SpoiltRound = spoilt, Undefined = spoilt == 1 });

        Assert.Equal(RunStatus.Registered, state.Status);
        Assert.Equal(held, string.Join(' ', state.HeldBack.Select(back => $"{back.Round}:{back.Kept}")));
        Assert.Equal(Run(Study("plain", "", rounds: 3), new MemoryDisks(), new SpoilingHospital { SpoiltRound = 4 }).Parameters, state.Parameters); // three good rounds
        var check = new ModelRegistry(memory.Open("coordinator")).Check(state.Model!.Value, s_keys.Coordinator.PublicKey);
        Assert.Empty(check.Differences);
        Assert.Equal(held, string.Join(' ', check.Rounds.Where(round => round.HeldBack is not null).Select(round => $"{round.Round}:{round.HeldBack!.Kept}")));
    }

    [Fact]
    public void Study_that_does_not_say_so_holds_nothing_back()
    {
        var state = Run(Study("secure", ""), new MemoryDisks(), new SpoilingHospital { SpoiltRound = 4 });

        Assert.Equal(RunStatus.Registered, state.Status);
        Assert.Empty(state.HeldBack);
    }

    [Fact]
    public void Run_of_which_no_round_was_kept_has_failed()
    {
        var state = Run(Study("secure", "greatest-fall: 1"), new MemoryDisks(), new SpoilingHospital { Undefined = true });

        Assert.Equal(RunStatus.Failed, state.Status);
        Assert.StartsWith("No round was kept", state.Failure, StringComparison.Ordinal);
        Assert.Equal([1, 2, 3, 4], state.HeldBack.Select(back => back.Round.Value));
        Assert.Equal(state.Plan.Parameters, state.Parameters);
    }

    private static RunState Run(Study study, MemoryDisks memory, SpoilingHospital hospital)
    {
        var federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), s_run, new Timeline(), new Weather(), s_keys, [.. study.Federation.Sites.Select(site => new SimulatedSite(site, hospital.At(site)))], memory.Open);
        federation.Coordinator.StartRun(federation.Sites);
        Assert.True(federation.Run(() => federation.Coordinator.State is { Ended: true }, 1_000_000));
        return federation.Coordinator.State!;
    }

    private static Study Study(string aggregation, string gate, int rounds = 4) => SimulatedKeys.Name(StudyChecker.CheckYaml($$$"""
        protocol: 1
        name: held-back
        title: A round that is not gone on with
        purpose: A test of this software
        ethics: Made-up data; no approval needed
        data:
          dataset: rows
          features:
            - {name: age, range: [0, 120], constants: {mean: 60, sd: 10}}
          label: {name: ill}
        model: {kind: logistic-regression}
        federation: {rounds: {{{rounds}}}, sites: [east, north, south, west], quorum: 3, weighting: equal, aggregation: {{{aggregation}}}}
        evaluation: {every: 1, {{{gate}}} }
        """).Study!, []);
}
