using System.Text;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.SiteAgent.Worker;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Worker.Computing;
using Grpc.Core;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary><c>site-worker releases show</c> over the real socket.</summary>
public sealed class ReleasesVerbTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Steward_is_shown_what_a_release_contained_with_the_manifest_that_has_its_digest_also_when_the_gateway_has_none_of_it()
    {
        using var patients = new Patients();
        await using var worker = await RunningWorker.StartAsync();
        await File.WriteAllTextAsync(worker.Folder.Datasets, $"datasets: {{test: {{path: '{patients.File}', format: csv}}}}", Stop);
        await worker.Gateway.OfferStudyAsync(Site.OfferOf(Patients.OpenStudy), cancellationToken: Stop);
        await worker.Steward.ApproveAsync(new DecisionRequest { Digest = Patients.OpenStudy.Digest.ToString(), Steward = "grace" }, cancellationToken: Stop);
        var ticket = (await worker.Gateway.PerformAsync(Site.Order(Kind.Preparation, study: Patients.OpenStudy), cancellationToken: Stop)).Ticket;
        var left = worker.Read(ticket.File);
        await worker.Gateway.SettleAsync(new Protos.WorkerPort.SettleRequest { ReleaseDigest = ticket.ReleaseDigest, Outcome = Protos.WorkerPort.SettleRequest.Types.Outcome.Committed }, cancellationToken: Stop);

        var shown = await worker.Steward.ShowReleaseAsync(new ReleaseRequest { Release = $"{Site.Run}.0.preparation.1" }, cancellationToken: Stop);

        var content = Encoding.UTF8.GetBytes(shown.Json);
        Assert.Equal(left[^content.Length..], content);
        Assert.Equal(Sha256Digest.Of(content).ToString(), (string?)JsonNode.Parse(shown.Manifest)!["payloadDigest"]);
        Assert.Equal(content.Length, (int)JsonNode.Parse(shown.Manifest)!["payloadLength"]!);
        Assert.Equal(0, await CommandLine.RunAsync(["releases", "show", $"{Site.Run}.0.preparation.1", "--data", worker.Folder.Root]));
        Assert.Equal(1, await CommandLine.RunAsync(["releases", "show", $"{Site.Run}.1.training.1", "--data", worker.Folder.Root]));
        await Assert.ThrowsAsync<RpcException>(async () => await worker.Steward.ShowReleaseAsync(new ReleaseRequest { Release = "" }, cancellationToken: Stop));
    }
}
