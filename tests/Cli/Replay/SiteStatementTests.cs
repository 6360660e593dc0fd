using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Replay;

/// <summary>What the sites' workers state of their releases, held against a run's record.</summary>
public sealed class SiteStatementTests : IDisposable
{
    private static readonly string[] s_sites = ["east", "north", "south", "west"];

    private readonly ExportedRun _run = new("secure");
    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-statements-").FullName;

    public void Dispose()
    {
        _run.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Run_of_which_every_site_made_every_release_again_is_replayed()
    {
        foreach (var site in s_sites)
            _run.State(_folder, site);

        var (code, lines, _) = await ReplayAsync();

        Assert.Equal(0, code);
        var releases = lines[^1]["releases"]!;
        Assert.Equal((32, 32, 0, 0, 0), Counts(releases, "recorded")); // of four rounds, four sites' updates and evaluations; messages are computed from no row
        Assert.Equal(s_sites, lines.Where(line => (string?)line["event"] == "site").Select(line => (string)line["site"]!));
        Assert.All(lines.Where(line => (string?)line["event"] == "site"), line => Assert.Equal((8, 8, 0, 0, 0), Counts(line, "releases")));
        Assert.Contains("replayed: sums equal and every release equal at 4 sites", await SayAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_unchecked_or_not_stated_is_said_and_is_no_difference()
    {
        _run.State(_folder, "east");
        _run.State(_folder, "north", release => release.Step.Kind == StepKind.Evaluation ? release with { Outcome = ReplayOutcome.Unchecked } : release);
        _run.State(_folder, "south", release => release.Step.Round.Value == 4 ? null : release);

        var (code, lines, _) = await ReplayAsync();

        Assert.Equal(0, code);
        Assert.Equal((32, 18, 0, 4, 10), Counts(lines[^1]["releases"]!, "recorded"));
        Assert.Contains("sums equal; 4 releases unchecked, 10 without a statement, 18 of 32 equal", await SayAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("replayed:", await SayAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Release_that_came_out_otherwise_is_named_with_its_site()
    {
        _run.State(_folder, "east");
        _run.State(_folder, "north", release => release.Step is { Kind: StepKind.Training, Round.Value: 2 } ? release with { Outcome = ReplayOutcome.Unequal } : release);

        var (code, lines, error) = await ReplayAsync();

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("north states that its release for 5100000000000001.2.training.1 came out otherwise", error);
        Assert.False((bool)lines[^1]["equal"]!);
        Assert.Equal((8, 7, 1, 0, 0), Counts(lines.Single(line => (string?)line["site"] == "north"), "releases"));
    }

    [Fact]
    public async Task Release_that_the_record_names_otherwise_is_named_with_its_site()
    {
        _run.State(_folder, "west", release => release.Step is { Kind: StepKind.Training, Round.Value: 3 } ? release with { Release = Sha256Digest.Of("another"u8) } : release);

        var (code, _, error) = await ReplayAsync();

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("west states that its release for 5100000000000001.3.training.1 was ", error);
    }

    [Fact]
    public async Task Release_of_an_attempt_that_came_to_nothing_is_no_difference_unless_it_came_out_otherwise()
    {
        var stray = new ReplayedRelease(new StepId(RunId.Parse("5100000000000001"), new RoundNumber(1), StepKind.KeyAgreement, 2), Sha256Digest.Of("stray"u8), ReplayOutcome.Equal);
        _run.State(_folder, "east", release => release.Step is { Kind: StepKind.Evaluation, Round.Value: 4 } ? stray : release);
        Assert.Equal(0, (await ReplayAsync()).Code);

        _run.State(_folder, "east", release => release.Step is { Kind: StepKind.Evaluation, Round.Value: 4 } ? stray with { Outcome = ReplayOutcome.Unequal } : release);

        Assert.Contains("5100000000000001.1.keyagreement.2 came out otherwise", (await ReplayAsync()).Error);
    }

    [Fact]
    public async Task Statement_that_was_changed_is_refused_and_nothing_is_replayed()
    {
        _run.State(_folder, "east", release => release with { Outcome = ReplayOutcome.Unequal });
        var file = Path.Combine(_folder, "east.json");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Replace("unequal", "equal", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        Assert.Contains("east.json' is no statement of a worker: The statement is not signed", await RefusedAsync());
    }

    [Fact]
    public async Task Statement_of_another_run_is_refused()
    {
        _run.State(_folder, "east", run: "5100000000000002");

        Assert.Contains("east.json' is of run 5100000000000002", await RefusedAsync());
    }

    [Fact]
    public async Task Statement_of_another_study_is_refused()
    {
        File.WriteAllBytes(Path.Combine(_folder, "east.json"), ReplayStatement.Sign(
            SiteId.Parse("east"), RunId.Parse("5100000000000001"), ExportedRun.Study("plain").Digest, [], _run.Keys.Worker(SiteId.Parse("east"))));

        Assert.Contains("this is run 5100000000000001 of study", await RefusedAsync());
    }

    [Fact]
    public async Task Statement_that_another_sites_worker_signed_is_refused()
    {
        _run.State(_folder, "east", key: _run.Keys.Worker(SiteId.Parse("west")));

        Assert.Contains("the study names", await RefusedAsync());
    }

    [Fact]
    public async Task Statement_by_a_key_that_the_record_knows_as_renewed_counts_and_by_another_does_not()
    {
        using var next = SigningKey.Create();
        using var stranger = SigningKey.Create();
        var east = SiteId.Parse("east");
        var renewal = KeyRenewals.Write([KeyRenewal.Sign(east, 1, _run.Keys.Worker(east), next, DateTimeOffset.UnixEpoch)]);
        _run.Forge(records =>
        {
            foreach (var record in records)
                record["renewals"] = JsonNode.Parse(renewal);
        });

        _run.State(_folder, "east", key: next);
        Assert.Equal(0, (await ReplayAsync()).Code);
        _run.State(_folder, "east", key: stranger);
        Assert.Contains("no renewal that the record knows", await RefusedAsync());
    }

    [Fact]
    public async Task Second_statement_of_a_site_is_refused()
    {
        _run.State(_folder, "east");
        _run.State(_folder, "east", file: "later.json");

        Assert.Contains("later.json' is a second statement of east", await RefusedAsync());
    }

    [Fact]
    public async Task Folder_that_is_not_there_is_refused() =>
        Assert.Equal((int)ExitCode.Usage, (await CommandRun.FcmlAsync("replay", "--folder", _run.Folder, "--statements", Path.Combine(_folder, "none"))).Code);

    [Fact]
    public async Task Key_of_a_site_that_the_study_names_none_for_is_shown_to_be_compared_by_hand()
    {
        using var plain = new ExportedRun("plain");
        foreach (var site in s_sites)
            plain.State(_folder, site);

        var (code, output, _) = await CommandRun.FcmlWithOutputAsync("replay", "--folder", plain.Folder, "--statements", _folder);

        Assert.Equal(0, code);
        Assert.Contains("The study names no worker key of these sites", output, StringComparison.Ordinal);
        Assert.Contains("every release equal at 4 sites, by keys that are to be compared by hand", output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains(FingerprintText.Write(plain.Keys.Worker(SiteId.Parse("east")).PublicKey.Fingerprint), output, StringComparison.Ordinal);
    }

    private static (int Recorded, int Equal, int Unequal, int Unchecked, int Missing) Counts(JsonNode line, string recorded) =>
        ((int)line[recorded]!, (int)line["equal"]!, (int)line["unequal"]!, (int)line["unchecked"]!, (int)line["withoutStatement"]!);

    private async Task<string> RefusedAsync()
    {
        var (code, lines, error) = await ReplayAsync();
        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Empty(lines);
        return error;
    }

    private async Task<string> SayAsync() => (await CommandRun.FcmlWithOutputAsync("replay", "--folder", _run.Folder, "--statements", _folder)).Output;

    private async Task<(int Code, IReadOnlyList<JsonNode> Lines, string Error)> ReplayAsync()
    {
        var (code, output, error) = await CommandRun.FcmlWithOutputAsync("replay", "--folder", _run.Folder, "--statements", _folder, "--json");
        return (code, [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)], error);
    }
}
