using System.CommandLine;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Steward;
using Grpc.Core;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker models</c>: which of the consortium's models may be scored with here.</summary>
internal static class ModelsCommand
{
    public static Command Create() => new("models", "The consortium's models that may be scored with here, and how.") { List(), Allow(), Forbid(), Stop(), Resume() };

    private static Command List()
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var command = new Command("list", "Lists what is allowed, what was offered, and what is on the shelf.") { data, json };
        command.SetAction((parsed, cancel) => AskAsync(parsed, data, json, client => client.ListServingAsync(new ListServingRequest(), cancellationToken: cancel)));
        return command;
    }

    private static Command Allow()
    {
        var (data, json, line) = (CommandLine.Data(), CommandLine.Json(), Line());
        var signer = new Option<string>("--signer") { Description = "Fingerprint of the coordinator's registry key, all 64 digits, as its admin has read it out to you, past the coordinator.", Required = true };
        var modes = new Option<string>("--modes") { Description = "What is allowed, separated by commas: shadow, canary, ab, blue-green, production.", Required = true };
        var report = new Option<string>("--report")
        {
            Description = "How often what the line did here is told to the consortium, in suppressed counts of whole days, weeks or months, those before this word too: none, daily, weekly, monthly.", DefaultValueFactory = _ => ReportSchedule.None.Word(),
        };
        var after = new Option<uint>("--outcomes-after") { Description = "Days after the end of a day, week or month that outcomes are waited for before they are told, once.", DefaultValueFactory = _ => ReportSchedules.OutcomesAfter };
        var (steward, note) = LedgerCommand.Decision();
        var command = new Command("allow", "Allows a line of models, signed by one key, in exactly the modes that are named; what was allowed of it before holds no more.") { line, signer, modes, report, after, data, steward, note, json };
        command.SetAction((parsed, cancel) =>
        {
            var request = new AllowServingRequest { Line = parsed.GetRequiredValue(line), Signer = parsed.GetRequiredValue(signer), Steward = parsed.GetRequiredValue(steward), Note = parsed.GetRequiredValue(note) };
            (request.Report, request.OutcomesAfter) = (parsed.GetRequiredValue(report), parsed.GetValue(after));
            request.Modes.AddRange(parsed.GetRequiredValue(modes).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
            return AskAsync(parsed, data, json, client => client.AllowServingAsync(request, cancellationToken: cancel));
        });
        return command;
    }

    private static Command Forbid() => Decide("forbid", "Takes a line off the shelf, at once, and forgets what was ordered of it.", LedgerCommand.Decision().Note, (client, request, cancel) => client.ForbidServingAsync(request, cancellationToken: cancel));

    private static Command Stop() => Decide("stop", "Stops a line: nothing of it answers until it is resumed.", new Option<string>("--reason") { Description = "Why; whoever asks for a score reads it.", Required = true },
        (client, request, cancel) => client.StopServingAsync(request, cancellationToken: cancel));

    private static Command Resume() => Decide("resume", "Resumes a line that was stopped.", LedgerCommand.Decision().Note, (client, request, cancel) => client.ResumeServingAsync(request, cancellationToken: cancel));

    private static Command Decide(string name, string description, Option<string> note, Func<Steward.StewardClient, ServingDecision, CancellationToken, AsyncUnaryCall<ServingReply>> decide)
    {
        var (data, json, line, steward) = (CommandLine.Data(), CommandLine.Json(), Line(), LedgerCommand.Decision().Steward);
        var command = new Command(name, description) { line, data, steward, note, json };
        command.SetAction((parsed, cancel) => AskAsync(parsed, data, json, client => decide(
            client, new ServingDecision { Line = parsed.GetRequiredValue(line), Steward = parsed.GetRequiredValue(steward), Note = parsed.GetRequiredValue(note) }, cancel)));
        return command;
    }

    private static Argument<string> Line() => new("line") { Description = "The model's name, as its studies have it." };

    private static async Task<int> AskAsync(ParseResult parsed, Option<DirectoryInfo> data, Option<bool> json, Func<Steward.StewardClient, AsyncUnaryCall<ServingReply>> ask)
    {
        using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
        var reply = await ask(channel.Client);
        return CommandLine.Print(parsed.GetValue(json), reply, writer => ServingTable.Write(writer, reply));
    }
}
