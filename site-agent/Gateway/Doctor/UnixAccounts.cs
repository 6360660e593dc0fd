using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace FederatedClinicalMl.SiteAgent.Gateway;

/// <summary>Accounts by number.</summary>
[SupportedOSPlatform("linux")]
internal static partial class UnixAccounts
{
    private const int SocketLevel = 1, PeerCredentials = 17; // SOL_SOCKET, SO_PEERCRED

    /// <summary>The account that this process runs under.</summary>
    public static uint Own => EffectiveUser();

    /// <summary>The account of the process that listens at the other end, as the kernel vouches for it.</summary>
    public static uint PeerOf(Socket socket)
    {
        Span<byte> credentials = stackalloc byte[3 * sizeof(int)]; // struct ucred: pid, uid, gid
        socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        return BinaryPrimitives.ReadUInt32LittleEndian(credentials[sizeof(int)..]);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
