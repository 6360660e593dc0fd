using System.Net;
using System.Net.Sockets;

namespace FederatedClinicalMl.Tests.Gateway;

/// <summary>A port of 127.0.0.1 where nothing listens, and which nobody else gets meanwhile: it is bound and refuses.</summary>
internal sealed class ClosedPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ClosedPort() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    /// <summary>host:port.</summary>
    public override string ToString() => $"{_socket.LocalEndPoint}";

    public void Dispose() => _socket.Dispose();
}
