using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using FederatedClinicalMl.Coordinator.Api;

namespace FederatedClinicalMl.Tests.Coordinator.Api;

/// <summary>Calls a coordinator over TLS with any certificate, or with none, and with an empty message: all that matters is what answers.</summary>
internal sealed class BareClient : IDisposable
{
    private const long LongBody = 1 << 20;

    private static readonly byte[] EmptyMessage = new byte[5]; // gRPC's frame: not compressed, length 0

    private readonly X509Certificate2 _authority;
    private readonly HttpClient _http;

    public BareClient(RunningCoordinator coordinator, X509Certificate2? certificate)
    {
        _authority = X509CertificateLoader.LoadCertificate(coordinator.Authority.Span);
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(_authority);
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            Expect100ContinueTimeout = TimeSpan.FromMinutes(1),
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = trust,
                ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
            },
        };
        _http = new HttpClient(handler) { BaseAddress = coordinator.Address };
    }

    /// <summary>Makes a gRPC call of any kind.</summary>
    /// <param name="method">Path of the call.</param>
    /// <param name="tokens">Bearer tokens, each in a header of its own.</param>
    /// <returns>Code of the fault; null where there was none.</returns>
    public async Task<string?> CallAsync(string method, params string[] tokens)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, method)
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(EmptyMessage),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TryAddWithoutValidation("Authorization", tokens.Select(token => $"Bearer {token}"));
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        using var response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return Value(response.Headers, FaultWriter.Trailer) ?? Value(response.TrailingHeaders, FaultWriter.Trailer);
    }

    /// <summary>Makes a request to one of the bulk routes, or by REST.</summary>
    /// <param name="method">Method of HTTP.</param>
    /// <param name="path">Path.</param>
    /// <param name="json">Body; null: none.</param>
    /// <returns>Code of the fault; null where there was none. Of a stream only the beginning is waited for.</returns>
    public async Task<string?> SendAsync(HttpMethod method, string path, string? json = null)
    {
        using var response = await AskAsync(method, path, json is null ? null : new StringContent(json, null, "application/json"));
        return Value(response.Headers, FaultWriter.Header);
    }

    /// <summary>Makes a request to one of the bulk routes, or by REST, with a bearer token where one is given.</summary>
    public async Task<HttpResponseMessage> AskAsync(HttpMethod method, string path, HttpContent? body = null, string? token = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body };
        request.Headers.ExpectContinue = body?.Headers.ContentLength > LongBody; // what will be refused unread must not break off while it is sent
        if (token is not null)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        _http.Dispose();
        _authority.Dispose();
    }

    private static string? Value(HttpResponseHeaders headers, string name) => headers.TryGetValues(name, out var values) ? values.Single() : null;
}
