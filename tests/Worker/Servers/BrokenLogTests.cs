using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Protos.WorkerPort;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.Worker.Servers;

public sealed class BrokenLogTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Steward_hears_on_every_verb_that_the_log_is_broken_and_the_gateway_a_closed_word()
    {
        await using var worker = await RunningWorker.StartAsync();
        await worker.Gateway.OfferStudyAsync(Site.OfferOf(Site.Study), cancellationToken: Stop);
        var digest = Site.Study.Digest.ToString();
        await worker.Steward.ApproveAsync(new DecisionRequest { Digest = digest, Steward = "grace" }, cancellationToken: Stop);
        await worker.StopAsync();
        var log = await File.ReadAllBytesAsync(worker.Log, Stop);
        log[20] ^= 1;
        await File.WriteAllBytesAsync(worker.Log, log, Stop);
        await worker.StartAgainAsync();

        foreach (var verb in (Func<Task>[])[
            async () => await worker.Steward.ListStudiesAsync(new ListStudiesRequest(), cancellationToken: Stop),
            async () => await worker.Steward.ShowStudyAsync(new StudyRequest { Digest = digest }, cancellationToken: Stop),
            async () => await worker.Steward.PreviewAsync(new StudyRequest { Digest = digest }, cancellationToken: Stop),
            async () => await worker.Steward.ApproveAsync(new DecisionRequest { Digest = digest }, cancellationToken: Stop),
            async () => await worker.Steward.RefuseAsync(new DecisionRequest { Digest = digest }, cancellationToken: Stop),
            async () => await worker.Steward.RevokeAsync(new DecisionRequest { Digest = digest }, cancellationToken: Stop),
            async () => await worker.Steward.SetExclusionsAsync(new SetExclusionsRequest(), cancellationToken: Stop),
            async () => await worker.Steward.DecideQualityAsync(new DecideQualityRequest(), cancellationToken: Stop),
            async () => await worker.Steward.ShowAudit(new ShowAuditRequest(), cancellationToken: Stop).ResponseStream.MoveNext(Stop)])
        {
            var refused = (await Assert.ThrowsAsync<RpcException>(verb)).Status;
            Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
            Assert.Contains("'audit.log', entry 1", refused.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(Reason.LogBroken, (await worker.Gateway.PerformAsync(Site.Order(), cancellationToken: Stop)).Declined);
        var settle = new SettleRequest { ReleaseDigest = ByteString.CopyFrom(new byte[32]) };
        Assert.Equal("LogBroken", (await Assert.ThrowsAsync<RpcException>(async () => await worker.Gateway.SettleAsync(settle, cancellationToken: Stop))).Status.Detail);
    }
}
