using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Cli.Simulation;

namespace FederatedClinicalMl.Tests.Cli.Replay;

/// <summary>A run whose rows nobody has together: its parameters from the sums that the coordinator kept.</summary>
public sealed class PartsReplayTests
{
    [Fact]
    public async Task Run_in_any_mode_of_aggregation_follows_from_its_sums_and_these_are_the_same_to_the_bit()
    {
        var sums = new HashSet<string>();
        foreach (var aggregation in AggregationWords.All)
        {
            using var run = new ExportedRun(aggregation);

            var (code, last, _) = await ReplayAsync(run);

            Assert.Equal(0, (await CommandRun.FcmlAsync("models", "verify", "--folder", run.Folder)).Code);
            Assert.Equal((0, true, true, 4), (code, (bool)last["inParts"]!, (bool)last["equal"]!, (int)last["steps"]!));
            sums.Add(string.Join(' ', run.Trained.Select(step => step.Sum)));
        }

        Assert.Single(sums);
    }

    [Theory]
    [InlineData(3, "3:2")]
    [InlineData(4, "4:3")]
    [InlineData(1, "1:0")]
    public async Task Round_after_one_that_was_held_back_starts_from_what_was_kept(int spoilt, string held)
    {
        using var run = new ExportedRun("secure", new SpoilingHospital { SpoiltRound = spoilt, Undefined = spoilt == 1 }, "greatest-fall: 0.1");
        Assert.Equal(held, string.Join(' ', run.Check().Rounds.Where(round => round.HeldBack is not null).Select(round => $"{round.Round}:{round.HeldBack!.Kept}")));

        var (code, last, _) = await ReplayAsync(run);

        Assert.Equal((0, 4), (code, (int)last["steps"]!));
    }

    [Fact]
    public async Task Round_that_the_record_says_went_back_to_something_else_than_what_was_kept_is_found_before()
    {
        using var run = new ExportedRun("plain", new SpoilingHospital { SpoiltRound = 1, Undefined = true }, "greatest-fall: 0.1");
        run.Forge(records => records.Single(record => (int)record["round"]! == 1)["heldBack"]!["parameters"] = run.Trained[1].Result.ToString());

        var (code, error) = await CommandRun.FcmlAsync("replay", "--folder", run.Folder);

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("round 1 was held back for something else than what round 0 came to", error);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Result_in_which_a_byte_was_flipped_is_named_and_nothing_is_replayed(bool isSum)
    {
        using var run = new ExportedRun("secure");
        var result = isSum ? run.Trained[1].Sum!.Value : run.Trained[1].Result!.Value;
        var content = await File.ReadAllBytesAsync(run.PathOf(result), TestContext.Current.CancellationToken);
        content[3] ^= 1;
        await File.WriteAllBytesAsync(run.PathOf(result), content, TestContext.Current.CancellationToken);

        var (code, output, error) = await CommandRun.FcmlWithOutputAsync("replay", "--folder", run.Folder, "--json");

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains($"results/{result} has the digest", error);
        Assert.DoesNotContain("\"step\"", output, StringComparison.Ordinal);
        Assert.Equal((int)ExitCode.NotVerified, (await CommandRun.FcmlAsync("models", "verify", "--folder", run.Folder)).Code);
    }

    [Fact]
    public async Task Result_that_no_record_names_is_found()
    {
        using var run = new ExportedRun("secure");
        var stranger = run.WriteResult([1, 2, 3]);

        var (code, error) = await CommandRun.FcmlAsync("models", "verify", "--folder", run.Folder);

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains($"results/{stranger} is named by no round record", error);
    }

    [Theory]
    [InlineData("sum")]
    [InlineData("result")]
    [InlineData("weight")]
    [InlineData("length")]
    public async Task Record_that_was_forged_and_signed_again_differs_at_its_round(string forged)
    {
        using var run = new ExportedRun("plain");
        var step = run.Trained[1];
        var sums = run.Result(step.Sum!.Value);
        MemoryMarshal.Cast<byte, long>(sums.AsSpan())[1] += 1L << 40;
        var values = run.Result(step.Result!.Value);
        MemoryMarshal.Cast<byte, float>(values.AsSpan())[1] += 0.5f;
        run.Forge(step.Id, record =>
        {
            switch (forged)
            {
                case "sum":
                    record["sum"] = run.WriteResult(sums).ToString();
                    break;
                case "length":
                    record["sum"] = run.WriteResult(sums[8..]).ToString();
                    break;
                case "result":
                    File.Delete(run.PathOf(step.Result.Value));
                    record["result"] = run.WriteResult(values).ToString();
                    break;
                default:
                    record["participants"]![0]!["weight"] = 2;
                    break;
            }
        });

        var (code, last, error) = await ReplayAsync(run);

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Equal((step.Id.ToString(), 2), ((string?)last["firstDifference"]!["step"], (int)last["steps"]!));
        Assert.Contains($"First difference: training of round 2: the recorded result is {(forged == "result" ? Sha256Digest.Of(values) : step.Result)}", error);
    }

    [Fact]
    public async Task Record_of_a_version_that_kept_no_sums_is_refused_by_its_round()
    {
        using var run = new ExportedRun("secure");
        var before = run.Trained;
        foreach (var step in before)
            run.Forge(step.Id, record => record.AsObject().Remove("sum"));
        foreach (var step in before)
            File.Delete(run.PathOf(step.Sum!.Value));

        var (code, error) = await CommandRun.FcmlAsync("replay", "--folder", run.Folder);

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("The record of round 1 names no sum", error);
    }

    [Fact]
    public async Task Folder_without_sums_says_how_to_get_them()
    {
        using var run = new ExportedRun("secure");
        Directory.Delete(Path.Combine(run.Folder, RoundResults.Folder), recursive: true);

        var (code, error) = await CommandRun.FcmlAsync("replay", "--folder", run.Folder);

        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Contains("fcml models export MODEL --out FOLDER --rounds", error);
    }

    [Fact]
    public async Task Statements_with_data_are_refused()
    {
        var (code, error) = await CommandRun.FcmlAsync("replay", "--folder", ".", "--data", ".", "--statements", ".");

        Assert.NotEqual(0, code);
        Assert.Contains("--statements is for a replay without --data", error);
    }

    private static async Task<(int Code, JsonNode Last, string Error)> ReplayAsync(ExportedRun run)
    {
        var (code, output, error) = await CommandRun.FcmlWithOutputAsync("replay", "--folder", run.Folder, "--json");
        Assert.True(output.Length > 0, error);
        return (code, JsonNode.Parse(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!, error);
    }
}
