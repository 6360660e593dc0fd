using System.Net;
using System.Text;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>What a console is started with.</summary>
public sealed record ConsoleSettings
{
    private const int LongestSocketPath = 107; // of sun_path, less the byte that ends it

    private ConsoleSettings(string worker, IPEndPoint listen, string links, string steward) => (WorkerSocket, Listen, Links, Steward) = (worker, listen, links, steward);

    /// <summary>Path of the worker's steward socket.</summary>
    public string WorkerSocket { get; }

    /// <summary>Where pages are served: an address of this machine alone; port 0: any free one.</summary>
    public IPEndPoint Listen { get; }

    /// <summary>Path of the socket on which a running console gives out links.</summary>
    public string Links { get; }

    /// <summary>Who decides, as this machine knows them: the account's name, which the worker logs.</summary>
    public string Steward { get; }

    /// <summary>Checks settings.</summary>
    /// <param name="folder">The worker's folder; null: <paramref name="socket"/> says where the worker listens.</param>
    /// <param name="socket">The worker's steward socket.</param>
    /// <param name="listen">ADDRESS:PORT, of loopback.</param>
    /// <param name="home">The account's home, below which <see cref="Links"/> lies; null: the account's.</param>
    /// <exception cref="ConsoleSetupException">One is not as it must be.</exception>
    public static ConsoleSettings Of(string? folder, string? socket, string listen, string? home = null)
    {
        if ((folder is null) == (socket is null))
            throw new ConsoleSetupException("Name the worker by one of --folder, its own folder, and --socket, the path of its steward.sock.");
        if (!IPEndPoint.TryParse(listen, out var address) || !IPAddress.IsLoopback(address.Address))
            throw new ConsoleSetupException($"'{listen}' is not an address of this machine alone. The console approves what leaves the hospital, so it listens on loopback only: --listen 127.0.0.1:PORT (port 0: any free one).");
        var worker = Path.GetFullPath(socket ?? Path.Join(folder, "steward.sock"));
        var links = Path.Join(Path.GetFullPath(home ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)), ".fcml", "console", $"{Sha256Digest.Of(Encoding.UTF8.GetBytes(worker)).Short}.sock");
        foreach (var path in (string[])[worker, links])
        {
            if (Encoding.UTF8.GetByteCount(path) > LongestSocketPath)
                throw new ConsoleSetupException($"'{path}' is too long for the path of a socket, which has at most {LongestSocketPath} bytes: name a shorter folder.");
        }

        return new ConsoleSettings(worker, address, links, Environment.UserName);
    }
}
