using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Cli.Replay;
using FederatedClinicalMl.Cli.Synth;
using FederatedClinicalMl.Tests.Coordinator;

namespace FederatedClinicalMl.Tests.Cli.Simulation;

/// <summary>A study over events in one process: from an export at each site to a registered model, and again from its records.</summary>
public sealed class EventSimulationTests : IDisposable
{
    private const int Patients = 150;

    private static readonly string s_study = Path.Combine(Path.GetDirectoryName(Here())!, "../../../docs/how-to/examples/synthetic-hospitals.yaml");

    private readonly TemporaryFolder _folder = new();

    private string Model => _folder.Of("model");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Simulation_gives_the_same_fingerprints_and_model_from_fhir_omop_and_csv()
    {
        var ended = new List<(List<string> Fingerprints, string Parameters)>();
        foreach (var format in Enum.GetValues<SynthFormat>())
        {
            var events = await SimulateAsync(Make(format), s_study);
            var imports = events.Where(item => Kind(item) == "import").ToList();
            Assert.Equal(["site-1", "site-2", "site-3", "site-4"], imports.Select(item => (string)item["site"]!));
            Assert.All(imports, item => Assert.True((int)item["training"]! > 20 && (int)item["test"]! > 5));
            ended.Add(([.. imports.Select(item => (string)item["fingerprint"]!)], (string)events[^1]["parameters"]!));
        }

        Assert.Equal(4, ended[0].Fingerprints.Distinct().Count());
        Assert.All(ended, one => Assert.Equal(ended[0].Fingerprints, one.Fingerprints));
        Assert.All(ended, one => Assert.Equal(ended[0].Parameters, one.Parameters));
    }

    [Fact]
    public async Task Site_whose_quality_gate_keeps_it_out_is_named_and_the_others_train()
    {
        var events = await SimulateAsync(Make(SynthFormat.Fhir), s_study, "--out", Model);

        var keptOut = events.Where(item => Kind(item) == "import" && item["keptOut"] is not null).ToList();
        Assert.Equal("site-3", (string)Assert.Single(keptOut)["site"]!);
        Assert.Contains("age-range (high): ", (string)keptOut[0]["keptOut"]!, StringComparison.Ordinal);
        Assert.Equal(["site-1", "site-2", "site-4"], RecordedRun.Of(ModelFiles.Check(new DirectoryInfo(Model), fingerprint: null), Model).Sites.Select(site => site.Value));
    }

    [Fact]
    public async Task Replay_over_the_same_exports_is_digest_equal_and_over_a_changed_one_compares_nothing()
    {
        var data = Make(SynthFormat.Fhir, faulty: 0);
        await SimulateAsync(data, s_study, "--out", Model);

        Assert.Equal((0, ""), await CommandRun.FcmlAsync("replay", "--folder", Model, "--data", data));

        var path = Path.Combine(data, "site-2", "data", "Observation.ndjson");
        var lines = await File.ReadAllLinesAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllLinesAsync(path, lines.Where((_, i) => i % 50 != 0), TestContext.Current.CancellationToken);
        var (code, output, error) = await CommandRun.FcmlWithOutputAsync("replay", "--folder", Model, "--data", data, "--json");
        Assert.Equal((int)ExitCode.NotVerified, code);
        Assert.Contains("Nothing was compared: the rows that the study sees are not those of the record at site-2 (recorded ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("\"event\":\"step\"", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_export_is_divided_among_four_sites_as_in_the_demo_and_replayed()
    {
        SynthRun.Run(new SynthOptions(1, 4 * Patients, Seed: 1, SynthFormat.Fhir, Gzip: false, FaultySite: 0, DriftSite: 0), _folder.Of("made"), TestContext.Current.CancellationToken);
        var export = Path.Combine(_folder.Of("made"), "site-1", "data");

        var events = await SimulateAsync(export, s_study, "--out", Model);

        Assert.Equal(4 * Patients, events.Where(item => Kind(item) == "import").Sum(item => (int)item["patients"]!));
        Assert.Equal((0, ""), await CommandRun.FcmlAsync("replay", "--folder", Model, "--data", export));
    }

    [Theory]
    [InlineData("site-2/datasets.yaml", null, "has nothing for site-2; for a study over events each site needs a folder SITE with a datasets.yaml")]
    [InlineData("site-2/datasets.yaml", "datasets: {synthetic-hospital: {path: data, format: fhir}}", "site-2/datasets.yaml:1:")]
    [InlineData("site-2/datasets.yaml", "datasets: {other: {path: data, format: fhir, time-zone: UTC}}", "site-2: datasets.yaml maps no events under the name 'synthetic-hospital'")]
    public async Task Site_without_a_sound_export_is_refused_by_name(string file, string? text, string said)
    {
        var data = Make(SynthFormat.Fhir, patients: 1);
        if (text is null)
            File.Delete(Path.Combine(data, file));
        else
            await File.WriteAllTextAsync(Path.Combine(data, file), text, TestContext.Current.CancellationToken);

        var (code, error) = await CommandRun.FcmlAsync("simulate", s_study, "--data", data);

        Assert.NotEqual(0, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    private static async Task<List<JsonNode>> SimulateAsync(string data, string study, params string[] options)
    {
        var (code, output, error) = await CommandRun.FcmlWithOutputAsync(["simulate", study, "--data", data, "--json", .. options]);
        Assert.True(code == 0, error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    private static string Kind(JsonNode item) => (string)item["event"]!;

    private string Make(SynthFormat format, int patients = Patients, int faulty = 3)
    {
        var folder = _folder.Of($"{format}");
        SynthRun.Run(new SynthOptions(4, patients, Seed: 1, format, Gzip: false, faulty, DriftSite: 4), folder, TestContext.Current.CancellationToken);
        return folder;
    }

    private static string Here([CallerFilePath] string file = "") => file;
}
