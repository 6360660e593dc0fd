using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli;
using FederatedClinicalMl.Cli.Launching;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>Kills a worker, a real process, in the middle of an import: made again, it is the undisturbed one.</summary>
public sealed class ImportTests : IDisposable
{
    private const string Datasets = """
        datasets:
          ehr: {path: export, format: fhir, time-zone: UTC}

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("fcml-import-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory(Timeout = 120_000)]
    [InlineData("import-segment-written", 0)]
    [InlineData("import-written", 0)]
    [InlineData("import-committed", 1)]
    public async Task Import_that_is_killed_is_there_whole_or_not_at_all_and_goes_through_when_it_is_made_again(string point, int imports)
    {
        await using var children = new ChildGroup();
        var site = new LocalSite("north", Path.Combine(_folder, "north"), Path.Combine(_folder, "logs"), TestFederation.Programs(), children);
        await site.InitialiseAsync(Datasets, null, Cancel);
        WriteExport(Path.Combine(site.WorkerFolder, "export"));
        await site.StartWorkerAsync(Cancel, new Dictionary<string, string> { ["FCML_FAULT_POINT"] = $"{point}#1" });

        await Assert.ThrowsAsync<CliException>(() => site.WorkerVerbAsync(["data", "import", "ehr"], Cancel));
        await site.Worker!.Ended.WaitAsync(Cancel);
        await site.StartWorkerAsync(Cancel);

        Assert.Equal(imports, (await ListAsync(site)).Count);
        await site.WorkerVerbAsync(["data", "import", "ehr"], Cancel);
        var made = await ListAsync(site);
        // The fingerprint of the first import that is there: keyed by this site's secret, so an undisturbed one is made beside it.
        Directory.Move(Path.Combine(site.WorkerFolder, "events"), Path.Combine(site.WorkerFolder, "events-killed"));
        Directory.CreateDirectory(Path.Combine(site.WorkerFolder, "events"));
        await Assert.ThrowsAsync<CliException>(() => site.WorkerVerbAsync(["data", "faults", "ehr", "1"], Cancel)); // nothing is there now
        await site.WorkerVerbAsync(["data", "import", "ehr"], Cancel);
        Assert.Equal((string?)made[0]!["fingerprint"], (string?)(await ListAsync(site))[0]!["fingerprint"]);
        Assert.StartsWith("intact", await site.VerifyAuditAsync(Cancel), StringComparison.Ordinal);
    }

    [Theory(Timeout = 120_000)]
    [InlineData("erasure-ordered")]
    [InlineData("erasure-done")]
    public async Task Erasing_that_is_killed_is_finished_by_the_next_start_and_recorded_once(string point)
    {
        await using var children = new ChildGroup();
        var site = new LocalSite("north", Path.Combine(_folder, "north"), Path.Combine(_folder, "logs"), TestFederation.Programs(), children);
        await site.InitialiseAsync(Datasets, null, Cancel);
        WriteExport(Path.Combine(site.WorkerFolder, "export"));
        await site.StartWorkerAsync(Cancel, new Dictionary<string, string> { ["FCML_FAULT_POINT"] = $"{point}#1" });
        await site.WorkerVerbAsync(["data", "import", "ehr"], Cancel);

        await Assert.ThrowsAsync<CliException>(() => site.WorkerVerbAsync(["data", "erase", "ehr", "--yes"], Cancel));
        await site.Worker!.Ended.WaitAsync(Cancel);
        Assert.Equal(point == "erasure-ordered", Directory.Exists(Path.Combine(site.WorkerFolder, "events", "ehr")));
        await site.StartWorkerAsync(Cancel);

        Assert.False(Directory.Exists(Path.Combine(site.WorkerFolder, "events", "ehr")));
        Assert.Empty(await ListAsync(site));
        var log = await File.ReadAllTextAsync(Path.Combine(site.WorkerFolder, "audit.log"), Cancel);
        Assert.Equal((2, 2), (log.Split("\"erasure-ordered\"").Length, log.Split("\"data-erased\"").Length)); // each once
        await site.WorkerVerbAsync(["data", "import", "ehr"], Cancel);
        Assert.Single(await ListAsync(site));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task<JsonArray> ListAsync(LocalSite site) =>
        JsonNode.Parse(await site.WorkerVerbAsync(["data", "list", "--json"], Cancel))!["imports"]!.AsArray();

    private static void WriteExport(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllLines(Path.Combine(folder, "Patient.ndjson"), Enumerable.Range(0, 20).Select(i => $$"""{"resourceType":"Patient","id":"p{{i}}","gender":"female","birthDate":"1950-01-{{i + 1:00}}"}"""));
        File.WriteAllLines(Path.Combine(folder, "Observation.ndjson"), Enumerable.Range(0, 200).Select(i =>
            $$$"""{"resourceType":"Observation","id":"o{{{i}}}","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/p{{{i % 20}}}"},"effectiveDateTime":"2020-01-01T10:00:{{{i % 60:00}}}Z","issued":"2020-01-01T11:00:00Z","valueQuantity":{"value":{{{60 + (i % 40)}}},"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}"""));
    }
}
