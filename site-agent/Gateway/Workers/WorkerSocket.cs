using System.IO.Pipes;
using System.Net.Sockets;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>How the worker is reached: a Unix domain socket, or on Windows the named pipe of that name.</summary>
internal static class WorkerSocket
{
    private const string PipePrefix = @"\\.\pipe\";

    /// <summary>Connects.</summary>
    /// <exception cref="IOException">Nobody listens there. Also <see cref="SocketException"/>.</exception>
    public static async ValueTask<Stream> ConnectAsync(string path, CancellationToken stop)
    {
        if (path.StartsWith(PipePrefix, StringComparison.Ordinal))
        {
            // Identification: the worker may learn who we are, and may not act as us.
            var pipe = new NamedPipeClientStream(
                ".", path[PipePrefix.Length..], PipeDirection.InOut, PipeOptions.Asynchronous, System.Security.Principal.TokenImpersonationLevel.Identification);
            try
            {
                await pipe.ConnectAsync(stop);
                return pipe;
            }
            catch
            {
                await pipe.DisposeAsync();
                throw;
            }
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
