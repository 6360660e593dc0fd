using System.CommandLine;
using FederatedClinicalMl.Protos.Steward;

namespace FederatedClinicalMl.SiteAgent.Worker;

/// <summary><c>site-worker releases show</c>: what a release contained.</summary>
internal static class ContentCommand
{
    public static Command Create()
    {
        var (data, json, release) = (CommandLine.Data(), CommandLine.Json(), new Argument<string>("step") { Description = "Step of the release, run.round.kind.attempt, or the whole SHA-256 of its content; 'audit show' lists both." });
        var show = new Command("show", "Shows a release's signed manifest and, where it is an aggregate, its content, every byte of it. Ends with 1 where there is none to be shown.") { release, data, json };
        show.SetAction(async (parsed, cancel) =>
        {
            using var channel = new StewardChannel(CommandLine.Folder(parsed, data));
            var reply = await channel.Client.ShowReleaseAsync(new ReleaseRequest { Release = parsed.GetRequiredValue(release) }, cancellationToken: cancel);
            CommandLine.Print(parsed.GetValue(json), reply, writer =>
            {
                writer.WriteLine($"{reply.Step}, released at {DateTimeOffset.FromUnixTimeSeconds(reply.AtUnixSeconds):u}\n\nThe manifest, as it was signed:\n{PageText.Escape(reply.Manifest)}\n");
                writer.WriteLine(reply.Json.Length == 0 ? reply.Sentence : $"The content, every byte of it; its SHA-256 is that of the manifest. Kept through {reply.KeepUntil}.\n{PageText.Escape(reply.Json)}");
            });
            return reply.Json.Length > 0 ? CommandLine.Done : CommandLine.Refused;
        });
        return new Command("releases", "What has left this site.") { show };
    }
}
