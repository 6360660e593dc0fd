using System.Text;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability.Simulation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Coordinator.Rounds;

/// <summary>The sum of a round: durable before it is named, named from the merge to the record, and missing in what was written before there was one.</summary>
public sealed class KeptSumTests
{
    private static readonly RunId s_run = RunId.Parse("0123456789abcdef");
    private static readonly SiteId s_site = SiteId.Parse("north");
    private static readonly StepId s_step = new(s_run, new RoundNumber(1), StepKind.Training, 1);

    [Fact]
    public void Result_that_was_placed_before_another_is_as_durable_as_that_one()
    {
        for (var seed = 1; seed <= 50; seed++) // what was not synced may be there all the same
        {
            var disk = new SimulatedDisk(seed);
            var (sum, parameters) = Write(new ResultStore(disk));

            disk.Restart(powerLoss: true);

            var results = new ResultStore(disk);
            Assert.Equal("sum"u8.ToArray(), results.Read(sum));
            Assert.Equal("parameters"u8.ToArray(), results.Read(parameters));
        }
    }

    [Fact]
    public void Kill_or_loss_of_power_at_any_moment_leaves_no_name_without_its_content_and_merging_again_gives_the_same()
    {
        var whole = new SimulatedDisk(1);
        var named = Write(new ResultStore(whole));
        for (var at = 1; at <= whole.Operations; at++)
        {
            foreach (var powerLoss in new[] { false, true })
            {
                var disk = new SimulatedDisk(at) { CrashAt = at };
                try
                {
                    Write(new ResultStore(disk));
                }
                catch (SimulatedCrash)
                {
                    // here it was killed
                }

                disk.CrashAt = null;
                disk.Restart(powerLoss);
                var results = new ResultStore(disk);
                foreach (var digest in disk.List("results").Select(Sha256Digest.Parse))
                    results.Verify(digest);
                Assert.Equal(named, Write(results));
            }
        }
    }

    [Fact]
    public void Sum_is_named_by_the_event_the_state_and_the_record()
    {
        var merged = new StepMerged(Now(3), s_step, Digest("parameters"), 8, Sum: Digest("sum"));

        var state = RoundMachine.Replay(Run((StepMerged)RunEventCodec.ReadCommand(RunEventCodec.Write(merged))))!;

        Assert.Equal(Digest("sum"), state.History.Single().Sum);
        var step = RecordedRound.Read(RoundRecord.Write(state, new RoundNumber(1))).Steps.Single();
        Assert.Equal((Digest("parameters"), Digest("sum")), (step.Result, step.Sum));
        Assert.Equal(Digest("release"), step.Participants.Single().Release);
    }

    [Fact]
    public void Journal_and_record_of_a_version_that_kept_no_sums_are_read_and_written_as_they_were()
    {
        var journal = Run(new StepMerged(Now(3), s_step, Digest("parameters"), 8));

        var committed = Encoding.UTF8.GetString(RunEventCodec.Write(journal.OfType<StepCommitted>().Single()));
        Assert.Equal(
            $$"""{"at":"1970-01-01T00:00:00.003Z","kind":"StepCommitted","length":8,"result":"{{Digest("parameters")}}","step":"0123456789abcdef.1.training.1"}""", committed);
        Assert.Null(Assert.IsType<StepCommitted>(RunEventCodec.ReadEvent(Encoding.UTF8.GetBytes(committed))).Sum);
        var record = RoundRecord.Write(RoundMachine.Replay(journal)!, new RoundNumber(1));
        Assert.DoesNotContain("\"sum\"", Encoding.UTF8.GetString(record), StringComparison.Ordinal);
        Assert.Null(RecordedRound.Read(record).Steps.Single().Sum);
    }

    [Fact]
    public void Record_names_the_renewals_that_led_to_the_keys_of_its_run()
    {
        using var old = SigningKey.Create();
        using var next = SigningKey.Create();
        var renewals = Encoding.UTF8.GetString(KeyRenewals.Write([KeyRenewal.Sign(s_site, 1, old, next, Now(0))]));
        var state = RoundMachine.Replay(Run(new StepMerged(Now(3), s_step, Digest("parameters"), 8)))!;

        var record = RecordedRound.Read(RoundRecord.Write(state with { Plan = state.Plan with { Renewals = renewals } }, new RoundNumber(1)));

        Assert.Equal(next.PublicKey.Fingerprint, record.Renewals.Newest(s_site, old.PublicKey.Fingerprint));
        Assert.Empty(RecordedRound.Read(RoundRecord.Write(state, new RoundNumber(1))).Renewals.All);
    }

    private static (Sha256Digest Sum, Sha256Digest Parameters) Write(ResultStore results)
    {
        using var first = results.Begin("step.sum");
        using var second = results.Begin("step");
        first.Write("sum"u8);
        second.Write("parameters"u8);
        return (first.Place(), second.Complete());
    }

    private static List<RunEvent> Run(StepMerged merged)
    {
        var plan = new RunPlan(
            s_run, new StudyDigest(Digest("study")), "study", false, 1, 0, false, [s_site], [], 1, TimeSpan.FromMinutes(1), 1, Digest("initial"), 8, Digest("constants"));
        List<RunEvent> journal = [new RunCreated(Now(0), plan)];
        foreach (var command in new RunCommand[] { new StartRun(Now(1)), new ReleaseStaged(Now(2), s_step, s_site, Digest("release"), 1, new ReleaseOrigin(null, "1.0.0", "managed", 0)), merged })
            journal.AddRange(Assert.IsType<Accepted>(RoundMachine.Decide(RoundMachine.Replay(journal), command)).Events);
        return journal;
    }

    private static DateTimeOffset Now(int milliseconds) => DateTimeOffset.UnixEpoch.AddMilliseconds(milliseconds);

    private static Sha256Digest Digest(string text) => Sha256Digest.Of(Encoding.UTF8.GetBytes(text));
}
