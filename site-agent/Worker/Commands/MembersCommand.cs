using System.CommandLine;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker members</c>: with whom this site's updates are summed under masks.</summary>
internal static class MembersCommand
{
    public static Command Create() => new("members", "The worker keys of the sites with whom updates are summed under masks, and which of them a steward has confirmed.") { Show(), Confirm() };

    private static Command Show()
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var study = new Option<string>("--study") { Description = "Digest, or a prefix that names one study; without it: every study that names keys.", DefaultValueFactory = _ => "" };
        var command = new Command("show", "Shows this site's own fingerprint, to be read out to the others' stewards, and theirs as studies name them.") { study, data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.ShowMembersAsync(new ShowMembersRequest { Study = parsed.GetRequiredValue(study) }, cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer => MembersTable.Write(writer, reply));
        });
        return command;
    }

    private static Command Confirm()
    {
        var (data, json) = (CommandLine.Data(), CommandLine.Json());
        var site = new Argument<string>("site") { Description = "The other site." };
        var fingerprint = new Argument<string[]>("fingerprint") { Description = "What its steward read out, past the coordinator: all 64 digits, with or without spaces.", Arity = ArgumentArity.OneOrMore };
        var (steward, note) = LedgerCommand.Decision();
        var command = new Command("confirm", "Records that you have compared the key of another site's worker with that site's steward. Another key for a site takes the place of the one before.")
        {
            site, fingerprint, data, steward, note, json,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var request = new ConfirmMemberRequest
            {
                Site = parsed.GetRequiredValue(site), Fingerprint = string.Concat(parsed.GetRequiredValue(fingerprint)), Steward = parsed.GetRequiredValue(steward),
                Note = parsed.GetRequiredValue(note),
            };
            var reply = await channel.Client.ConfirmMemberAsync(request, cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer => MembersTable.Write(writer, reply));
        });
        return command;
    }
}
