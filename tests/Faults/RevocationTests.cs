using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Launching;

namespace FederatedClinicalMl.Tests.Faults;

/// <summary>A site is revoked in the middle of a run: its federation is of no further use, so it is of this class alone.</summary>
public sealed class RevocationTests(TestFederation fixture) : IClassFixture<TestFederation>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = 180_000)]
    public async Task Run_goes_on_without_a_site_that_is_revoked_in_its_middle()
    {
        var federation = fixture.Federation;
        var site = federation.Sites[0];
        var yaml = TestFederation.Study.Replace("name: two-rounds", "name: quorum-of-one", StringComparison.Ordinal).Replace("quorum: 2", "quorum: 1", StringComparison.Ordinal);
        var digest = await federation.ApproveEverywhereAsync(yaml, StudyChecker.CheckYaml(yaml).Study!, Cancel);
        await site.Worker!.KillAsync(); // so that the run waits for this site, until it is revoked or the ten minutes of the deadline are over
        var gatewayLog = site.Gateway!.Specification.Log;
        var coordinatorLog = federation.Coordinator!.Specification.Log;
        var from = FileSignal.LengthOf(coordinatorLog);

        var run = await federation.StartRunAsync(digest, Cancel);
        await FileSignal.LineAsync(coordinatorLog, from, Cancel, run, "ReleaseAccepted"); // of the other site: only this one is missing
        await federation.Admin.AskAsync(
            admin => admin.RevokeAsync(new RevokeRequest { Subject = new Subject { Kind = Subject.Types.Kind.Site, Role = Subject.Types.Role.Site, Name = site.Name } }, cancellationToken: Cancel), Cancel);

        var state = (await fixture.FollowAsync(run)).State;
        Assert.Equal(RunStatus.Registered, state.Status);
        Assert.Equal(GoneReason.Revoked, Assert.Single(state.Gone).Value);
        Assert.All(state.History, step => Assert.Equal([federation.Sites[1].Name], step.Participants.Select(participant => participant.Value)));
        await FileSignal.LineAsync(gatewayLog, 0, Cancel, "CERTIFICATE_REVOKED");
    }
}
