using System.CommandLine;
using Microsoft.Extensions.Hosting;

namespace FederatedClinicalMl.SiteAgent.StewardConsole;

/// <summary>The command line of <c>site-console</c>. Exit codes: 0 done, 2 wrong usage, 3 no console to ask, 4 it cannot start.</summary>
public static class CommandLine
{
    private const int Done = 0, Usage = 2, Unreachable = 3, NotSetUp = 4;
    private const string AnyPort = "127.0.0.1:0";

    /// <summary>Runs one command.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var parsed = Root().Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await Console.Error.WriteLineAsync(error.Message);
            return Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception fault) when (fault is ConsoleSetupException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return NotSetUp;
        }
    }

    private static RootCommand Root() => new("""
        The steward's pages: what is asked of this site, what has left it, and what may be decided. Runs under a steward's account, on this machine only.

        Examples:
          site-console run --folder /var/lib/fcml/worker
          site-console run --socket /var/lib/fcml/worker/steward.sock --listen 127.0.0.1:8470
          site-console link --folder /var/lib/fcml/worker

        Exit codes: 0 done, 2 wrong usage, 3 no console to ask, 4 it cannot start.
        """)
    {
        Run(), Link(),
    };

    private static Command Run()
    {
        var (folder, socket) = Worker();
        var listen = new Option<string>("--listen") { Description = "Where pages are served: loopback only; port 0: any free one.", DefaultValueFactory = _ => AnyPort };
        var command = new Command("run", "Serves the pages until it is stopped, and prints a link that opens them: once, within ten minutes.") { folder, socket, listen };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var console = await ConsoleHost.StartAsync(ConsoleSettings.Of(parsed.GetValue(folder)?.FullName, parsed.GetValue(socket)?.FullName, parsed.GetValue(listen)!), TimeProvider.System, cancel);
            Console.WriteLine(console.ReadyLine());
            await console.WaitAsync(cancel);
            return Done;
        });
        return command;
    }

    private static Command Link()
    {
        var (folder, socket) = Worker();
        var command = new Command("link", "Asks this account's running console for another link; the one before serves no more.") { folder, socket };
        command.SetAction(async (parsed, cancel) =>
        {
            var settings = ConsoleSettings.Of(parsed.GetValue(folder)?.FullName, parsed.GetValue(socket)?.FullName, AnyPort);
            try
            {
                Console.WriteLine(await LinkSocket.AskAsync(settings.Links, cancel));
                return Done;
            }
            catch (ConsoleSetupException none)
            {
                await Console.Error.WriteLineAsync(none.Message);
                return Unreachable;
            }
        });
        return command;
    }

    private static (Option<DirectoryInfo?> Folder, Option<FileInfo?> Socket) Worker() =>
        (new Option<DirectoryInfo?>("--folder") { Description = "The worker's own folder." }, new Option<FileInfo?>("--socket") { Description = "The worker's steward socket, where it is not in its folder." });
}
