using System.Net.Sockets;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>
/// The socket on which a running console gives its own account new links. It lies in a folder that no other account can enter, so that whoever reaches it is whom the worker would take for this account anyway; nothing
/// secret is on the disk.
/// </summary>
internal static class LinkSocket
{
    /// <summary>What is asked for on it.</summary>
    public const string Path = "/link";

    /// <summary>Makes its folder, for this account alone, and the way free.</summary>
    /// <exception cref="ConsoleSetupException">Another console has it, or the folder is not this account's.</exception>
    public static void Prepare(string socket)
    {
        if (OperatingSystem.IsWindows())
            throw new ConsoleSetupException("site-console runs on Linux; on Windows a steward decides by the verbs of site-worker.");
        var folder = Directory.CreateDirectory(System.IO.Path.GetDirectoryName(socket)!).FullName;
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        File.SetUnixFileMode(folder, Owner); // refused where it is another account's
        if (IsAnswered(socket))
            throw new ConsoleSetupException("A console of this account for this worker is running already; 'site-console link' gives a link to it.");
        File.Delete(socket); // left by a console that was killed
    }

    /// <summary>Asks a running console for a link.</summary>
    /// <exception cref="ConsoleSetupException">None is running.</exception>
    public static async Task<string> AskAsync(string socket, CancellationToken cancel)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, stop) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), stop);
                    return new NetworkStream(connection, ownsSocket: true);
                }
                catch
                {
                    connection.Dispose();
                    throw;
                }
            },
        });
        try
        {
            using var reply = await client.PostAsync(new Uri($"http://console.invalid{Path}"), null, cancel);
            return await reply.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancel);
        }
        catch (HttpRequestException)
        {
            throw new ConsoleSetupException($"No console of this account for this worker answers at {socket}. Start one with 'site-console run', which prints a link itself.");
        }
    }

    private static bool IsAnswered(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
