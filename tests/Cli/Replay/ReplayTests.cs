using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Cli.Replay;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Tests.Cli.Replay;

public sealed class ReplayTests : IDisposable
{
    private readonly Hospitals _hospitals = new("{every: 1, per-site: true}");

    private string Folder => Path.Combine(_hospitals.Root, "model");

    public void Dispose() => _hospitals.Dispose();

    [Fact]
    public async Task Replay_of_a_stored_simulation_is_digest_equal()
    {
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Folder));

        var (code, last) = await ReplayAsync();

        Assert.Equal(0, code);
        Assert.True((bool)last["equal"]!);
        Assert.Equal(8, (int)last["steps"]!); // the preparation, training and evaluation of three rounds, and per-site metrics
    }

    [Fact]
    public async Task Replay_leaves_out_of_each_round_the_sites_that_did_not_take_part_in_it()
    {
        // West takes part in the preparation and in round 1 only.
        Record(site => site.Value == "west" ? [(new RoundNumber(0), StepKind.Preparation), (new RoundNumber(1), StepKind.Training), (new RoundNumber(1), StepKind.Evaluation)] : null);

        var (code, last) = await ReplayAsync();

        Assert.Equal(0, code);
        Assert.True((bool)last["equal"]!);
    }

    [Fact]
    public async Task Replay_needs_no_data_of_a_site_that_never_took_part()
    {
        Record(site => site.Value == "west" ? [] : null);
        File.Delete(_hospitals.FileOf("west"));

        Assert.Equal(0, (await ReplayAsync()).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Replay_over_other_data_than_the_simulation_s_names_the_sites_and_compares_nothing(bool isFewer)
    {
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Folder));
        ChangeNorth(isFewer);

        var (code, output, error) = await CommandRun.FcmlWithOutputAsync("replay", "--folder", Folder, "--data", _hospitals.Data, "--json");

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("Nothing was compared: the rows that the study sees are not those of the record at north (recorded ", error);
        Assert.DoesNotContain("\"step\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Replay_of_a_real_run_over_other_data_names_the_first_round_that_differs_and_whose_weight_is_another()
    {
        // North's rows enter from round 2 on: round 1 and the preparation are reproduced, and round 2 is the first that is not.
        Record(site => site.Value == "north" ? [(new RoundNumber(2), StepKind.Training), (new RoundNumber(3), StepKind.Training)] : null);
        ChangeNorth(isFewer: true);

        var first = ReplayAsReal().First(step => !step.Equal);

        Assert.EndsWith(".2.training.1", first.Step.ToString());
        Assert.Contains("north counted with weight", Assert.Single(first.Hints));
    }

    [Fact]
    public void Replay_of_a_real_run_over_changed_values_differs_in_the_preparation_first()
    {
        Record(_ => null);
        ChangeNorth(isFewer: false);

        Assert.EndsWith(".0.preparation.1", ReplayAsReal().First(step => !step.Equal).Step.ToString());
    }

    [Fact]
    public async Task Replay_withholds_what_each_site_s_policy_withheld_as_the_record_says()
    {
        Record(_ => null, site => site.Value == "north" ? 9 : 4);

        var (code, last) = await ReplayAsync();

        Assert.Equal(0, code);
        Assert.True((bool)last["equal"]!);
    }

    [Fact]
    public async Task Replay_of_per_site_metrics_tells_what_each_site_told()
    {
        Record(_ => null, site => site.Value switch { "north" => 0, "south" => 15, _ => 4 });

        var (code, last) = await ReplayAsync();

        Assert.Equal(0, code);
        Assert.True((bool)last["equal"]!);
        var sites = SiteMetrics.Read(await File.ReadAllBytesAsync(Path.Combine(Folder, "sitemetrics.json"), TestContext.Current.CancellationToken)).Sites;
        Assert.Equal([("north", Withholding.Policy), ("south", Withholding.TooFew), ("west", (Withholding?)null)], sites.Select(item => (item.Site.Value, item.Report.Withheld)));
    }

    [Fact]
    public async Task Simulation_under_differential_privacy_is_replayed_and_a_run_of_real_sites_is_refused()
    {
        var study = (await File.ReadAllTextAsync(_hospitals.Study, TestContext.Current.CancellationToken))
            .Replace("range: [18, 110], missing: mean", "range: [18, 110], missing: mean, constants: {mean: 60, sd: 15}", StringComparison.Ordinal)
            .Replace("range: [0, 1], missing: mean", "range: [0, 1], missing: {value: 0}, scale: none", StringComparison.Ordinal)
            .Replace("local-epochs: 1", "local-steps: 2", StringComparison.Ordinal).Replace("quorum: 2", "quorum: 2\n  weighting: equal", StringComparison.Ordinal).Replace(", per-site: true", "", StringComparison.Ordinal)
            + "\nprivacy: {dp: {noise-multiplier: 4, clipping-norm: 1, sampling-rate: 0.5, patients: 30, evaluation: {noise-multiplier: 4}}}\n";
        await File.WriteAllTextAsync(_hospitals.Study, study, TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Folder));

        var (code, last) = await ReplayAsync();

        Assert.Equal(0, code);
        Assert.True((bool)last["equal"]!);
        Assert.Contains("roots that never leave the sites", Assert.Throws<CliException>(ReplayAsReal).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replay_of_a_changed_record_is_refused()
    {
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Folder));
        var path = Path.Combine(Folder, "rounds.json");
        await File.WriteAllTextAsync(path, (await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).Replace("\"weight\":", "\"weight\": ", StringComparison.Ordinal), TestContext.Current.CancellationToken);

        var (code, error) = await CommandRun.FcmlAsync("replay", "--folder", Folder, "--data", _hospitals.Data);

        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("rounds.json", error);
    }

    /// <summary>Records a run in which some sites take part in some steps only (null: in all), or withhold small cells (0: and per-site metrics).</summary>
    private void Record(Func<SiteId, ImmutableHashSet<(RoundNumber Round, StepKind Kind)>?> steps, Func<SiteId, int>? minimumCell = null)
    {
        var study = StudyChecker.CheckYaml(File.ReadAllText(_hospitals.Study)).Study!;
        var trainer = new TorchTrainer();
        var every = Enumerable.Range(0, 4).SelectMany(round => Enum.GetValues<StepKind>().Select(kind => (new RoundNumber(round), kind))).ToImmutableHashSet();
        var federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), RunId.Parse("00000000000000aa"), new Timeline(), new Weather(), new SimulatedKeys(),
            [.. Rows(study).Select(site => new SimulatedSite(site.Key, new ReplayedComputer(site.Value.Computer(trainer), Steps(site.Key), tellsArea: site.Key.Value == "north")))],
            new MemoryDisks().Open);
        var model = federation.RunToModel(null, TestContext.Current.CancellationToken).Model!.Value;
        SimulateCommand.Store(federation.Coordinator.Registry, model, Folder, Terminal.Silent);

        ImmutableDictionary<(RoundNumber Round, StepKind Kind), int> Steps(SiteId site) =>
            (steps(site) ?? every).ToImmutableDictionary(step => step, step => Math.Max(minimumCell?.Invoke(site) ?? 1, step.Kind == StepKind.SiteMetrics ? 0 : 1));
    }

    private ImmutableSortedDictionary<SiteId, SiteRows> Rows(Study study) =>
        SiteRows.Find(_hospitals.Data, study, _hospitals.Root, TimeProvider.System, Terminal.Silent, TestContext.Current.CancellationToken);

    private void ChangeNorth(bool isFewer)
    {
        var lines = File.ReadAllLines(_hospitals.FileOf("north"));
        File.WriteAllLines(_hospitals.FileOf("north"), isFewer ? lines.SkipLast(9) : lines.Select(line => line.StartsWith('4') ? "45," + line[3..] : line));
    }

    // The keys of real sites' fingerprints are not known: such a run is compared whatever the data.
    private IReadOnlyList<ReplayedStep> ReplayAsReal()
    {
        var check = ModelFiles.Check(new DirectoryInfo(Folder), fingerprint: null);
        var record = RecordedRun.Of(check, Folder);
        return new Replayer(record with { Entry = record.Entry with { Software = "1.0.0" } }, new TorchTrainer()).Run(Rows(record.OfThoseWhoTookPart), _ => { }, TestContext.Current.CancellationToken);
    }

    private async Task<(int Code, JsonNode Last)> ReplayAsync()
    {
        var (code, output, error) = await CommandRun.FcmlWithOutputAsync("replay", "--folder", Folder, "--data", _hospitals.Data, "--json");
        Assert.True(output.Length > 0, error);
        return (code, JsonNode.Parse(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1])!);
    }
}
