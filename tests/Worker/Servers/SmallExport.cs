using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary>A small FHIR export of one patient below a worker's folder: pulses under a standard code, and under one of the site's own.</summary>
internal static class SmallExport
{
    public const string Dataset = "ehr";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Writes it, maps it, and imports it.</summary>
    public static async Task<DataImport> ImportAsync(RunningWorker worker)
    {
        await WriteAsync(worker);
        return await worker.Steward.ImportDataAsync(new ImportDataRequest { Dataset = Dataset, Steward = "grace" }, cancellationToken: Stop);
    }

    /// <summary>Writes it, and the map of datasets.</summary>
    /// <param name="worker">Whose folder.</param>
    /// <param name="keys">Further keys of the dataset, each line with its indentation.</param>
    public static async Task WriteAsync(RunningWorker worker, string keys = "")
    {
        var export = Directory.CreateDirectory(Path.Combine(worker.Folder.Root, "export")).FullName;
        await File.WriteAllTextAsync(Path.Combine(export, "Patient.ndjson"), """{"resourceType":"Patient","id":"anna","gender":"female","birthDate":"1960-05-05"}""" + "\n", Stop);
        await File.WriteAllLinesAsync(
            Path.Combine(export, "Observation.ndjson"),
            [
                Pulse("o1", """{"coding":[{"system":"http://loinc.org","code":"8867-4"}]}""", "Schlaege"),
                Pulse("o2", """{"text":"Puls"}""", "/min"), Pulse("o3", """{"text":"Puls"}""", "/min"),
            ],
            Stop);
        await File.WriteAllTextAsync(worker.Folder.Datasets, $"datasets:\n  {Dataset}:\n    path: export\n    format: fhir\n    time-zone: UTC\n{keys}", Stop);
    }

    private static string Pulse(string id, string code, string unit) =>
        $$$"""{"resourceType":"Observation","id":"{{{id}}}","status":"final","code":{{{code}}},"subject":{"reference":"Patient/anna"},"effectiveDateTime":"2020-02-01T10:00:00Z","issued":"2020-02-01T10:00:00Z","valueQuantity":{"value":70,"unit":"{{{unit}}}"}}""";
}
