using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.SiteAgent.Gateway;
using FederatedClinicalMl.Studies;
using Google.Protobuf;
using Grpc.Core;

namespace FederatedClinicalMl.Tests.Coordinator;

/// <summary>A site's session, spoken by hand: what a gateway would hear, message by message.</summary>
internal sealed class SiteStream : IDisposable
{
    private readonly CoordinatorChannel _channel;
    private readonly AsyncDuplexStreamingCall<SiteMessage, CoordinatorMessage> _call;
    private readonly ClientIdentity _site;
    private readonly SigningKey _worker;

    private SiteStream(RunningCoordinator coordinator, ClientIdentity site, SigningKey worker)
    {
        _channel = coordinator.Connect(site);
        _call = new Session.SessionClient(_channel.Grpc).Connect(cancellationToken: Stop);
        (_site, _worker) = (site, worker);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Opens a stream and says Hello.</summary>
    /// <param name="coordinator">Whom to call.</param>
    /// <param name="site">An enrolled site.</param>
    /// <param name="worker">The key of its worker.</param>
    /// <param name="oldest">Oldest protocol version that it claims to speak; null: this build's.</param>
    /// <param name="newest">The newest; null: this build's.</param>
    /// <param name="renewals">How that key came of others; null: not at all.</param>
    public static async Task<SiteStream> OpenAsync(
        RunningCoordinator coordinator, ClientIdentity site, SigningKey worker, uint? oldest = null, uint? newest = null, IEnumerable<KeyRenewal>? renewals = null)
    {
        var hello = new Hello
        {
            OldestProtocol = oldest ?? ProtocolVersions.Ours.Oldest, NewestProtocol = newest ?? ProtocolVersions.Ours.Newest, SoftwareVersion = "0.0.0",
            WorkerKey = RunningCoordinator.Prove(worker, Sha256Digest.Of(site.Certificate.RawDataMemory.Span), renewals ?? []),
            ClockUnixMilliseconds = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        var stream = new SiteStream(coordinator, site, worker);
        try
        {
            await stream.SendAsync(new SiteMessage { Hello = hello });
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException)
        {
            // The coordinator ended the call before Hello was out; why, only what is read next says for certain, as in a gateway.
        }

        return stream;
    }

    /// <summary>What a site that says Hello hears first: the kind of the message, or the code of the fault that the call ends with.</summary>
    public static async Task<string?> FirstWordAsync(RunningCoordinator coordinator, ClientIdentity site, SigningKey worker)
    {
        try
        {
            using var stream = await OpenAsync(coordinator, site, worker);
            return $"{(await stream.NextAsync())?.BodyCase}";
        }
        catch (RpcException refused)
        {
            return refused.Trailers.GetValue(CoordinatorFault.CodeTrailer);
        }
    }

    /// <summary>The next message; null where the coordinator ended the stream.</summary>
    public async Task<CoordinatorMessage?> NextAsync() => await _call.ResponseStream.MoveNext(Stop) ? _call.ResponseStream.Current : null;

    /// <summary>The next message of a kind; others are passed over.</summary>
    public async Task<CoordinatorMessage> NextAsync(CoordinatorMessage.BodyOneofCase kind)
    {
        while (await NextAsync() is { } message)
        {
            if (message.BodyCase == kind)
                return message;
        }

        throw new InvalidOperationException($"The coordinator ended the stream before a message of the kind {kind}.");
    }

    /// <summary>Approves a study, as the site's steward would.</summary>
    public Task ApproveAsync(StudyDigest study) => SendAsync(new SiteMessage { StudyVerdict = Verdicts.Approve(study, _site.Name, _worker) });

    /// <summary>Says something.</summary>
    public Task SendAsync(SiteMessage message) => _call.RequestStream.WriteAsync(message, Stop);

    public void Dispose()
    {
        _call.Dispose();
        _channel.Dispose();
    }
}
