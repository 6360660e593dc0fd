using FederatedClinicalMl.Protos.Steward;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.Worker.Servers;

/// <summary>What tells a steward's program that there is something new, over the real socket.</summary>
public sealed class WatchVerbTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watcher_hears_at_once_and_of_each_entry_of_the_log()
    {
        await using var worker = await RunningWorker.StartAsync();
        using var watch = worker.Steward.Watch(new WatchChangesRequest(), cancellationToken: Stop);
        Assert.True(await watch.ResponseStream.MoveNext(Stop));
        var next = watch.ResponseStream.MoveNext(Stop);
        Assert.False(next.IsCompleted);

        await worker.Gateway.OfferStudyAsync(Site.OfferOf(Site.Study), cancellationToken: Stop);

        Assert.True(await next);
        await worker.Steward.ApproveAsync(new DecisionRequest { Digest = Site.Study.Digest.ToString(), Steward = "grace" }, cancellationToken: Stop);
        Assert.True(await watch.ResponseStream.MoveNext(Stop));
    }
}
