using System.CommandLine;
using System.Globalization;
using System.Text;
using FederatedClinicalMl.ClinicalData;
using FederatedClinicalMl.SiteAgent.Import.Connectors;

namespace FederatedClinicalMl.SiteAgent.Import;

/// <summary>
/// The command line of <c>site-import</c>. Exit codes: 0 done, 1 the database is not as it must be, 2 wrong usage, 3 the database cannot be
/// reached or does not let the user in, 4 the configuration or a folder is not set up, 130 interrupted.
/// </summary>
public static class CommandLine
{
    internal const int Done = 0, Refused = 1, Usage = 2, Unreachable = 3, NotSetUp = 4, Interrupted = 130;

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
        catch (ImportException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return fault.ExitCode;
        }
        catch (DatasetException fault)
        {
            await Console.Error.WriteLineAsync(fault.Message);
            return NotSetUp;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return NotSetUp;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("Interrupted. Nothing was handed over; what was there before still holds.");
            return Interrupted;
        }
    }

    private static RootCommand Root() => new("""
        Copies what the worker reads of an OMOP database, on a PostgreSQL server, into a folder from which the worker imports it.

        Examples:
          site-import check --config /etc/fcml/site-import.yaml
          site-import run --config /etc/fcml/site-import.yaml

        Exit codes: 0 done, 1 the database is not as it must be, 2 wrong usage, 3 the database cannot be reached or does not let the user in,
        4 the configuration or a folder is not set up, 130 interrupted.
        """)
    {
        Run(), Check(),
    };

    private static Option<string> Config() => new("--config") { Description = "The file site-import.yaml.", Required = true };

    private static Command Run()
    {
        var (config, json) = (Config(), new Option<bool>("--json") { Description = "Prints JSON for scripts." });
        var command = new Command("run", "Copies the database and hands the copy over.") { config, json };
        command.SetAction(async (parsed, cancel) =>
        {
            var configuration = ImportConfiguration.ReadFile(parsed.GetRequiredValue(config));
            using var folder = new HandoverFolder(configuration.Out, TimeProvider.System.GetUtcNow());
            await using var database = await OmopDatabase.OpenAsync(configuration, cancel);
            var plan = await database.PlanAsync(cancel);
            var tables = new List<HandedTable>();
            foreach (var table in plan.Tables)
                tables.Add(await folder.WriteAsync(table.Name, writer => database.CopyAsync(table, writer, cancel)));
            var handover = folder.Commit(configuration.Since, tables);
            if (parsed.GetValue(json))
            {
                Console.WriteLine(Encoding.UTF8.GetString(handover.ToJson()));
                return Done;
            }

            foreach (var table in tables)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{table.File}: {table.Rows} rows"));
            Tell(plan, configuration);
            return Done;
        });
        return command;
    }

    private static Command Check()
    {
        var config = Config();
        var command = new Command("check", "Connects, finds the model's version and tables, says what is missing; copies nothing.") { config };
        command.SetAction(async (parsed, cancel) =>
        {
            var configuration = ImportConfiguration.ReadFile(parsed.GetRequiredValue(config));
            await using var database = await OmopDatabase.OpenAsync(configuration, cancel);
            Tell(await database.PlanAsync(cancel), configuration);
            return Done;
        });
        return command;
    }

    private static void Tell(CopyPlan plan, ImportConfiguration configuration)
    {
        Console.WriteLine($"OMOP CDM {CopyPlan.Text(plan.Version)} in {configuration.Database} on {configuration.Host}:{configuration.Port}");
        foreach (var table in plan.Missing)
            Console.WriteLine($"There is no table {table} that '{configuration.User}' may read: none of its events is imported.");
        if (configuration.Tls == DatabaseTls.Disable)
            Console.WriteLine("WARNING: tls is disabled: whoever is on the way reads and changes patient data.");
    }
}
