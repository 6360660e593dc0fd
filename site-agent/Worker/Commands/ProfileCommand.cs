using System.CommandLine;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker studies profile</c>: shows what would leave of this site's rows for the consortium's Table 1, and lets exactly that out.</summary>
internal static class ProfileCommand
{
    public static Command Create()
    {
        var (data, json, digest) = (CommandLine.Data(), CommandLine.Json(), new Argument<string>("digest") { Description = "Digest of the study; whole where a profile is approved." });
        var approve = new Option<string>("--approve") { Description = "Lets the profile with this digest out, and no other." };
        var steward = new Option<string>("--steward") { Description = "Who decides.", DefaultValueFactory = _ => Environment.UserName };
        var note = new Option<string>("--note") { Description = "Stays at the site, in the log.", DefaultValueFactory = _ => "" };
        var command = new Command("profile", "Shows the profile of this site's rows as it would leave, every byte; with --approve, lets it out.") { digest, data, approve, steward, note, json };
        command.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var study = parsed.GetRequiredValue(digest);
            var reply = parsed.GetValue(approve) is { } profile
                ? await channel.Client.ApproveProfileAsync(
                    new ProfileDecision { Study = study, Profile = profile, Steward = parsed.GetRequiredValue(steward), Note = parsed.GetRequiredValue(note) }, cancellationToken: cancel)
                : await channel.Client.ShowProfileAsync(new StudyRequest { Digest = study }, cancellationToken: cancel);
            return CommandLine.Print(parsed.GetValue(json), reply, writer =>
            {
                if (parsed.GetValue(approve) is null)
                    writer.WriteLine($"{reply.Json}\n");
                writer.WriteLine(reply.Summary);
                writer.WriteLine($"profile {reply.Profile} of study {reply.Study}");
                writer.WriteLine(reply.Sentence);
            });
        });
        return command;
    }
}
