using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

public sealed class ChaosTests(ITestOutputHelper output)
{
    private const int Schedules = 500;
    private const int MaskedSchedules = 60; // five steps where a plain round has one
    private const int PrivateSchedules = 60;
    private const int EncryptedSchedules = 12; // each polynomial is of thousands of values, however small the model
    private const int SeedsForAMutant = 100;

    private static readonly string StudyPath = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/heart-disease.yaml"));

    [Fact]
    public void Schedules_of_crashes_break_no_promise() => NoneIsBroken(Plan, Schedules);

    [Fact]
    public void Schedules_of_crashes_break_no_promise_of_masked_rounds() => NoneIsBroken(() => Plan("secure"), MaskedSchedules);

    [Theory]
    [InlineData("plain", "site", PrivateSchedules)]
    [InlineData("secure", "site", PrivateSchedules / 3)]
    [InlineData("secure", "central", PrivateSchedules / 3)]
    public void Schedules_of_crashes_break_no_promise_of_rounds_under_privacy_and_charge_each_step_once(string aggregation, string placement, int schedules) =>
        NoneIsBroken(() => ChaosPlan.For(PrivateStudyText.Of(rounds: 3, aggregation: aggregation, placement: placement)), schedules);

    [Theory]
    [InlineData("encrypted-consortium")]
    [InlineData("encrypted-threshold")]
    public void Schedules_of_crashes_break_no_promise_of_encrypted_rounds(string aggregation) => NoneIsBroken(() => Plan(aggregation), EncryptedSchedules);

    [Fact]
    public void Schedule_run_again_from_its_seed_goes_the_same_way()
    {
        var plan = Plan();
        foreach (var seed in new long[] { 7, 8, 9 })
        {
            var (first, second) = (ChaosSchedule.Run(plan, seed), ChaosSchedule.Run(plan, seed));

            Assert.Equal(first.Trace, second.Trace);
            Assert.Equal((first.Broken, first.Disturbances, first.Took), (second.Broken, second.Disturbances, second.Took));
        }
    }

    [Fact]
    public void Schedules_of_a_mutant_that_folds_twice_are_caught() => IsCaught(() => new FoldTwice());

    [Fact]
    public void Schedules_of_a_mutant_that_acknowledges_before_the_journal_are_caught() => IsCaught(() => new AcknowledgeBeforeJournal());

    [Fact]
    public void Schedules_of_a_mutant_that_syncs_no_file_are_caught() => IsCaught(() => new NoFsync());

    [Fact]
    public void Schedules_of_a_mutant_that_syncs_no_directory_are_caught() => IsCaught(() => new NoDirectoryFsync());

    [Fact]
    public void Schedules_of_a_mutant_that_empties_the_outbox_before_the_commit_are_caught() => IsCaught(() => new OutboxDeletedBeforeCommit());

    [Fact]
    public void Schedules_of_a_mutant_that_accepts_a_stale_attempt_are_caught() => IsCaught(() => new StaleAttemptAccepted());

    [Fact]
    public void Schedules_of_a_mutant_that_loses_participation_records_are_caught() => IsCaught(() => new ParticipationRecordLost());

    [Fact]
    public void Schedules_of_a_mutant_that_logs_a_release_after_it_was_sent_are_caught() => IsCaught(() => new ReleaseLoggedAfterItWasSent());

    [Theory]
    [InlineData("heart-disease.yaml")]
    [InlineData("greatest-heart-rate.yaml")] // predicts a number
    public async Task Simulate_with_chaos_whose_schedules_hold_ends_well(string study) =>
        Assert.Equal(0, await FcmlCommand.RunAsync(["simulate", Path.Combine(Path.GetDirectoryName(StudyPath)!, study), "--chaos", "1..3"], TimeProvider.System));

    private static void NoneIsBroken(Func<ChaosPlan> prepare, int schedules)
    {
        var broken = new ConcurrentBag<ChaosResult>();
        var lanes = Environment.ProcessorCount;
        Parallel.For(0, lanes, lane =>
        {
            var plan = prepare();
            for (long seed = 1 + lane; seed <= schedules; seed += lanes)
            {
                if (ChaosSchedule.Run(plan, seed) is { Broken: not null } result)
                    broken.Add(result);
            }
        });

        Assert.True(broken.IsEmpty, string.Join('\n', broken.OrderBy(result => result.Seed).Take(3).Select(Tell)));
    }

    private void IsCaught(Func<Mutant> mutant)
    {
        var plan = Plan();
        for (long seed = 1; seed <= SeedsForAMutant; seed++)
        {
            if (ChaosSchedule.Run(plan, seed, mutant()) is not { Broken: not null } result)
                continue;
            output.WriteLine(Tell(result));
            return;
        }

        Assert.Fail($"No schedule of {SeedsForAMutant} found the mutant.");
    }

    private static ChaosPlan Plan() => Plan("plain");

    private static ChaosPlan Plan(string aggregation) => ChaosPlan.For(
        StudyChecker.CheckYaml(File.ReadAllText(StudyPath).Replace("quorum: 3", "quorum: 4", StringComparison.Ordinal)
            .Replace("\nfederation:\n", $"\nfederation:\n  aggregation: {aggregation}\n  maximum-weight: 8000\n", StringComparison.Ordinal)).Study
            ?? throw new InvalidDataException("The example study has faults."));

    private static string Tell(ChaosResult result) => $"seed {result.Seed}: {result.Broken}\n{string.Join('\n', result.Trace)}";

    private static string Here([CallerFilePath] string file = "") => file;
}
