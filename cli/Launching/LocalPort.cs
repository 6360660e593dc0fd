using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace FederatedClinicalMl.Cli.Launching;

/// <summary>A port for a program that is told its port before it listens, and that listens on it again after it was killed.</summary>
internal static class LocalPort
{
    // Below all ranges from which systems take the port of an outgoing connection: those would be taken between a program's lives, by whoever calls it in vain.
    private const int First = 15_000, End = 32_000;

    /// <summary>A port on which nothing listens now. Another program may take it all the same: then whoever listens says so.</summary>
    /// <exception cref="SocketException">No port on loopback can be listened on.</exception>
    public static int Free()
    {
        for (var tries = 1; ; tries++)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            using var listener = new TcpListener(IPAddress.Loopback, port) { ExclusiveAddressUse = true };
            try
            {
                listener.Start();
                return port;
            }
            catch (SocketException taken) when (taken.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied && tries < End - First)
            {
                // another one
            }
        }
    }
}
