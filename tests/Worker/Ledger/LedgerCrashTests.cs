using CsCheck;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using static FederatedClinicalMl.Tests.Worker.Ledger.Spending;

namespace FederatedClinicalMl.Tests.Worker.Ledger;

public sealed class LedgerCrashTests
{
    [Fact]
    public void Charge_that_is_killed_at_any_point_is_whole_or_absent_is_there_before_anything_is_computed_and_counts_once()
    {
        byte[]? computed = null;
        KillPoints.Each(
            site =>
            {
                site.WithCeilings().Ledger.Reserve(Plan());
                computed = null;
            },
            site => computed = site.Noise(Inputs()),
            (site, finished) =>
            {
                var charged = site.Core.State.Ledger.Charged.Count;
                Assert.True(charged == 1 || !finished);
                Assert.True(charged == 1 || computed is null);

                var again = site.Noise(Inputs());

                Assert.True(computed is null || again.AsSpan().SequenceEqual(computed));
                Assert.Single(site.Kinds, LedgerEntries.Charged);
            });
    }

    [Fact]
    public void Reservation_that_is_killed_at_any_point_has_its_root_before_the_log_says_so_and_is_made_once()
    {
        KillPoints.Each(
            site => site.WithCeilings(),
            site => site.Ledger.Reserve(Plan()),
            (site, finished) =>
            {
                Assert.True(site.Core.State.Ledger.Runs.Count == 1 || !finished);
                site.Core.Roots.Erase(); // as at each start: what was not committed to goes
                Assert.Equal(site.Core.State.Roots.Count, site.Disk.List("roots").Count);
                Assert.True(site.Core.State.Roots.Count >= site.Core.State.Ledger.Runs.Count);
                site.Ledger.Reserve(Plan());
                site.Noise(Inputs());
                Assert.Single(site.Kinds, LedgerEntries.Reserved);
            });
    }

    /// <summary>
    /// Whatever is asked in whatever order, and wherever the worker is killed: what the log's charges come to is never above the ceiling, nor less than before; nothing
    /// is computed that the log does not hold; and the same step never has two draws.
    /// </summary>
    [Fact]
    public void Ledger_is_never_above_its_ceiling_never_forgets_and_never_draws_twice()
    {
        var (refused, killed) = (0, 0);
        Gen.Select(Gen.Int[0, 1_000_000], Step.Array[30, 80]).Sample((seed, steps) =>
        {
            using var site = new Site(seed).WithCeilings("{total: {epsilon: 1, delta: 1e-6}, study: {epsilon: 1, delta: 1e-6}, year: {epsilon: 1, delta: 1e-6}}");
            var drawn = new Dictionary<StepId, byte[]>();
            var spent = 0.0;
            foreach (var (kind, run, round, attempt, crash) in steps)
            {
                site.Disk.CrashAt = crash < 12 ? site.Disk.Operations + crash : null;
                try
                {
                    Act(site, drawn, kind, run, round, attempt);
                }
                catch (StepDeclinedException declined)
                {
                    refused += declined.Reason == Reason.PrivacyBudgetSpent ? 1 : 0;
                }
                catch (SimulatedCrash)
                {
                    killed++;
                    site.Restart(powerLoss: crash % 2 == 0);
                    site.Core.Roots.Erase();
                }

                site.Disk.CrashAt = null;
                Assert.Null(site.Core.Broken);
                Assert.All(drawn.Keys, step => Assert.True(site.Core.State.Ledger.Charged.ContainsKey(step)));
                var now = SpentByTheLog(site, epsilon: 1);
                Assert.InRange(now, spent, 1);
                spent = now;
            }
        }, iter: 30, threads: 1);
        Assert.True(refused > 10 && killed > 10, $"{refused} refused, {killed} killed");
    }

    private static Gen<(int Kind, int Run, int Round, int Attempt, int Crash)> Step { get; } =
        Gen.Select(Gen.Int[0, 9], Gen.Int[1, 4], Gen.Int[1, 6], Gen.Int[1, 2], Gen.Int[0, 40]);

    private static void Act(Site site, Dictionary<StepId, byte[]> drawn, int kind, int run, int round, int attempt)
    {
        var study = 1 + (run % 3);
        switch (kind)
        {
            case 0 or 1:
                site.Ledger.Reserve(Plan(run, rounds: 1 + (run % 3), study: study));
                break;
            case 2 when round == 6 && site.Core.State.Ledger.Runs.GetValueOrDefault(Run(run)) is { IsOpen: true }:
                site.LedgerDesk.Close(Run(run).Value, "grace", "");
                break;
            case 3:
                site.Restart();
                break;
            default:
                var inputs = Inputs(run, round, attempt, study);
                var noise = site.Noise(inputs);
                Assert.True(!drawn.TryGetValue(inputs.Step, out var before) || before.AsSpan().SequenceEqual(noise));
                drawn[inputs.Step] = noise;
                break;
        }
    }
}
