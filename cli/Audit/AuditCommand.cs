using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Audit;

/// <summary><c>fcml audit ...</c>: the coordinator's chained, signed log.</summary>
internal static class AuditCommand
{
    public static Command Create(TimeProvider time) => new Verb("audit", "The coordinator's chained, signed log of who did what.") { Verify(time) };

    /// <summary>
    /// <c>fcml audit verify</c>: reads the file itself, so that it works with the coordinator stopped and does not take its word. A last line that
    /// is not whole counts as a difference. With lists of the sites' workers it asks the coordinator what it has taken.
    /// </summary>
    private static Verb Verify(TimeProvider time)
    {
        var data = new Option<DirectoryInfo?>("--data") { Description = "The coordinator's data folder; the coordinator may run or not." };
        var sites = new Option<DirectoryInfo?>("--with-sites") { Description = "A folder with the lists (*.json) that the sites' workers wrote ('site-worker audit releases'): what one side has and the other lacks. The coordinator is asked, with your identity." };
        var verb = new Verb(
            "verify", "Check every line, link and signature of the coordinator's audit log, and hold its journal against the sites' lists of what they released.",
            "fcml audit verify --data /var/lib/fcml/coordinator", "fcml audit verify --with-sites lists/")
        {
            data, sites,
        };
        verb.Validators.Add(result =>
        {
            if (result.GetValue(data) is null && result.GetValue(sites) is null)
                result.AddError("Name the coordinator's folder with --data, a folder with the sites' lists with --with-sites, or both.");
        });
        return verb.Does(async (parsed, terminal, cancel) =>
        {
            if (parsed.GetValue(data) is { } folder)
                Verify(folder.FullName, terminal);
            if (parsed.GetValue(sites) is { } lists)
            {
                using var connection = Connection.Open(parsed, time);
                await new CrossVerification(connection, terminal).RunAsync(lists, cancel);
            }

            return ExitCode.Success;
        });
    }

    private static void Verify(string folder, Terminal terminal)
    {
        LogVerification found;
        var file = Path.Combine(folder, AuditTrail.File);
        try
        {
            var key = DataFolder.ReadPublicKey(folder);
            if (!File.Exists(file))
                throw new CliException(ExitCode.NotVerified, $"'{file}' is missing: either no coordinator has run on this folder yet, or the log was removed.");
            found = ChainedLog.Verify(new FileDisk(folder), AuditTrail.File, key);
        }
        catch (DataFolderException none)
        {
            throw new CliException(ExitCode.Usage, none.Message, none);
        }

        terminal.Emit("audit", new
        {
            intact = found.IsWhole, found.Entries, head = found.Intact ? found.Head.ToString() : null, found.TornBytes,
            line = found.Fault?.Sequence ?? (found.TornBytes > 0 ? found.Entries + 1 : null), how = found.Fault?.How,
        });
        if (found.Fault is not null)
            throw new CliException(ExitCode.NotVerified, $"{file}: {found.Describe()} Keep the file as it is, and restore the log from a backup that verifies.");
        if (found.TornBytes > 0)
            throw new CliException(ExitCode.NotVerified, $"{file}: {found.Describe()} If the coordinator runs, verify again; when it starts it cuts a torn line off.");

        terminal.Say($"{file.EscapeMarkup()}: {found.Describe().EscapeMarkup()}");
    }
}
