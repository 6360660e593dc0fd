using System.CommandLine;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker data mapping</c>: shows what is new in the site's mapping of its own codes and units, and takes exactly that into use.</summary>
internal static class MappingCommand
{
    public static Command Create()
    {
        var (data, json, dataset) = (CommandLine.Data(), CommandLine.Json(), new Argument<string>("dataset") { Description = "Its name in datasets.yaml." });
        var approve = new Option<string>("--approve") { Description = "Takes the mapping with this digest into use, and no other." };
        var steward = new Option<string>("--steward") { Description = "Who decides.", DefaultValueFactory = _ => Environment.UserName };
        var note = new Option<string>("--note") { Description = "Stays at the site, in the log.", DefaultValueFactory = _ => "" };
        var command = new Command("mapping", "Shows how the mapping of a dataset differs from the one that was approved; with --approve, takes it into use.") { dataset, approve, steward, note, data, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var name = parsed.GetRequiredValue(dataset);
            var reply = parsed.GetValue(approve) is { } digest
                ? await channel.Client.ApproveMappingAsync(
                    new MappingDecision { Dataset = name, Digest = digest, Steward = parsed.GetRequiredValue(steward), Note = parsed.GetRequiredValue(note) }, cancellationToken: cancel)
                : await channel.Client.ShowMappingAsync(new MappingRequest { Dataset = name }, cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer =>
            {
                foreach (var line in reply.Removed)
                    writer.WriteLine($"- {line}");
                foreach (var line in reply.Added)
                    writer.WriteLine($"+ {line}");
                if (reply.Version > 0)
                    writer.WriteLine($"version {reply.Version} of the mapping of {reply.Dataset}, reviewed by {reply.ReviewedBy}: {reply.Digest}");
                writer.WriteLine(reply.Sentence);
            });
        });
        return command;
    }
}
