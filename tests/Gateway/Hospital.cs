using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Tests.Coordinator;
using InvitationToken = FederatedClinicalMl.SiteAgent.Gateway.InvitationToken;

namespace FederatedClinicalMl.Tests.Gateway;

/// <summary>The site <c>north</c>: its folders, and a worker that answers. Whether a gateway runs is the test's business.</summary>
internal sealed class Hospital : IAsyncDisposable
{
    public const string Name = "north";

    private readonly TemporaryFolder _folder;

    private Hospital(TemporaryFolder folder, TestWorker worker)
    {
        (_folder, Worker) = (folder, worker);
        Options = new GatewayOptions(folder.Of("gateway"), folder.Of("exchange"), SocketIn(folder), ProxySettings.Direct);
        Directory.CreateDirectory(Options.Incoming);
        Directory.CreateDirectory(Options.Outgoing);
        OutboxKey.OpenOrMake(Options.ExchangeDirectory, credentials: null, forGroup: false); // as the worker does when it starts
    }

    public TestWorker Worker { get; private set; }

    /// <summary>Where a gateway finds its things; without a proxy.</summary>
    public GatewayOptions Options { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>A hospital that is not a member yet.</summary>
    public static async Task<Hospital> OpenAsync()
    {
        var folder = new TemporaryFolder();
        return new Hospital(folder, await TestWorker.StartAsync(SocketIn(folder), Name));
    }

    /// <summary>A hospital that has enrolled.</summary>
    public static async Task<Hospital> EnrolAsync(RunningCoordinator coordinator)
    {
        var hospital = await OpenAsync();
        await hospital.RedeemAsync(coordinator.Invite(new Member(Roles.Site, Name)), ProxySettings.Direct);
        return hospital;
    }

    /// <summary>Redeems an invitation, as <c>site-agent enrol</c> does.</summary>
    public async Task RedeemAsync(string invitation, ProxySettings proxy)
    {
        using var identity = await Redemption.RedeemAsync(
            InvitationToken.Read(invitation), (challenge, _) => Task.FromResult(RunningCoordinator.Prove(Worker.Key, challenge)), proxy, TimeProvider.System, Stop);
        identity.Save(Options.IdentityDirectory);
    }

    /// <summary>Stops the worker, and starts it again with a key to which the one before was renewed.</summary>
    public async Task RenewKeyAsync()
    {
        var next = SigningKey.Create();
        var renewal = KeyRenewal.Sign(SiteId.Parse(Name), 1, Worker.Key, next, DateTimeOffset.UnixEpoch);
        await Worker.DisposeAsync();
        File.Delete(SocketIn(_folder));
        Worker = await TestWorker.StartAsync(SocketIn(_folder), Name, next, renewal);
    }

    /// <summary>Has the gateway look for the coordinator somewhere else.</summary>
    public void Redirect(Uri coordinator)
    {
        using var identity = ClientIdentity.Load(Options.IdentityDirectory);
        new ClientIdentity(coordinator, identity.Certificate, identity.Authority).Save(Options.IdentityDirectory);
    }

    public async ValueTask DisposeAsync()
    {
        await Worker.DisposeAsync();
        _folder.Dispose();
    }

    private static string SocketIn(TemporaryFolder folder) => folder.Of("worker.sock");
}
