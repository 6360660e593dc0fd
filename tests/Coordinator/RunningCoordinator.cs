using System.Net;
using FederatedClinicalMl.Coordinator;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Dashboard;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using FederatedClinicalMl.Telemetry;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using InvitationToken = FederatedClinicalMl.SiteAgent.Gateway.InvitationToken;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>The production coordinator on 127.0.0.1 and a free port.</summary>
internal sealed class RunningCoordinator : IAsyncDisposable
{
    private readonly CoordinatorHost _host;
    private readonly TimeProvider _time;
    private readonly TemporaryFolder? _own;

    private readonly LogKeeper _log;

    private RunningCoordinator(CoordinatorHost host, string data, TimeProvider time, TemporaryFolder? own, LogKeeper log) =>
        (_host, Data, _time, _own, _log) = (host, data, time, own, log);

    /// <summary>What it has logged.</summary>
    public IReadOnlyCollection<LoggedEntry> Logged => _log.Entries;

    /// <summary>Waits until it has logged a text.</summary>
    public async Task LoggedAsync(string text)
    {
        while (true)
        {
            var next = _log.NextEntry;
            if (Logged.Any(entry => entry.Text.Contains(text, StringComparison.Ordinal)))
                return;
            await next.WaitAsync(TimeSpan.FromMinutes(1), Stop);
        }
    }

    /// <summary>Its data folder.</summary>
    public string Data { get; }

    /// <summary>Where clients find it.</summary>
    public Uri Address => new($"https://{_host.Address}");

    /// <summary>Where its dashboard is.</summary>
    public Uri Dashboard => _host.Dashboard ?? throw new InvalidOperationException("It was started without a dashboard.");

    /// <summary>A service of it.</summary>
    public T Service<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    /// <summary>Where its metrics are; null: nowhere.</summary>
    public Uri? Metrics => _host.Metrics;

    /// <summary>The certificate of its authority, DER.</summary>
    public ReadOnlyMemory<byte> Authority => _host.Services.GetRequiredService<CertificateAuthority>().Der;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Makes a data folder, which goes with it, and runs a coordinator over it.</summary>
    /// <param name="versions">Protocol versions that it speaks; null: this build's.</param>
    /// <param name="prepare">Puts into the folder what is to be there already.</param>
    /// <param name="time">Its clock; null: the system's.</param>
    /// <param name="dashboard">Where it serves pages; null: nowhere.</param>
    /// <param name="telemetry">What it tells of itself; null: nothing.</param>
    public static async Task<RunningCoordinator> StartAsync(
        ProtocolVersions? versions = null, Action<DataFolder>? prepare = null, TimeProvider? time = null, DashboardListener? dashboard = null, TelemetryOptions? telemetry = null)
    {
        var root = new TemporaryFolder();
        using (var folder = DataFolder.Create(root.Of("data"), ["127.0.0.1"], 0, authority: null, time ?? TimeProvider.System))
            prepare?.Invoke(folder);
        return await StartOverAsync(root.Of("data"), versions, time, root, dashboard, telemetry);
    }

    /// <summary>Runs a coordinator over a data folder, which stays.</summary>
    public static Task<RunningCoordinator> StartOverAsync(string data, TimeProvider? time = null) => StartOverAsync(data, versions: null, time, own: null);

    /// <summary>Enrols a site with a worker's key.</summary>
    public Task<ClientIdentity> EnrolSiteAsync(string name, SigningKey worker) => RedeemAsync(Invite(new Member(Roles.Site, name)), worker);

    /// <summary>Enrols a person.</summary>
    public Task<ClientIdentity> EnrolPersonAsync(Roles role, string name) => RedeemAsync(Invite(new Member(role, name)), worker: null);

    /// <summary>Redeems an invitation as a site agent (with a worker's key) or as fcml does, by the coordinator's clock.</summary>
    public Task<ClientIdentity> RedeemAsync(string invitation, SigningKey? worker) => Redemption.RedeemAsync(
        InvitationToken.Read(invitation),
        worker is null ? null : (challenge, _) => Task.FromResult(Prove(worker, challenge)),
        ProxySettings.Direct, _time, Stop);

    /// <summary>Renews a member's certificate, as a gateway does.</summary>
    public async Task<ClientIdentity> RenewAsync(ClientIdentity member)
    {
        using var channel = Connect(member);
        return await Redemption.RenewAsync(member, channel, _time, Stop);
    }

    /// <summary>The way to this coordinator for one of its members, wherever it ran when the member enrolled.</summary>
    public CoordinatorChannel Connect(ClientIdentity member) =>
        CoordinatorChannel.Open(new ClientIdentity(Address, member.Certificate, member.Authority), ProxySettings.Direct, _time);

    /// <summary>An invitation, as an admin hands it out.</summary>
    public string Invite(Member member) => FederatedClinicalMl.Coordinator.Enrolment.InvitationToken.Write(
        _host.Services.GetRequiredService<EnrolmentDesk>().Invite(member, TimeSpan.FromHours(1), actor: null));

    /// <summary>Revokes a member, as an admin does.</summary>
    public Task RevokeAsync(Member member) => _host.Services.GetRequiredService<Revocation>().RevokeAsync(member, new Member(Roles.Admin, "another-admin"));

    /// <summary>A file or folder of the coordinator's data folder.</summary>
    public string PathOf(string relative) => Path.Combine(Data, relative);

    /// <summary>A worker's proof that it holds its key.</summary>
    public static WorkerKey Prove(SigningKey worker, Sha256Digest challenge, params IEnumerable<KeyRenewal> renewals) => new()
    {
        Renewals = ByteString.CopyFrom(KeyRenewals.Write(renewals)),
        PublicKey = ByteString.CopyFrom(worker.PublicKey.SubjectPublicKeyInfo.Span),
        Proof = ByteString.CopyFrom(worker.Sign(SignatureContext.WorkerKey, challenge.Span)),
    };

    /// <summary>Stops it, as SIGTERM does.</summary>
    public Task StopAsync() => _host.StopAsync(Stop);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(Stop);
        await _host.DisposeAsync();
        _own?.Dispose();
    }

    private static async Task<RunningCoordinator> StartOverAsync(string data, ProtocolVersions? versions, TimeProvider? time, TemporaryFolder? own, DashboardListener? dashboard = null, TelemetryOptions? telemetry = null)
    {
        time ??= TimeProvider.System;
        var log = new LogKeeper();
        var host = CoordinatorHost.Build(new CoordinatorOptions(data)
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0), Time = time, Dashboard = dashboard, Telemetry = telemetry ?? new TelemetryOptions(),
            Sessions = SessionOptions.Default with { Versions = versions ?? ProtocolVersions.Ours }, Logging = logging => logging.ClearProviders().AddProvider(log),
        });
        await host.StartAsync(Stop);
        return new RunningCoordinator(host, data, time, own, log);
    }
}
