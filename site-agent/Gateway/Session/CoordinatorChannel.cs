using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Grpc.Net.Client;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>
/// The one way to the coordinator, for sites and people: mutual TLS pinned to one authority, through the proxy where there is one.
/// Control is gRPC over HTTP/2; bulk bytes are ranged HTTP/1.1 on the same port.
/// </summary>
public sealed class CoordinatorChannel : IDisposable
{
    private readonly SocketsHttpHandler _handler;
    private readonly AuthorityPin _pin;
    private readonly ProxySettings _proxy;

    private CoordinatorChannel(Uri coordinator, X509Certificate2 authority, X509Certificate2? own, ProxySettings proxy, TimeProvider time)
    {
        Coordinator = coordinator;
        _pin = new AuthorityPin(authority, time);
        _proxy = proxy;
        _handler = Handler(own);
        Http = new HttpClient(_handler, disposeHandler: false)
        {
            BaseAddress = coordinator,
            DefaultRequestVersion = HttpVersion.Version11,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = Timeout.InfiniteTimeSpan, // a transfer may take hours; a dead connection shows by other means
        };
        Grpc = GrpcChannel.ForAddress(coordinator, new GrpcChannelOptions
        {
            HttpHandler = _handler,
            DisposeHttpClient = false,
            MaxReceiveMessageSize = null,
            MaxSendMessageSize = null,
        });
    }

    /// <summary>The coordinator's address.</summary>
    public Uri Coordinator { get; }

    /// <summary>For the gRPC clients.</summary>
    public GrpcChannel Grpc { get; }

    /// <summary>For bulk bytes: HTTP/1.1, relative to <see cref="Coordinator"/>.</summary>
    public HttpClient Http { get; }

    /// <summary>Opens a channel. Nothing is connected before the first call.</summary>
    public static CoordinatorChannel Open(ClientIdentity identity, ProxySettings proxy, TimeProvider time) =>
        new(identity.Coordinator, identity.Authority, identity.Certificate, proxy, time);

    /// <summary>Opens a channel that presents no certificate: good for enrolment alone.</summary>
    internal static CoordinatorChannel OpenForEnrolment(Uri coordinator, X509Certificate2 authority, ProxySettings proxy, TimeProvider time) =>
        new(coordinator, authority, null, proxy, time);

    /// <summary>What a failed call means, in words that say how to mend it.</summary>
    public CoordinatorFault Explain(Exception failure) => CoordinatorFault.Explain(failure, Coordinator, _pin.LastRefusal, _proxy);

    /// <summary>Connects and speaks TLS and HTTP; what is answered does not matter.</summary>
    /// <returns>The coordinator's clock, if its answer names it.</returns>
    /// <exception cref="HttpRequestException">There is no way to the coordinator: see <see cref="Explain"/>.</exception>
    internal async Task<DateTimeOffset?> ProbeAsync(CancellationToken stop)
    {
        using var reply = await Http.GetAsync(new Uri("/", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, stop);
        return reply.Headers.Date;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Grpc.Dispose();
        Http.Dispose();
        _handler.Dispose();
    }

    private SocketsHttpHandler Handler(X509Certificate2? own) => new()
    {
        ConnectCallback = ConnectAsync,
        UseProxy = _proxy.Address is not null,
        Proxy = _proxy.Address is null ? null : _proxy,
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(20),
        EnableMultipleHttp2Connections = true,
        InitialHttp2StreamWindowSize = 16 * 1024 * 1024,
        KeepAlivePingDelay = TimeSpan.FromSeconds(20),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        MaxConnectionsPerServer = 4,
        SslOptions = new SslClientAuthenticationOptions
        {
            EnabledSslProtocols = SslProtocols.Tls13 | SslProtocols.Tls12,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, chain, _) => _pin.IsCoordinator(certificate, chain),
            ClientCertificateContext = own is null ? null : SslStreamCertificateContext.Create(own, null, offline: true),
        },
    };

    // As the handler would connect by itself. Without a callback gRPC's channel puts its own in, which connects to the coordinator where a proxy
    // is to be asked, and adds waits of its own between attempts.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
