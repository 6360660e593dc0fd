using System.CommandLine;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Hosting;

namespace FederatedClinicalMl.SiteAgent.Scoring;

/// <summary>The command line of <c>site-scoring</c>. Exit codes: 0 done, 1 refused, 2 wrong usage, 4 the folder or the configuration is not set up, 130 interrupted.</summary>
public static class CommandLine
{
    internal const int Done = 0, Refused = 1, Usage = 2, NotSetUp = 4, Interrupted = 130;

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
        catch (Exception fault) when (fault is ScoringSetupException or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return NotSetUp;
        }
        catch (DatasetException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return Refused;
        }
        catch (OperationCanceledException)
        {
            return Interrupted;
        }
    }

    private static RootCommand Root() => new("""
        Scores patients inside the hospital with the models that the worker has put on the shelf.

        Examples:
          site-scoring init --data /var/lib/fcml/scoring --site cleveland --serving /var/lib/fcml/serving
          site-scoring keys add ehr --data /var/lib/fcml/scoring
          site-scoring run --data /var/lib/fcml/scoring
          site-scoring batch heart-disease --in patients.csv --out scores.csv --data /var/lib/fcml/scoring
          site-scoring predictions show --patient 4711 --day 2026-11-26 --data /var/lib/fcml/scoring
          site-scoring show --data /var/lib/fcml/scoring
          site-scoring stop heart-disease --reason "scores of the new analyser" --data /var/lib/fcml/scoring
          site-scoring resume heart-disease --data /var/lib/fcml/scoring

        Exit codes: 0 done, 1 refused, 2 wrong usage, 4 the folder or the configuration is not set up, 130 interrupted.
        """)
    {
        Init(), Run(), BatchCommand.Create(), PredictionsCommand.Create(), KeysCommand.Create(), EhrsCommand.Create(), StopCommand.Show(), StopCommand.Stop(), StopCommand.Resume(),
    };

    internal static Option<DirectoryInfo> Data() => new("--data") { Description = "The program's own folder.", Required = true };

    internal static ScoringFolder Folder(ParseResult parsed, Option<DirectoryInfo> data) => new(parsed.GetRequiredValue(data).FullName);

    private static Command Init()
    {
        var (data, site) = (Data(), new Option<string>("--site") { Description = "The site's name, as in its invitation.", Required = true });
        var serving = new Option<DirectoryInfo>("--serving") { Description = "The folder shared with the worker.", Required = true };
        var command = new Command("init", "Makes the program's folder: configuration, key, list of clients. What is there stays.") { data, site, serving };
        command.SetAction(parsed =>
        {
            if (!SiteId.TryParse(parsed.GetValue(site), out var name))
            {
                Console.Error.WriteLine($"'{parsed.GetValue(site)}' is not a site's name: {Name.Rule}.");
                return Usage;
            }

            foreach (var file in Folder(parsed, data).Initialise(name, parsed.GetRequiredValue(serving).FullName))
                Console.WriteLine($"made {file}");
            return Done;
        });
        return command;
    }

    private static Command Run()
    {
        var (data, json) = (Data(), new Option<bool>("--json") { Description = "Logs JSON to standard error." });
        var command = new Command("run", "Scores until it is stopped.") { data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            await using var app = ScoringHost.Build(Folder(parsed, data), parsed.GetValue(json));
            await app.StartAsync(cancel);
            await app.WaitForShutdownAsync(cancel);
            return Done;
        });
        return command;
    }
}
