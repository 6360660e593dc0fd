using System.Net;
using System.Net.Sockets;

namespace FederatedClinicalMl.Tests.Gateway.Doctor;

/// <summary>Takes one connection on 127.0.0.1, and never says anything: what a firewall looks like that drops packets.</summary>
internal sealed class SilentServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private Socket? _client;

    public SilentServer() => _listener.Start();

    public Uri Address => new($"https://{_listener.LocalEndpoint}");

    /// <summary>Completes when somebody has connected.</summary>
    public async Task ConnectedAsync() => _client = await _listener.AcceptSocketAsync(TestContext.Current.CancellationToken);

    public void Dispose()
    {
        _client?.Dispose();
        _listener.Stop();
    }
}
