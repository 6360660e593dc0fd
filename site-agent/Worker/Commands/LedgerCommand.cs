using System.CommandLine;
using System.Globalization;
using FederatedClinicalMl.Durability;
using FederatedClinicalMl.Protos.Steward;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker ledger</c>: what has been spent of the patients' privacy.</summary>
internal static class LedgerCommand
{
    public static Command Create() => new("ledger", "What has been spent of the privacy of this site's patients, and what may still be.")
    {
        Show("show", "Lists each population's accounts: spent, reserved, ceiling, remaining.", LedgerTable.Write),
        Show("plan", "Lists the runs that have reserved their plan and are not over.", LedgerTable.WriteRuns),
        Verify(), Close(), Resolve(), Merge(),
    };

    private static Command Show(string name, string description, Action<TextWriter, LedgerReply> write)
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var command = new Command(name, description) { data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.ShowLedgerAsync(new ShowLedgerRequest(), cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer => write(writer, reply));
        });
        return command;
    }

    // Reads the log's file itself, so that it works with the worker stopped, and does not take the worker's word for it.
    private static Command Verify()
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var command = new Command("verify", "Checks every entry, link and signature of the log, and that no charge contradicts another; works with the worker stopped.") { data, json };
        command.SetAction(parsed =>
        {
            var reply = Verify(CommandLine.Folder(parsed, data), out var said);
            CommandLine.Print(parsed.GetValue(json), reply, writer => writer.WriteLine(said));
            return reply.Intact ? CommandLine.Done : CommandLine.Refused;
        });
        return command;
    }

    private static VerifyAuditReply Verify(WorkerFolder folder, out string said)
    {
        var disk = CommandLine.Existing(folder);
        using var key = SigningKey.FromPem(File.ReadAllText(folder.Key));
        var found = ChainedLog.Verify(disk, WorkerCore.LogPath, key.PublicKey);
        var (state, fault) = found.IsWhole ? WorkerJournal.Fold(WorkerCore.LogPath, ChainedLog.Read(disk, WorkerCore.LogPath, key.PublicKey)) : (WorkerState.Empty, null);
        var ledger = state.Ledger;
        var intact = found.IsWhole && fault is null && ledger.Behind.IsEmpty;
        said = !found.IsWhole ? found.Describe()
            : fault is not null ? $"entry {fault.Sequence} is BROKEN: {fault.How}"
            : !intact ? $"BEHIND: others hold {string.Join(", ", ledger.Behind)}, which this log lacks"
            : Text($"intact: {ledger.Charged.Count} charged releases of {ledger.Runs.Count} runs against {ledger.Populations.Count} populations; head {ledger.Head}");
        return new VerifyAuditReply { Intact = intact, Entries = (ulong)found.Entries, Head = ledger.Head.Digest.ToString(), Fault = intact ? "" : said };
    }

    private static Command Resolve()
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var spent = new Option<string>("--spent") { Description = "Epsilon that the missing entries had charged, as the records of those runs say; 0: none. It counts against every population.", Required = true };
        var (steward, note) = Decision();
        var command = new Command("resolve", "Takes a ledger into use again that lacks entries it has had: after a restored backup of which nothing newer is left.") { spent, data, steward, note, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var request = new ResolveLedgerRequest { Spent = parsed.GetRequiredValue(spent), Steward = parsed.GetRequiredValue(steward), Note = parsed.GetRequiredValue(note) };
            var reply = await channel.Client.ResolveLedgerAsync(request, cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer => LedgerTable.Write(writer, reply));
        });
        return command;
    }

    private static Command Merge()
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var from = new Argument<string>("from") { Description = "The population that becomes part of the other." };
        var into = new Argument<string>("into") { Description = "The other." };
        var (steward, note) = Decision();
        var command = new Command("merge", "Puts one population to another, for ever: what was charged against either counts against both.") { from, into, data, steward, note, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var request = new MergePopulationsRequest
            {
                From = parsed.GetRequiredValue(from), Into = parsed.GetRequiredValue(into), Steward = parsed.GetRequiredValue(steward), Note = parsed.GetRequiredValue(note),
            };
            var reply = await channel.Client.MergePopulationsAsync(request, cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer => LedgerTable.Write(writer, reply));
        });
        return command;
    }

    private static Command Close()
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var run = new Argument<string>("run") { Description = "A run that nobody goes on with; 'ledger plan' lists them." };
        var (steward, note) = Decision();
        var command = new Command("close", "Ends a run for the ledger: what it has reserved is free, what it was charged stays charged, and nothing more of it is released.") { run, data, steward, note, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var request = new CloseRunRequest { Run = parsed.GetRequiredValue(run), Steward = parsed.GetRequiredValue(steward), Note = parsed.GetRequiredValue(note) };
            var reply = await channel.Client.CloseRunAsync(request, cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer => LedgerTable.Write(writer, reply));
        });
        return command;
    }

    internal static (Option<string> Steward, Option<string> Note) Decision() => (
        new Option<string>("--steward") { Description = "Who decides.", DefaultValueFactory = _ => Environment.UserName },
        new Option<string>("--note") { Description = "Stays at the site, in the log.", DefaultValueFactory = _ => "" });

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
