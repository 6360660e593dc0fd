using System.Net;
using FederatedClinicalMl.Coordinator;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using InvitationToken = FederatedClinicalMl.SiteAgent.Gateway.InvitationToken;
using Member = FederatedClinicalMl.Coordinator.Enrolment.Member;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>The production coordinator on 127.0.0.1 and a free port, over a folder of its own.</summary>
internal sealed class RunningCoordinator : IAsyncDisposable
{
    private readonly string _root;
    private readonly CoordinatorHost _host;

    private RunningCoordinator(string root, CoordinatorHost host) => (_root, _host) = (root, host);

    /// <summary>Makes a data folder and runs a coordinator over it.</summary>
    /// <param name="versions">Protocol versions that it speaks; null: this build's.</param>
    /// <param name="prepare">Puts into the folder what is to be there already.</param>
    public static async Task<RunningCoordinator> StartAsync(ProtocolVersions? versions = null, Action<DataFolder>? prepare = null)
    {
        var root = Directory.CreateTempSubdirectory("fcml-coordinator-").FullName;
        var data = Path.Combine(root, "data");
        using (var folder = DataFolder.Create(data, ["127.0.0.1"], 0, authority: null, TimeProvider.System))
            prepare?.Invoke(folder);
        var host = CoordinatorHost.Build(new CoordinatorOptions(data)
        {
            Listen = new IPEndPoint(IPAddress.Loopback, 0), Sessions = SessionOptions.Default with { Versions = versions ?? ProtocolVersions.Ours }, Logging = logging => logging.ClearProviders(),
        });
        await host.StartAsync(TestContext.Current.CancellationToken);
        return new RunningCoordinator(root, host);
    }

    /// <summary>Enrols a site with a worker's key.</summary>
    public async Task<ClientIdentity> EnrolSiteAsync(string name, SigningKey worker)
    {
        var invitation = InvitationToken.Read(Invite(new Member(Roles.Site, name)));
        return await Redemption.RedeemAsync(
            invitation, (challenge, _) => Task.FromResult(Prove(worker, challenge)), ProxySettings.FromEnvironment(), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    /// <summary>An invitation, as an admin hands it out.</summary>
    public string Invite(Member member) => FederatedClinicalMl.Coordinator.Enrolment.InvitationToken.Write(
        _host.Services.GetRequiredService<EnrolmentDesk>().Invite(member, TimeSpan.FromHours(1), actor: null));

    /// <summary>A file or folder of the coordinator's data folder.</summary>
    public string PathOf(string relative) => Path.Combine(_root, "data", relative);

    /// <summary>A worker's proof that it holds its key.</summary>
    public static WorkerKey Prove(SigningKey worker, Sha256Digest challenge) => new()
    {
        PublicKey = ByteString.CopyFrom(worker.PublicKey.SubjectPublicKeyInfo.Span),
        Proof = ByteString.CopyFrom(worker.Sign(SignatureContext.WorkerKey, challenge.Span)),
    };

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(TestContext.Current.CancellationToken);
        await _host.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }
}
