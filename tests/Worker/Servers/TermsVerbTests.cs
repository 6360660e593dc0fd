using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary>The steward's verb about codes and units that nobody mapped, over the real socket, on a small FHIR export.</summary>
public sealed class TermsVerbTests
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
}
