using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using InvitationToken = FederatedClinicalMl.SiteAgent.Gateway.InvitationToken;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Tests.Coordinator.Enrolment;

/// <summary>Invitations that are worth nothing, redeemed as a site agent redeems them: each is refused with the fault that says what to do.</summary>
public sealed class InvitationTests : IAsyncLifetime
{
    private static readonly Member North = new(Roles.Site, "north");

    private readonly SigningKey _worker = SigningKey.Create();
    private RunningCoordinator _coordinator = null!;

    public async ValueTask InitializeAsync() => _coordinator = await RunningCoordinator.StartAsync();

    [Fact]
    public async Task Invitation_serves_once()
    {
        var invitation = _coordinator.Invite(North);
        using var first = await _coordinator.RedeemAsync(invitation, _worker);

        Assert.Equal("INVITATION_USED", await FaultOfAsync(invitation));
    }

    [Fact]
    public async Task Invitation_whose_secret_is_wrong_in_one_bit_is_unknown_and_the_right_one_still_serves()
    {
        var invitation = _coordinator.Invite(North);

        Assert.Equal("INVITATION_UNKNOWN", await FaultOfAsync(Invitations.Change(invitation, i => i.Secret = FlipABit(i.Secret))));

        using var enrolled = await _coordinator.RedeemAsync(invitation, _worker);
        Assert.Equal("urn:fcml:site:north", enrolled.Subject);
    }

    [Fact]
    public async Task Invitation_that_has_expired_is_refused_by_the_site_agent() =>
        Assert.Equal("INVITATION_EXPIRED", await FaultOfAsync(Invitations.Change(_coordinator.Invite(North), i => i.ExpiresUnixSeconds = 0)));

    [Fact]
    public async Task Invitation_that_has_expired_is_refused_by_the_coordinator_whatever_the_invitation_says()
    {
        using var folder = new TemporaryFolder();
        var (data, hoursAgo) = (folder.Of("data"), new ShiftedTime(TimeSpan.FromHours(-2)));
        DataFolder.Create(data, ["127.0.0.1"], 0, authority: null, hoursAgo).Dispose();
        string invitation;
        await using (var then = await RunningCoordinator.StartOverAsync(data, hoursAgo))
            invitation = then.Invite(North);
        await using var now = await RunningCoordinator.StartOverAsync(data);

        var prolonged = Invitations.Change(invitation, i => (i.Coordinator, i.ExpiresUnixSeconds) = ($"{now.Address}", i.ExpiresUnixSeconds + 7200));

        Assert.Equal("INVITATION_EXPIRED", await FaultOfAsync(prolonged));
    }

    [Fact]
    public async Task Invitation_of_another_coordinator_at_this_address_is_refused_before_its_secret_is_shown()
    {
        await using var another = await RunningCoordinator.StartAsync();
        var invitation = another.Invite(North);

        Assert.Equal("TLS_INTERCEPTED", await FaultOfAsync(Invitations.Change(invitation, i => i.Coordinator = $"{_coordinator.Address}")));

        using var enrolled = await another.RedeemAsync(invitation, _worker); // not spent
        Assert.Equal("urn:fcml:site:north", enrolled.Subject);
    }

    [Fact]
    public async Task Invitation_that_was_withdrawn_is_refused_as_just_that_and_a_new_one_serves()
    {
        var invitation = _coordinator.Invite(North);
        await _coordinator.RevokeAsync(North);

        Assert.Equal("INVITATION_WITHDRAWN", await FaultOfAsync(invitation));

        var another = _coordinator.Invite(North);
        using var enrolled = await _coordinator.RedeemAsync(another, _worker);
        Assert.Equal("INVITATION_WITHDRAWN", await FaultOfAsync(invitation));
        await _coordinator.RevokeAsync(North);
        Assert.Equal("INVITATION_USED", await FaultOfAsync(another)); // it was used, whatever became of the member
    }

    [Fact]
    public async Task Invitation_for_a_name_that_somebody_enrolled_under_meanwhile_is_refused()
    {
        var (first, second) = (_coordinator.Invite(North), _coordinator.Invite(North));
        using var enrolled = await _coordinator.RedeemAsync(first, _worker);

        Assert.Equal("MEMBER_EXISTS", await FaultOfAsync(second));
    }

    [Fact]
    public async Task Site_whose_worker_does_not_prove_its_key_is_not_enrolled()
    {
        using var another = SigningKey.Create();
        var invitation = _coordinator.Invite(North);
        var stolen = RunningCoordinator.Prove(another, default); // good for another signing request

        var refused = await Assert.ThrowsAsync<AgentException>(() => Redemption.RedeemAsync(
            InvitationToken.Read(invitation), (_, _) => Task.FromResult(stolen), ProxySettings.Direct, TimeProvider.System, TestContext.Current.CancellationToken));

        Assert.Equal("REQUEST_INVALID", refused.Code);
    }

    public async ValueTask DisposeAsync()
    {
        await _coordinator.DisposeAsync();
        _worker.Dispose();
    }

    private async Task<string> FaultOfAsync(string invitation) =>
        (await Assert.ThrowsAsync<AgentException>(() => _coordinator.RedeemAsync(invitation, _worker))).Code;

    private static ByteString FlipABit(ByteString secret)
    {
        var bytes = secret.ToByteArray();
        bytes[0] ^= 1;
        return ByteString.CopyFrom(bytes);
    }
}
