using System.IO.Pipes;
using System.Net.Sockets;
using FederatedClinicalMl.Protos.Steward;
using Grpc.Net.Client;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>A connection to a running worker's steward socket.</summary>
internal sealed class StewardChannel : IDisposable
{
    private readonly GrpcChannel _channel;

    public StewardChannel(WorkerFolder folder)
    {
        var socket = folder.StewardSocket;
        _channel = GrpcChannel.ForAddress("http://steward.invalid", new GrpcChannelOptions
        {
            DisposeHttpClient = true,
            MaxReceiveMessageSize = null,
            HttpHandler = new SocketsHttpHandler { UseProxy = false, ConnectCallback = async (_, cancel) => await Connect(socket, cancel) },
        });
        Client = new Steward.StewardClient(_channel);
    }

    public Steward.StewardClient Client { get; }

    public void Dispose() => _channel.Dispose();

    private static async Task<Stream> Connect(string path, CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows())
        {
            var pipe = new NamedPipeClientStream(".", WorkerHost.PipeName(path), PipeDirection.InOut, PipeOptions.Asynchronous);
            await pipe.ConnectAsync(cancel);
            return pipe;
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
