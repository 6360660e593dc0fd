using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FederatedClinicalMl.Tests.Gateway;

/// <summary>
/// A hospital's HTTP proxy on 127.0.0.1 that knows CONNECT alone (RFC 9110, 9.3.6). Every name leads to 127.0.0.1, so that a test can name a
/// coordinator whom nobody reaches but through the proxy.
/// </summary>
internal sealed class ConnectProxy : IAsyncDisposable
{
    private const int LongestHead = 16 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _tunnels = new();
    private readonly ConcurrentBag<Task> _served = [];
    private readonly string? _login;
    private readonly string? _refusal;
    private readonly Task _accepting;

    /// <summary>Listens.</summary>
    /// <param name="login"><c>user:password</c> that it wants; null: none.</param>
    /// <param name="refusal">Status line with which it answers everybody, e.g. <c>403 Forbidden</c>; null: it opens tunnels.</param>
    public ConnectProxy(string? login = null, string? refusal = null)
    {
        (_login, _refusal) = (login, refusal);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public string Address => $"http://{_listener.LocalEndpoint}";

    /// <summary>The <c>host:port</c> of each tunnel that it opened.</summary>
    public IReadOnlyCollection<string> Tunnels => _tunnels;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting; // before the listener stops: an accept that begins then ends otherwise than cancelled
        _listener.Stop();
        await Task.WhenAll(_served);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _served.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            // over
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var stream = client.GetStream();
                while (await ReadHeadAsync(stream) is { } head)
                {
                    if (_refusal is not null)
                        await AnswerAsync(stream, _refusal);
                    else if (_login is not null && !head.Contains($"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(_login))}"))
                        await AnswerAsync(stream, "407 Proxy Authentication Required", "Proxy-Authenticate: Basic realm=\"hospital\"\r\n");
                    else
                        await TunnelAsync(stream, target: head[0].Split(' ')[1]);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // one of the two ends went, or the test is over: a tunnel ends with its ends
            }
        }
    }

    private async Task TunnelAsync(NetworkStream stream, string target)
    {
        using var coordinator = new TcpClient();
        await coordinator.ConnectAsync(IPAddress.Loopback, int.Parse(target.AsSpan(target.LastIndexOf(':') + 1)), _stop.Token);
        _tunnels.Enqueue(target);
        await AnswerAsync(stream, "200 Connection established");
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var (up, down) = (stream.CopyToAsync(coordinator.GetStream(), either.Token), coordinator.GetStream().CopyToAsync(stream, either.Token));
        await Task.WhenAny(up, down);
        await either.CancelAsync();
        await Task.WhenAll(up, down);
    }

    private Task AnswerAsync(NetworkStream stream, string status, string headers = "") =>
        stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\n{headers}{(status[0] == '2' ? "" : "Content-Length: 0\r\n")}\r\n"), _stop.Token).AsTask();

    /// <summary>The lines of a request's head; null where the client has gone.</summary>
    private async Task<string[]?> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1]; // byte by byte: what follows the head belongs to the tunnel
        while (head.Length < LongestHead && !head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
                return null;
            head.Append((char)one[0]);
        }

        return head.ToString().Split("\r\n");
    }
}
