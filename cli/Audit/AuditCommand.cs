using System.CommandLine;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Durability;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Audit;

/// <summary><c>fcml audit ...</c>: the coordinator's chained, signed log.</summary>
internal static class AuditCommand
{
    public static Command Create() => new Verb("audit", "The coordinator's chained, signed log of who did what.") { Verify() };

    /// <summary>
    /// <c>fcml audit verify</c>: reads the file itself, so that it works with the coordinator stopped and does not take its word. A last line that
    /// is not whole counts as a difference.
    /// </summary>
    private static Verb Verify()
    {
        var data = new Option<DirectoryInfo>("--data") { Description = "The coordinator's data folder; the coordinator may run or not.", Required = true };
        return new Verb("verify", "Check every line, link and signature of the coordinator's audit log.", "fcml audit verify --data /var/lib/fcml/coordinator")
        {
            data,
        }.Does((parsed, terminal, _) => Task.FromResult(Verify(parsed.GetRequiredValue(data).FullName, terminal)));
    }

    private static ExitCode Verify(string folder, Terminal terminal)
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
        return ExitCode.Success;
    }
}
