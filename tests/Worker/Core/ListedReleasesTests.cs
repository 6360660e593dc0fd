using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Core;

/// <summary>What a worker lists of its releases for an auditor.</summary>
public sealed class ListedReleasesTests : IDisposable
{
    private readonly Site _site = new();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void List_has_every_release_and_which_of_them_the_worker_has_heard_to_count()
    {
        _site.Approve();
        var preparation = _site.Release(Site.Order(Kind.Preparation));
        Settle(preparation, SettleRequest.Types.Outcome.Committed);
        var late = _site.Release(Site.Order(Kind.Training));
        Settle(late, SettleRequest.Types.Outcome.Late);
        _site.Release(Site.Order(Kind.Training, round: 2));

        var listed = ListedReleases.Of(ChainedLog.Read(_site.Disk, WorkerCore.LogPath, _site.Key.PublicKey)).ToList();

        Assert.Equal(
            [($"{Site.Run}.0.preparation.1", true), ($"{Site.Run}.1.training.1", false), ($"{Site.Run}.2.training.1", false)], listed.Select(release => (release.Step.ToString(), release.Taken)));
        Assert.Equal(_site.Core.State.Releases[listed[0].Step].Head.Digest, listed[0].Release);
    }

    private void Settle(ReleaseTicket ticket, SettleRequest.Types.Outcome outcome) => _site.Core.Settle(new SettleRequest { ReleaseDigest = ticket.ReleaseDigest, Outcome = outcome });
}
