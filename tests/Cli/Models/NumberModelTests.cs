using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Cli.Models.Mlflow;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Cli.Studies;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Tests.Cli.Models;

/// <summary>A stored simulation of a study that predicts a number, in each verb that shows metrics.</summary>
public sealed class NumberModelTests : IDisposable
{
    private readonly Hospitals _hospitals = NumberHospitals.Write("{every: 1, per-site: true, subgroups: [{feature: sex, bands: [0.5], names: [women, men]}], error-gates: {greatest-error: 5, subgroup-gap: 3}}");

    private string Stored => Path.Combine(_hospitals.Root, "stored");

    public void Dispose() => _hospitals.Dispose();

    [Fact]
    public async Task Simulation_tells_errors_of_rounds_sites_rows_and_subgroups()
    {
        var (code, said, error) = await CommandRun.FcmlWithOutputAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", Stored, "--json");

        Assert.Equal((0, ""), (code, error));
        var lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToLookup(line => (string)line["event"]!);
        Assert.Equal([1, 2, 3], lines["round"].Select(line => (int)line["round"]!));
        Assert.All(lines["round"], line => Assert.Equal(["rows", "mae", "rmse", "r2", "bias"], line["metrics"]!.AsObject().Select(metric => metric.Key)));
        Assert.Equal(["north", "south", "west", "all"], lines["score"].Select(line => (string)line["site"]!));
        var (all, last) = (lines["score"].Last(), lines["round"].Last()["metrics"]!);
        Assert.Equal((int)last["rows"]!, (int)all["rows"]!);
        Assert.Equal((double)last["mae"]!, (double)all["mae"]!["value"]!, 1e-9); // sums are exact: what is told round by round is what rows say
        Assert.True((double)last["mae"]! < (double)lines["round"].First()["metrics"]!["mae"]!);
        Assert.Equal(["women", "men", "missing"], lines["subgroups"].Single()["partitions"]![0]!["subgroups"]!.AsArray().Select(group => (string)group!["name"]!));
        Assert.All(lines["siteMetrics"].Single()["sites"]!.AsArray(), site => Assert.NotNull(site!["errors"]));
        var (_, people, _) = await CommandRun.FcmlWithOutputAsync("simulate", _hospitals.Study, "--data", _hospitals.Data);
        Assert.Matches(@"round 3/3: MAE [\d.]+, RMSE [\d.]+, R² [-\d.]+, bias", people);
        Assert.DoesNotContain("AUROC", people, StringComparison.Ordinal);
        Assert.Contains("MAE ", people, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entry_is_verified_compared_and_documented_by_its_errors()
    {
        var other = Path.Combine(_hospitals.Root, "other");
        await SimulateAsync(Stored);
        await File.WriteAllTextAsync(_hospitals.Study, (await File.ReadAllTextAsync(_hospitals.Study, TestContext.Current.CancellationToken)).Replace("learning-rate: 0.1", "learning-rate: 0.2", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await SimulateAsync(other);

        Assert.Equal((0, ""), await CommandRun.FcmlAsync("models", "verify", "--folder", Stored));
        var comparison = JsonNode.Parse((await CommandRun.FcmlWithOutputAsync("models", "compare", Stored, other, "--json")).Output)!;
        Assert.NotEqual((double)comparison["metrics"]!["before"]!["mae"]!, (double)comparison["metrics"]!["after"]!["mae"]!);
        Assert.StartsWith("Mean absolute error differs from production's", (string)comparison["words"]!, StringComparison.Ordinal);
        Assert.Equal("sex", (string)comparison["subgroups"]!["after"]![0]!["feature"]!);
        var (_, people, _) = await CommandRun.FcmlWithOutputAsync("models", "compare", Stored, other);
        Assert.Contains("mean absolute error", people, StringComparison.Ordinal);
        Assert.DoesNotContain("AUROC", people, StringComparison.Ordinal);
        foreach (var document in new[] { "card", "report" })
        {
            var (code, text, error) = await CommandRun.FcmlWithOutputAsync("models", document, "--folder", Stored);
            Assert.Equal((0, ""), (code, error));
            Assert.Contains("ean absolute error", text, StringComparison.Ordinal);
            Assert.DoesNotContain("AUROC", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Export_for_a_tracking_server_has_errors_of_rounds_and_sites_and_the_unit()
    {
        await SimulateAsync(Stored);
        var check = ModelFiles.Check(new DirectoryInfo(Stored), fingerprint: null);
        var evaluation = ModelFacts.Of(check, new FileDisk(Stored)).Evaluation!.Write();

        var export = await MlflowExport.OfAsync(check, Stored, null, (_, _) => Task.FromResult(evaluation), TestContext.Current.CancellationToken);

        Assert.Equal([1, 2, 3], export.Metrics.Where(metric => metric.Key == "mae").Select(metric => metric.Step));
        Assert.All((string[])["rmse", "r2", "bias", "site.north.mae", "site.west.r2"], name => Assert.Contains(export.Metrics, metric => metric.Key == name));
        Assert.DoesNotContain(export.Metrics, metric => metric.Key.Contains("auroc", StringComparison.Ordinal));
        Assert.Equal(("days", "d"), (Parameter("data.label"), Parameter("data.label.unit")));
        Assert.Equal("linear-regression", Parameter("model.kind"));

        string Parameter(string name) => export.Parameters.Single(parameter => parameter.Key == name).Value;
    }

    [Fact]
    public void Whoever_watches_sees_errors_in_a_live_table_and_reads_of_R_squared_where_a_round_is_held_back()
    {
        var scratch = Directory.CreateTempSubdirectory("fcml-number-").FullName;
        using var said = new StringWriter();
        var terminal = new Terminal(json: false, said, said, Console(said));
        var (plain, view) = (StudyFile.Read(new FileInfo(_hospitals.Study)), new RunView());
        var sites = SiteRows.Find(_hospitals.Data, plain, scratch, TimeProvider.System, Terminal.Silent, TestContext.Current.CancellationToken);
        var study = SimulatedKeys.Name(plain, sites.Keys);
        var trainer = new TorchTrainer();
        var federation = new SimulatedFederation(
            study, SimulatedKeys.Sign(study), RunId.Parse("5100000000000001"), new Timeline(), new Weather(), new SimulatedKeys(), [.. sites.Select(site => new SimulatedSite(site.Key, site.Value.Computer(trainer)))], new MemoryDisks().Open);
        federation.Coordinator.Journaled += journaled => view.Apply(
            journaled.Event, journaled.Event is StepCommitted { Step.Kind: StepKind.Evaluation or StepKind.SiteMetrics } committed ? federation.Coordinator.Result(committed.Result) : []);
        federation.RunToModel(null, TestContext.Current.CancellationToken);
        Directory.Delete(scratch, recursive: true);

        terminal.People.Write(view.Draw());
        view.Say(new RoundHeldBack(DateTimeOffset.UnixEpoch, new RoundNumber(2), new RoundNumber(1), default, null), terminal);

        Assert.Matches(@"round +│ sites +│ MAE +│ RMSE +│ R² +│ bias", said.ToString());
        Assert.Matches(@"3/3 +│ north south west +│ [\d.]+ +│ [\d.]+ +│ 0\.\d{3} +│ -?[\d.]+", said.ToString());
        Assert.Matches(@"site +│ rows +│ MAE", said.ToString());
        Assert.Contains("round 2 is held back: the R² fell further", said.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Comparison_at_the_sites_shows_rows_and_both_errors_of_each_and_who_tells_nothing()
    {
        var errors = PairedErrors.Of([1, 2, 3, 4, 5], [2, 3, 4, 5, 6], [3, 4, 5, 6, 8])!;
        var comparison = SiteComparison.Merge([(SiteId.Parse("north"), CorrelatedAreasReport.OfNumber(errors, 5)), (SiteId.Parse("south"), CorrelatedAreasReport.WithheldByPolicy)]);
        using var said = new StringWriter();

        Console(said).Write(CompareAtSitesVerb.TableOf(comparison, RandomEffects.Of([errors.Difference]), "stay 1.1.0 less 1.0.0 in production"));

        Assert.Matches(@"site +│ rows +│ MAE +│ production's +│ difference \[95 %\]", said.ToString());
        Assert.Matches(@"north +│ 5 +│ 1.0000 +│ 2.2000 +│ -1.2000 \[", said.ToString());
        Assert.Matches(@"south +│ withheld by its policy", said.ToString());
        Assert.Matches(@"together +│ +│ +│ +│ -1.2000 \[", said.ToString());
    }

    private static IAnsiConsole Console(TextWriter said)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(said), Ansi = AnsiSupport.No });
        console.Profile.Width = 200;
        return console;
    }

    private async Task SimulateAsync(string folder) => Assert.Equal((0, ""), await CommandRun.FcmlAsync("simulate", _hospitals.Study, "--data", _hospitals.Data, "--out", folder));
}
