using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary>
/// Who is at the other end of a Unix domain socket, as the kernel says (SO_PEERCRED): a second lock behind the directory's mode, which a
/// careless chmod opens.
/// </summary>
internal static partial class PeerCredentials
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>This process's own effective uid.</summary>
    public static uint OwnUid => GetEffectiveUid();

    /// <summary>The uid of the process that connected.</summary>
    public static uint UidOf(Socket socket)
    {
        var (buffer, length) = (new UCred(), Marshal.SizeOf<UCred>());
        return GetSocketOption((int)socket.Handle, SolSocket, SoPeerCred, ref buffer, ref length) == 0
            ? buffer.Uid
            : throw new Win32Exception(Marshal.GetLastPInvokeError(), "The peer of a socket could not be asked for.");
    }

    /// <summary>Closes every connection whose peer is not allowed, before a byte of it is read.</summary>
    public static ConnectionDelegate Require(ConnectionDelegate next, IReadOnlySet<uint> allowed, Action<uint> refused) => async connection =>
    {
        var socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket
            ?? throw new InvalidOperationException("A connection without socket has no peer to ask for.");
        var uid = UidOf(socket);
        if (!allowed.Contains(uid))
        {
            refused(uid);
            connection.Abort(new ConnectionAbortedException("This account may not use this socket."));
            return;
        }

        await next(connection);
    };

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetSocketOption(int socket, int level, int option, ref UCred value, ref int length);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint GetEffectiveUid();

    [StructLayout(LayoutKind.Sequential)]
    private struct UCred
    {
        public int Pid;
        public uint Uid;
        public uint Gid;
    }
}
