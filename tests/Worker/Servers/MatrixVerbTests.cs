using System.Text.Json.Nodes;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.ClinicalData;
using Parquet;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary>The rows of a study for people at the site, over the real socket.</summary>
public sealed class MatrixVerbTests : IAsyncLifetime
{
    private static readonly Study s_study = ClinicalStudyText.Of("pulse: {kind: number, of: [observation], codes: {loinc: [8867-4]}, unit: /min, plausible: [20, 300]}");

    private RunningWorker _worker = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Out => Path.Combine(_worker.Folder.Root, "matrix.parquet");

    public async ValueTask InitializeAsync()
    {
        _worker = await RunningWorker.StartAsync();
        var export = Directory.CreateDirectory(Path.Combine(_worker.Folder.Root, "export")).FullName;
        await File.WriteAllLinesAsync(Path.Combine(export, "Patient.ndjson"), Each(i => $$"""{"resourceType":"Patient","id":"{{i}}","gender":"female","birthDate":"1960-05-05"}"""), Stop);
        await File.WriteAllLinesAsync(Path.Combine(export, "Encounter.ndjson"), Each(i =>
            $$$"""{"resourceType":"Encounter","id":"e-{{{i}}}","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},"subject":{"reference":"Patient/{{{i}}}"},"period":{"start":"2020-02-01T12:00:00Z","end":"2020-02-02T10:00:00Z"}}"""), Stop);
        await File.WriteAllLinesAsync(Path.Combine(export, "Observation.ndjson"), Each(i =>
            $$$"""{"resourceType":"Observation","id":"o-{{{i}}}","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/{{{i}}}"},"effectiveDateTime":"2020-02-01T10:00:00Z","issued":"2020-02-01T10:00:00Z","valueQuantity":{"value":{{{60 + i.Length}}},"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}"""), Stop);
        await File.WriteAllTextAsync(_worker.Folder.Datasets, "datasets:\n  ehr:\n    path: export\n    format: fhir\n    time-zone: UTC\n", Stop);
        await _worker.Steward.ImportDataAsync(new ImportDataRequest { Dataset = "ehr", Steward = "grace" }, cancellationToken: Stop);
        await _worker.Gateway.OfferStudyAsync(Site.OfferOf(s_study), cancellationToken: Stop);
    }

    public ValueTask DisposeAsync() => _worker.DisposeAsync();

    [Fact]
    public async Task Steward_gets_the_rows_of_a_study_for_their_account_alone_and_the_log_says_so_without_them()
    {
        Assert.Equal(0, await MatrixAsync(Out));

        await using var reader = await ParquetReader.CreateAsync(Out, cancellationToken: Stop);
        using var group = reader.OpenRowGroupReader(0);
        Assert.Equal(2, group.RowCount);
        Assert.Equal(s_study.Digest.ToString(), reader.CustomMetadata["fcml.study"]);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Out));
        var entry = JsonNode.Parse((await File.ReadAllLinesAsync(_worker.Log, Stop))[^1])!;
        Assert.Equal(
            ("matrix-written", s_study.Digest.ToString(), reader.CustomMetadata["fcml.fingerprint"], 2, "grace"),
            ((string)entry["kind"]!, (string)entry["body"]!["study"]!, (string)entry["body"]!["fingerprint"]!, (int)entry["body"]!["rows"]!, (string)entry["body"]!["steward"]!));
        Assert.Equal(4, entry["body"]!.AsObject().Count);
        await _worker.StopAsync();
        await _worker.StartAgainAsync(); // reads the entry again
        Assert.Equal(0, await CommandLine.RunAsync(["audit", "verify", "--data", _worker.Folder.Root]));
    }

    [Fact]
    public async Task Matrix_leaves_out_who_opted_out_as_training_does()
    {
        var request = new SetExclusionsRequest { Steward = "grace" };
        request.Pseudonyms.Add("anna");
        await _worker.Steward.SetExclusionsAsync(request, cancellationToken: Stop);

        Assert.Equal(0, await MatrixAsync(Out));

        Assert.Equal(["bertha"], TableReader.Read(new DatasetSource(Out, DatasetFormat.Parquet, true, [], ',', []), [], [TrainingMatrix.Patient]).Texts(TrainingMatrix.Patient));
    }

    [Theory]
    [InlineData("../exchange/outgoing/matrix.parquet")]
    [InlineData("../exchange/matrix.parquet")]
    [InlineData("link/matrix.parquet")]
    [InlineData("link.parquet")]
    public async Task Matrix_into_the_folder_of_the_gateway_is_refused_and_nothing_is_logged(string path)
    {
        var exchange = Path.GetFullPath("../exchange", _worker.Folder.Root);
        Directory.CreateSymbolicLink(Path.Combine(_worker.Folder.Root, "link"), exchange);
        File.CreateSymbolicLink(Path.Combine(_worker.Folder.Root, "link.parquet"), Path.Combine(exchange, "outgoing/matrix.parquet"));
        var log = await File.ReadAllTextAsync(_worker.Log, Stop);

        Assert.Equal(1, await MatrixAsync(Path.Combine(_worker.Folder.Root, path)));

        Assert.Empty(Directory.EnumerateFiles(exchange, "*.parquet*", SearchOption.AllDirectories));
        Assert.Equal(log, await File.ReadAllTextAsync(_worker.Log, Stop));
    }

    private Task<int> MatrixAsync(string path) =>
        CommandLine.RunAsync(["studies", "matrix", s_study.Digest.ToString()[..8], "--out", path, "--steward", "grace", "--data", _worker.Folder.Root]);

    private static IEnumerable<string> Each(Func<string, string> line) => ((string[])["anna", "bertha"]).Select(line);
}
