using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace FederatedClinicalMl.Tests.Fuzz;

/// <summary>What came back: the HTTP status, the gRPC status where there is one, and every text in it.</summary>
internal sealed record Answer(HttpStatusCode Http, int? Grpc, string Text);

/// <summary>Sends requests that need not be right, and gives what comes back.</summary>
internal sealed class Endpoint(string name, HttpClient client) : IDisposable
{
    public override string ToString() => name;

    /// <summary>An endpoint behind a Unix domain socket.</summary>
    public static Endpoint OfSocket(string name, string path) => new(name, new HttpClient(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    { BaseAddress = new Uri("http://worker/") });

    /// <summary>Posts a gRPC body. A stream of answers that begins is left at once: it may be one that never ends.</summary>
    public Task<Answer> CallAsync(string method, bool streams, byte[] body, CancellationToken cancel)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, method) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        return SendAsync(request, cancel, streams);
    }

    /// <summary>Sends any request.</summary>
    public async Task<Answer> SendAsync(HttpRequestMessage request, CancellationToken cancel, bool leave = false)
    {
        using (request)
        {
            using var reply = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
            if (leave && !reply.Headers.Contains("grpc-status"))
                return new Answer(reply.StatusCode, 0, "");
            var body = await reply.Content.ReadAsStringAsync(cancel);
            var headers = reply.Headers.Concat(reply.TrailingHeaders).ToList();
            var grpc = headers.Where(header => header.Key.Equals("grpc-status", StringComparison.OrdinalIgnoreCase)).SelectMany(header => header.Value).FirstOrDefault();
            var text = string.Join('\n', headers.Select(header => $"{header.Key}: {Uri.UnescapeDataString(string.Join(' ', header.Value))}").Append(body));
            return new Answer(reply.StatusCode, int.TryParse(grpc, out var status) ? status : null, text);
        }
    }

    public void Dispose() => client.Dispose();
}
