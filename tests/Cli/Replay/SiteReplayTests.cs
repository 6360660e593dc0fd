using System.Collections.Immutable;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Replay;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Cli.Simulation;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Replay;

/// <summary>A site's part of a run, computed again by its own worker from the rows, the root and the files that the coordinator's records name.</summary>
public sealed class SiteReplayTests : IDisposable
{
    private static readonly RunId s_run = RunId.Parse("5100000000000001");
    private static readonly SiteId s_site = SiteId.Parse("north");

    private readonly PrivateRows _rows = new();
    private readonly SimulatedKeys _keys = new();

    public void Dispose() => _rows.Dispose();

    [Theory]
    [InlineData("plain", "site")]
    [InlineData("secure", "site")]
    [InlineData("secure", "distributed")]
    [InlineData("encrypted-consortium", "site")]
    [InlineData("encrypted-threshold", "site")]
    public void Every_release_comes_out_equal_however_it_was_hidden(string aggregation, string placement)
    {
        var federation = Run(PrivateStudyText.Of(rounds: 2, aggregation, quorum: 4, placement: placement));

        var statement = Replay(federation, _rows.Real(federation.Coordinator.Study)(s_site), out var whys);

        Assert.Equal(["1.training", "2.training", "2.evaluation"], statement.Releases.Select(release => $"{release.Step.Round}.{release.Step.Kind.ToString().ToLowerInvariant()}"));
        Assert.All(statement.Releases, release => Assert.Equal(ReplayOutcome.Equal, release.Outcome));
        Assert.All(whys, why => Assert.Empty(why));
        Assert.Equal((s_site, s_run, federation.Workers[s_site].PublicKey.Fingerprint), (statement.Site, statement.Run, statement.Key.Fingerprint));
        Assert.Equal(federation.Workers[s_site].Core.State.Releases[statement.Releases[0].Step].Head.Digest, statement.Releases[0].Release);
        var charged = federation.Workers[s_site].Core.State.Ledger.Charged.Count;
        Assert.Equal(3, charged); // and not one more
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("secure")]
    [InlineData("encrypted-consortium")]
    public void Release_that_is_not_what_the_study_says_comes_out_unequal(string aggregation)
    {
        var study = PrivateStudyText.Of(rounds: 1, aggregation, quorum: 4);
        var federation = Run(study, site => site == s_site ? new OneBit(_rows.Real(study)(site)) : _rows.Real(study)(site));

        var statement = Replay(federation, _rows.Real(study)(s_site), out _);

        Assert.Equal([ReplayOutcome.Unequal, ReplayOutcome.Equal], statement.Releases.Select(release => release.Outcome));
    }

    [Fact]
    public void Own_metrics_come_out_equal_although_the_policy_has_since_let_exact_areas_out()
    {
        using var hospitals = new Hospitals("{every: 1, per-site: true}");
        var study = StudyChecker.CheckYaml(File.ReadAllText(hospitals.Study)).Study!;
        var rows = SiteRows.Find(hospitals.Data, study, hospitals.Root, TimeProvider.System, Terminal.Silent, TestContext.Current.CancellationToken);
        var federation = Run(study, site => new ReplayedComputer(rows[site].Computer(new TorchTrainer()), EveryStep, tellsArea: false));
        Assert.True(SimulatedFederation.OpenPolicy.Policy!.Comparisons);

        var statement = Replay(federation, rows[s_site].Computer(new TorchTrainer()), out _);

        Assert.Contains(statement.Releases, release => release.Step.Kind == StepKind.SiteMetrics);
        Assert.All(statement.Releases, release => Assert.Equal(ReplayOutcome.Equal, release.Outcome));
    }

    [Fact]
    public void Rows_that_have_changed_are_not_compared_and_the_statement_does_not_say_why()
    {
        var federation = Run(PrivateStudyText.Of(rounds: 1));
        File.AppendAllLines(_rows.FileOf(s_site), ["99,44,1,train"]);

        var statement = Replay(federation, _rows.Real(federation.Coordinator.Study)(s_site), out var whys);

        Assert.All(statement.Releases, release => Assert.Equal(ReplayOutcome.Unchecked, release.Outcome));
        Assert.All(whys, why => Assert.Contains("have changed since", why, StringComparison.Ordinal));
    }

    [Fact]
    public void Root_that_was_erased_and_a_file_that_nobody_has_leave_releases_unchecked()
    {
        var federation = Run(PrivateStudyText.Of(rounds: 2, "secure", quorum: 4));
        var computer = _rows.Real(federation.Coordinator.Study)(s_site);

        var lacking = Replay(federation, computer, out var whys, has: digest => digest != federation.Coordinator.State!.Parameters);
        Assert.Equal([ReplayOutcome.Equal, ReplayOutcome.Equal, ReplayOutcome.Unchecked], lacking.Releases.Select(release => release.Outcome));
        Assert.Contains("exported without its rounds", whys[2], StringComparison.Ordinal);

        var later = false;
        federation.Time.After(TimeSpan.FromDays(400), () => later = true);
        Assert.True(federation.Run(() => later, 1_000_000));
        federation.Workers[s_site].Core.Roots.Erase();
        Assert.All(Replay(federation, computer, out whys).Releases, release => Assert.Equal(ReplayOutcome.Unchecked, release.Outcome));
        Assert.All(whys, why => Assert.Contains("was erased after", why, StringComparison.Ordinal));
    }

