using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Grpc.Core;
using BodyCase = FederatedClinicalMl.Protos.Federation.CoordinatorMessage.BodyOneofCase;
using Member = FederatedClinicalMl.Protos.Federation.Member;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>What is open ends when a member is revoked: without that, each stream here would stay open, and its test would never end.</summary>
public sealed class RevocationTests : IAsyncLifetime
{
    private readonly SigningKey _worker = SigningKey.Create();
    private RunningCoordinator _coordinator = null!;
    private Person _admin = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _coordinator = await RunningCoordinator.StartAsync();
        _admin = await Person.EnrolAsync(_coordinator, Roles.Admin, "ada");
    }

    [Fact]
    public async Task Session_of_a_revoked_site_ends_with_a_farewell_that_says_why()
    {
        using var site = await _coordinator.EnrolSiteAsync("north", _worker);
        using var session = await SiteStream.OpenAsync(_coordinator, site, _worker);
        await session.NextAsync(BodyCase.Welcome);
        var farewell = session.NextAsync(BodyCase.Farewell); // as a gateway does: it listens all the time

        await _admin.RevokeAsync(site);

        Assert.Equal("CERTIFICATE_REVOKED", (await farewell).Farewell.Fault.Code);
        await AssertRefusedAsync(site);
    }

    [Fact]
    public async Task Session_that_nobody_reads_does_not_hold_up_the_revocation()
    {
        using var site = await _coordinator.EnrolSiteAsync("north", _worker);
        using var session = await SiteStream.OpenAsync(_coordinator, site, _worker);
        await session.NextAsync(BodyCase.Welcome);

        await _admin.RevokeAsync(site);

        Assert.Equal(Member.Types.State.Revoked, await StateOfAsync("north"));
        await AssertRefusedAsync(site);
    }

    [Fact]
    public async Task Watch_of_a_study_ends_when_the_one_who_watches_is_revoked()
    {
        var study = BenchmarkStudy.For("north");
        await _admin.SubmitAsync(study);
        using var researcher = await Person.EnrolAsync(_coordinator, Roles.Researcher, "rosa");
        using var watch = researcher.Calls.WatchStudy(new WatchStudyRequest { Digest = study.Digest.ToString() }, cancellationToken: Stop);
        Assert.True(await watch.ResponseStream.MoveNext(Stop));

        await _admin.RevokeAsync(researcher.Identity);

        await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(Stop));
        await AssertRefusedAsync(researcher);
    }

    [Fact]
    public async Task Watch_of_a_run_ends_when_the_one_who_watches_is_revoked()
    {
        using var site = await _coordinator.EnrolSiteAsync("north", _worker);
        using var session = await SiteStream.OpenAsync(_coordinator, site, _worker);
        var run = await StartRunAsync(session);
        using var auditor = await Person.EnrolAsync(_coordinator, Roles.Auditor, "otto");
        using var watch = auditor.Calls.WatchRun(new WatchRunRequest { Run = run }, cancellationToken: Stop);
        do
            Assert.True(await watch.ResponseStream.MoveNext(Stop));
        while (watch.ResponseStream.Current.Kind != "StepOpened"); // the last event until the site answers

        await _admin.RevokeAsync(auditor.Identity);

        await Assert.ThrowsAsync<RpcException>(() => watch.ResponseStream.MoveNext(Stop));
        await AssertRefusedAsync(auditor);
    }

    [Fact]
    public async Task Run_whose_only_site_is_revoked_ends()
    {
        using var site = await _coordinator.EnrolSiteAsync("north", _worker);
        using var session = await SiteStream.OpenAsync(_coordinator, site, _worker);
        var run = await StartRunAsync(session);

        await _admin.RevokeAsync(site);

        var last = await _admin.Calls.WatchRun(new WatchRunRequest { Run = run }, cancellationToken: Stop).ResponseStream.ReadAllAsync(Stop).LastAsync(Stop);
        Assert.Equal("RunFailed", last.Kind);
    }

    [Fact]
    public async Task Site_that_was_revoked_comes_back_with_a_new_invitation_and_not_with_the_old_certificate()
    {
        using var before = await _coordinator.EnrolSiteAsync("north", _worker);
        await _admin.RevokeAsync(before);

        using var after = await _coordinator.EnrolSiteAsync("north", _worker);

        using var session = await SiteStream.OpenAsync(_coordinator, after, _worker);
        await session.NextAsync(BodyCase.Welcome);
        await AssertRefusedAsync(before);
    }

    [Fact]
    public async Task Admin_does_not_revoke_themselves() =>
        Assert.Equal("SELF_REVOKED", await Person.FaultOfAsync(() => _admin.RevokeAsync(_admin.Identity)));

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await _coordinator.DisposeAsync();
        _worker.Dispose();
    }

    private async Task<string> StartRunAsync(SiteStream session)
    {
        var study = BenchmarkStudy.For("north");
        await _admin.SubmitAsync(study);
        await session.ApproveAsync(study.Digest);
        return await _admin.StartRunAsync(study.Digest);
    }

    private async Task<Member.Types.State> StateOfAsync(string name) =>
        (await _admin.Calls.ListMembersAsync(new ListMembersRequest(), cancellationToken: Stop)).Members.Single(m => m.Subject.Name == name).State;

    private static async Task AssertRefusedAsync(Person person) =>
        Assert.Equal("CERTIFICATE_REVOKED", await Person.FaultOfAsync(async () => await person.Calls.ListRunsAsync(new ListRunsRequest(), cancellationToken: Stop)));

    private async Task AssertRefusedAsync(ClientIdentity site) =>
        Assert.Equal("CERTIFICATE_REVOKED", await SiteStream.FirstWordAsync(_coordinator, site, _worker));
}
