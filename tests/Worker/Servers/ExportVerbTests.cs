using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary>The steward's verbs about what an export holds, over the real socket, on a small FHIR export.</summary>
public sealed class ExportVerbTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Import_tells_how_much_is_unmapped_and_the_verb_which()
    {
        await using var worker = await RunningWorker.StartAsync();
        var import = await SmallExport.ImportAsync(worker);
        Assert.Equal(new DataTerms { Codes = 1, Events = 2, Units = 1, Numbers = 1 }, import.Terms);

        var reply = await worker.Steward.ShowTermsAsync(new TermsRequest { Dataset = SmallExport.Dataset }, cancellationToken: Stop);
        Assert.Equal(new UnmappedCode { Kind = "Observation", System = "", Code = "Puls", Count = 2 }, Assert.Single(reply.Codes));
        Assert.Equal(("8867-4", "Schlaege", "/min", 1UL), Assert.Single(reply.Units) is var unit ? (unit.Code, unit.Unit, unit.Wanted, unit.Count) : default);
        Assert.Equal(0, await CommandLine.RunAsync(["data", "terms", SmallExport.Dataset, "--data", worker.Folder.Root]));

        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await worker.Steward.ShowTermsAsync(new TermsRequest { Dataset = SmallExport.Dataset, Study = "0123" }, cancellationToken: Stop));
        Assert.Contains("names 0 studies", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_is_held_against_fhir_and_the_exit_code_tells()
    {
        await using var worker = await RunningWorker.StartAsync();
        await SmallExport.WriteAsync(worker);
        string[] validate = ["data", "validate", SmallExport.Dataset, "--data", worker.Folder.Root];
        Assert.Equal(0, await CommandLine.RunAsync(validate));

        await File.AppendAllTextAsync(Path.Combine(worker.Folder.Root, "export", "Patient.ndjson"), """{"resourceType":"Patient","id":"b","birthDate":"5.5.60"}""", Stop);
        Assert.Equal(1, await CommandLine.RunAsync(validate));
        Assert.Equal(0, await CommandLine.RunAsync([.. validate, "--limit", "1"]));
    }
}