    [Fact]
    public void File_that_is_not_what_was_asked_for_ends_the_replay_with_a_sentence_and_another_one_may_begin()
    {
        var federation = Run(PrivateStudyText.Of(rounds: 2));
        var (worker, scratch) = (federation.Workers[s_site], new SimulatedDisk(1));
        using var desk = Desk(federation, _rows.Real(federation.Coordinator.Study)(s_site), scratch);

        using (var replay = desk.Begin(s_run.Value))
        {
            Assert.Throws<StewardException>(() => desk.Begin(s_run.Value));
            var wanted = Assert.Single(replay.Wanted(replay.Releases[1]), file => file.Longest < 1 << 20);
            using var given = replay.Take(wanted);
            given.Append(new byte[wanted.Longest]);
            Assert.Contains("was changed", Assert.Throws<StewardException>(given.End).Message, StringComparison.Ordinal);
            Assert.Throws<StewardException>(() => given.Append([0]));
        }

        Assert.Empty(scratch.List(ExchangePaths.Incoming));
        desk.Begin(s_run.Value).Dispose();
        Assert.Throws<StewardException>(() => desk.Begin("fedcba9876543210"));
        Assert.Throws<StewardException>(() => desk.Begin("today"));
        Assert.DoesNotContain(worker.Core.Log(1), line => line.Contains(WorkerEntries.ReplayStated, StringComparison.Ordinal));
    }

    private static ImmutableDictionary<(RoundNumber Round, StepKind Kind), int> EveryStep =>
        Enumerable.Range(0, 10).SelectMany(round => Enum.GetValues<StepKind>().Select(kind => (new RoundNumber(round), kind))).ToImmutableDictionary(step => step, _ => 1);

    private ReplayDesk Desk(SimulatedFederation federation, IStepComputer computer, IDisk scratch) =>
        new(federation.Workers[s_site].Core, new WorkerIdentity(s_site, _keys.Worker(s_site), SiteRows.SecretOf(s_site), "simulated"), computer, scratch);

    // As the steward's verb does it, from the coordinator's results.
    private ReplayStatement Replay(SimulatedFederation federation, IStepComputer computer, out List<string> whys, Func<Sha256Digest, bool>? has = null)
    {
        whys = [];
        var scratch = new SimulatedDisk(1);
        using var desk = Desk(federation, computer, scratch);
        byte[] statement;
        using (var replay = desk.Begin(s_run.Value))
        {
            foreach (var release in replay.Releases)
            {
                WantedFile? lacking = null;
                foreach (var wanted in replay.Wanted(release))
                {
                    using var given = replay.Take(wanted);
                    if (has?.Invoke(wanted.Digest) == false)
                    {
                        lacking = wanted;
                        continue;
                    }

                    given.Append(federation.Coordinator.Result(wanted.Digest));
                    given.End();
                }

                whys.Add(replay.Check(release, lacking, TestContext.Current.CancellationToken).Why);
            }

            statement = replay.State("grace");
        }

        Assert.Empty(scratch.List(ExchangePaths.Incoming));
        Assert.Contains(Sha256Digest.Of(statement).ToString(), federation.Workers[s_site].Core.Log(1)[^1], StringComparison.Ordinal);
        return ReplayStatement.Read(statement);
    }

    private SimulatedFederation Run(Study study, Func<SiteId, IStepComputer>? computer = null)
    {
        computer ??= _rows.Real(study);
        var federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), s_run, new Timeline(), new Weather(), _keys, [.. study.Federation.Sites.Select(site => new SimulatedSite(site, computer(site)))], new MemoryDisks().Open);
        federation.Coordinator.StartRun(federation.Sites);
        Assert.True(federation.Run(() => federation.Coordinator.State is { Ended: true }, 1_000_000));
        Assert.Equal(RunStatus.Registered, federation.Coordinator.State!.Status);
        return federation;
    }

    /// <summary>What a worker would release that does not do what the study says: an update with one bit changed.</summary>
    private sealed class OneBit(IStepComputer real) : IStepComputer
    {
        public StepComputation Compute(StepRequest request, CancellationToken cancel)
        {
            var computed = real.Compute(request, cancel);
            if (request.Step.Kind != StepKind.Training)
                return computed;
            var payload = computed.Payload.ToArray();
            payload[0] ^= 1;
            return computed with { Payload = payload };
        }
    }
}
