using FederatedClinicalMl.Protos.WorkerPort;
using FederatedClinicalMl.Tests.Worker.Policies;
using Kind = FederatedClinicalMl.Protos.WorkerPort.StepOrder.Types.Kind;

namespace FederatedClinicalMl.Tests.Worker.Core;

/// <summary><c>maximum-rounds</c>: of one study, over all its runs.</summary>
public sealed class RoundLimitTests : IDisposable
{
    private const string ThirdRun = "00000000000000aa";

    private readonly Site _site = new() { Policy = PolicyText.With("maximum-rounds", "3") };

    public RoundLimitTests() => _site.Approve();

    public void Dispose() => _site.Dispose();

    [Fact]
    public void Rounds_of_all_runs_count_together_and_the_one_beyond_is_declined()
    {
        Release(Site.Order(Kind.Preparation), Site.Order(), Site.Order(round: 2), Site.Order(Kind.Preparation, run: Site.AnotherRun), Site.Order(run: Site.AnotherRun));

        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Site.Order(round: 2, run: Site.AnotherRun)));
        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Site.Order(run: ThirdRun)));
        Assert.Equal(5, _site.Computer.Computed);
        _site.Restart();
        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Site.Order(run: ThirdRun)));

        _site.Policy = PolicyText.With("maximum-rounds", "4");
        Release(Site.Order(round: 2, run: Site.AnotherRun));
        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Site.Order(run: ThirdRun)));
    }

    [Fact]
    public void Step_that_is_tried_again_and_the_evaluation_of_a_round_count_no_further_round()
    {
        Release(Site.Order(), Site.Order(attempt: 2), Site.Order(attempt: 3), Site.Order(Kind.Evaluation), Site.Order(Kind.Evaluation, attempt: 2), Site.Order(round: 2));
        Release(Site.Order(run: Site.AnotherRun));

        Release(Site.Order(run: Site.AnotherRun, attempt: 2), Site.Order(Kind.Evaluation, run: Site.AnotherRun)); // at the limit still
        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Site.Order(round: 2, run: Site.AnotherRun)));
    }

    [Fact]
    public void Evaluations_alone_count_too()
    {
        Release(Site.Order(Kind.Evaluation), Site.Order(Kind.Evaluation, round: 2), Site.Order(Kind.Evaluation, run: Site.AnotherRun));

        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Site.Order(Kind.Evaluation, run: ThirdRun)));
    }

    [Fact]
    public void Settled_and_destroyed_releases_count_as_they_did()
    {
        Release(Site.Order(), Site.Order(round: 2), Site.Order(run: Site.AnotherRun));
        foreach (var ticket in _site.Core.Held())
            _site.Core.Settle(new SettleRequest { ReleaseDigest = ticket.ReleaseDigest, Outcome = SettleRequest.Types.Outcome.Abandoned });

        Assert.Equal(Reason.ReleaseBeyondPolicy, _site.Decline(Site.Order(run: ThirdRun)));
    }

    [Fact]
    public void Each_study_has_its_own_count()
    {
        Release(Site.Order(), Site.Order(round: 2), Site.Order(run: Site.AnotherRun));
        _site.Approve(Site.AnotherStudy);

        Release(Site.Order(run: ThirdRun, study: Site.AnotherStudy));
    }

    private void Release(params ReadOnlySpan<StepOrder> orders)
    {
        foreach (var order in orders)
            Assert.NotNull(_site.Release(order));
    }
}
