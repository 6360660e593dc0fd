using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.SiteAgent.Worker;

namespace FederatedClinicalMl.Tests.Worker.Core;

public sealed class ExclusionTests : IDisposable
{
    private readonly Site _site = new();

    public ExclusionTests() => _site.Approve();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Patient_who_opts_out_while_a_step_is_computed_is_not_in_what_leaves()
    {
        _site.Computer.Meanwhile = (_, _) =>
        {
            _site.Computer.Meanwhile = null;
            _site.Core.SetExclusions(["patient-1"], "grace");
        };

        _site.Release(Site.Order());

        // The log has the exclusion before the release: the release must be one of those that it holds for.
        Assert.Equal([WorkerEntries.ExclusionsSet, WorkerEntries.Released], _site.Kinds.TakeLast(2));
        Assert.Equal(2, _site.Computer.Computed);
        var logged = _site.Core.State.Newest.Values.Single().Head.Manifest.Data;
        using var late = new Site();
        late.Approve();
        late.Core.SetExclusions(["patient-1"], "grace");
        late.Release(Site.Order());
        Assert.Equal(late.Core.State.Newest.Values.Single().Head.Manifest.Data, logged);
    }

    [Fact]
    public void Approval_withdrawn_while_a_step_is_computed_anew_keeps_it_from_leaving()
    {
        _site.Computer.Meanwhile = (_, cancel) =>
        {
            if (_site.Computer.Computed == 0)
                _site.Core.SetExclusions(["patient-1"], "grace");
            else
                _site.Core.Revoke(Site.Study.Digest, "grace", "");
            cancel.ThrowIfCancellationRequested();
        };

        Assert.Equal(Reason.ApprovalRevoked, _site.Decline(Site.Order()));
        Assert.Empty(_site.Outgoing);
    }
}
