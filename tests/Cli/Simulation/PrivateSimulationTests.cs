using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Privacy;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>Runs under differential privacy through the production cores of a whole federation.</summary>
public sealed class PrivateSimulationTests : IDisposable
{
    private static readonly RunId s_run = RunId.Parse("5100000000000001");
    private static readonly SiteId s_spent = SiteId.Parse("north");

    private readonly PrivateRows _rows = new();

    public void Dispose() => _rows.Dispose();

    [Fact]
    public void Simulation_gives_the_same_numbers_twice()
    {
        var study = PrivateStudyText.Of(rounds: 3);
        var (first, second) = (Simulate(), Simulate());

        Assert.Equal(first.Parameters, second.Parameters);
        Assert.Equal(first.State.History.Select(step => step.Result), second.State.History.Select(step => step.Result));

        SimulatedModel Simulate() => SimulateCommand.Simulate(study, _rows.Sites(study), Terminal.Silent, recording: null, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("secure")]
    public void Each_site_is_charged_what_was_planned_and_nothing_for_messages(string aggregation)
    {
        var study = PrivateStudyText.Of(rounds: 3, aggregation);
        var (federation, state) = Run(study, _rows.Real(study), (federation, opened) =>
        {
            if (opened is { Kind: StepKind.Sharing, Round.Value: 1 })
                Assert.All(federation.Workers.Values, worker => Assert.Equal((1, 0), (worker.Core.State.Ledger.Runs.Count, worker.Core.State.Ledger.Charged.Count)));
        });

        Assert.Equal(RunStatus.Registered, state.Status);
        var plan = PrivateStudy.Of(study).Plan(s_run);
        foreach (var (site, worker) in federation.Workers)
        {
            Assert.Equal(["1.training.1", "2.evaluation.1", "2.training.1", "3.evaluation.1", "3.training.1"], Charged(worker));
            Assert.Equal(0, worker.Core.State.Ledger.Runs[s_run].Left.Values.Sum());
            Assert.Equal(plan.Charges.Select(planned => planned.Charge), worker.Core.State.Ledger.Runs[s_run].Plan.Charges.Select(planned => planned.Charge));
            var spent = worker.Core.State.Ledger.SpentOf("small").Total;
            Assert.All(RenyiCurve.Orders, order => Assert.InRange(spent.At(order) / PrivateStudy.Of(study).Cost.At(order), 1 - 1e-12, 1 + 1e-12));
        }

        var registry = federation.Coordinator.Registry;
        var check = registry.Check(state.Model!.Value, federation.Coordinator.PublicKey);
        Assert.Empty(check.Differences);
        var card = CardWriter.Markdown(ModelCard.Of(ModelFacts.Of(registry, state.Model.Value), check.Rounds, check.Key!, version: null));
        var epsilon = PrivacyFilter.Under(new PrivacyCeiling(Rational.Of(100), Rational.Of(1, 1_000_000))).EpsilonAfter(PrivateStudy.Of(study).Cost);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"epsilon {Math.Ceiling(1000 * epsilon) / 1000:0.000} at delta 1e-6 at most"), card, StringComparison.Ordinal);
    }

    /// <summary>Promise 5 for noise of each site's own: of the same streams, which the study's digest would make others, plain, masked and encrypted rounds give the same bits.</summary>
    [Theory]
    [InlineData("secure")]
    [InlineData("encrypted-consortium")]
    [InlineData("encrypted-threshold")]
    public void Masked_rounds_under_privacy_give_the_parameters_of_plain_ones_to_the_bit(string aggregation)
    {
        var (plain, masked) = (PrivateStudyText.Of(rounds: 3, "plain"), PrivateStudyText.Of(rounds: 3, aggregation, quorum: 4));
        var (_, inTheOpen) = Run(plain, Injected(plain));
        var (_, underMasks) = Run(masked, Injected(masked));

        Assert.Equal(RunStatus.Registered, underMasks.Status);
        Assert.Equal(Results(inTheOpen, StepKind.Training), Results(underMasks, masked.ParametersFrom));
        Assert.Equal(Results(inTheOpen, StepKind.Evaluation), Results(underMasks, StepKind.Evaluation));
        Assert.Equal(inTheOpen.Parameters, underMasks.Parameters);
        Assert.NotEqual(inTheOpen.Parameters, Run(plain, _rows.Real(plain)).State.Parameters); // the streams do decide
    }

    [Fact]
    public void Attempt_of_a_masked_round_that_is_abandoned_after_training_stays_charged_and_the_next_one_is_charged_again()
    {
        var study = PrivateStudyText.Of(rounds: 1, "secure", quorum: 2);
        var lost = new[] { SiteId.Parse("south"), SiteId.Parse("west") };
        var back = false;
        var (federation, state) = Run(study, _rows.Real(study), (federation, opened) =>
        {
            if (opened is { Kind: StepKind.Training, Attempt: 1 })
            {
                foreach (var site in lost)
                    federation.Gateways[site].Kill();
            }
            else if (opened is { Kind: StepKind.KeyAgreement, Attempt: 2 } && !back)
            {
                back = true;
                foreach (var site in lost)
                    federation.Gateways[site].Start();
            }
        });

        Assert.Equal(RunStatus.Registered, state.Status);
        Assert.Equal(["1.evaluation.1", "1.training.1", "1.training.2"], Charged(federation.Workers[s_spent]));
    }

    /// <summary>Shows 6, the run's half.</summary>
    [Theory]
    [InlineData("plain", 3, true)]
    [InlineData("plain", 4, false)]
    [InlineData("secure", 3, true)]
    [InlineData("secure", 4, false)]
    public void Site_at_its_ceiling_refuses_round_8_of_10_and_the_run_goes_on_without_it_or_ends_as_its_quorum_says(string aggregation, int quorum, bool goesOn)
    {
        var study = PrivateStudyText.Of(rounds: 10, aggregation, quorum);
        var (federation, state) = Run(study, site => new CheapComputer(site, _ => { }), (federation, opened) =>
        {
            if (opened.Round.Value == 8)
                federation.Workers[s_spent].Policy = Lowered();
        });

        Assert.Equal(goesOn ? RunStatus.Registered : RunStatus.Failed, state.Status);
        Assert.DoesNotContain(Charged(federation.Workers[s_spent]), step => step[0] is '8' or '9' || step.StartsWith("10", StringComparison.Ordinal));
        var trained = state.History.Where(step => step.Id.Kind == StepKind.Training).ToList();
        Assert.All(trained, step => Assert.Equal(step.Id.Round.Value < 8, step.Participants.Contains(s_spent)));
        var refused = state.History.First(step => step.Id is { Kind: StepKind.Training, Round.Value: 8 });
        Assert.Equal(new DeclinedAnswer(Protos.Federation.SiteReason.PrivacyBudgetSpent), refused.Sites[s_spent]);
        Assert.Equal(goesOn ? 10 : 7, trained.Where(step => step.Result is not null).Select(step => step.Id.Round).Distinct().Count());
    }

    private static PolicyReading Lowered()
    {
        var open = SimulatedFederation.OpenPolicy.Policy!;
        return SimulatedFederation.OpenPolicy with { Policy = open with { Privacy = open.Privacy! with { Total = new PrivacyCeiling(Rational.Of(1, 100), Rational.Of(1, 1_000_000)) } } };
    }

    private static List<string> Charged(SimulatedWorker worker) =>
    [
        .. worker.Core.Log(1).Select(line => JsonNode.Parse(line)!).Where(entry => (string)entry["kind"]! == LedgerEntries.Charged)
            .Select(entry => ((string)entry["body"]!["step"]!)[17..]).Order(StringComparer.Ordinal),
    ];

    private static List<Sha256Digest> Results(RunState state, StepKind kind) =>
        [.. state.History.Where(step => step.Id.Kind == kind).Select(step => step.Result).OfType<Sha256Digest>()];

    private static (SimulatedFederation Federation, RunState State) Run(Study study, Func<SiteId, IStepComputer> computer, Action<SimulatedFederation, StepId>? opened = null)
    {
        var memory = new MemoryDisks();
        var federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), s_run, new Timeline(), new Weather(), new SimulatedKeys(),
            [.. study.Federation.Sites.Select(site => new SimulatedSite(site, computer(site)))], memory.Open);
        federation.Coordinator.Journaled += journaled =>
        {
            if (journaled.Event is StepOpened { Step: var step })
                opened?.Invoke(federation, step);
        };
        federation.Coordinator.StartRun(federation.Sites);
        Assert.True(federation.Run(() => federation.Coordinator.State is { Ended: true }, 1_000_000));
        return (federation, federation.Coordinator.State!);
    }

    private Func<SiteId, IStepComputer> Injected(Study study)
    {
        var real = _rows.Real(study);
        return site => new InjectedRandomness(real(site));
    }

    /// <summary>Charges as ever, and then draws from streams of the site, the round and the kind alone.</summary>
    private sealed class InjectedRandomness(IStepComputer real) : IStepComputer
    {
        public StepComputation Compute(StepRequest request, CancellationToken cancel) => real.Compute(
            request with
            {
                Randomness = data =>
                {
                    request.Randomness!(data).Dispose();
                    return new StepRandomness(new byte[32], Sha256Digest.Of(Encoding.UTF8.GetBytes($"{request.Site}/{request.Step.Round}/{request.Step.Kind}")));
                },
            },
            cancel);
    }
}
