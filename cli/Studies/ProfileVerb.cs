using System.CommandLine;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary><c>fcml study profile</c>: the consortium's Table 1.</summary>
internal static class ProfileVerb
{
    public static Verb Create(TimeProvider time)
    {
        var study = new Argument<string>("study") { Description = "The study's digest, a prefix of it, or its name where only one study has it." };
        var to = new Option<FileInfo>("--out") { Description = "Also writes the profile, as JSON." };
        return new Verb("profile", "Ask the sites that approved a study what their rows are like, and show it by site and overall: the consortium's Table 1. Trains nothing.",
            "fcml study profile heart-disease", "fcml study profile 3f2a91 --out table1.json")
        {
            study, to,
        }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var digest = await StartVerb.ResolveAsync(connection, parsed.GetRequiredValue(study), cancel);
            var reply = await connection.AskAsync(admin => admin.StartRunAsync(new StartRunRequest { StudyDigest = digest, Profile = true }, cancellationToken: cancel), cancel);
            var asked = StudyChecker.CheckCanonical(reply.Canonical.Memory).Study
                ?? throw new CliException(ExitCode.Refused, "The coordinator sent a study that this version of fcml does not understand; use the version that submitted it.");
            var view = await WatchVerb.FollowAsync(connection, reply.Run, terminal, cancel);
            if (view.State.Status != RunStatus.Profiled)
                throw new CliException(ExitCode.RunWithoutModel, $"No profile came: {view.State.Failure?.TrimEnd('.') ?? "the run was cancelled"}. A site whose policy asks its steward answers once the steward has approved what would leave: ask again then.");
            var profile = StudyProfile.Read(asked, view.Profile);
            terminal.Show(ProfileTable.Of(asked, profile));
            foreach (var absent in view.State.History[^1].Sites.Keys.Except(profile.Sites.Select(site => site.Site)))
                terminal.Say($"[yellow]{absent} is not in it: {(view.State.History[^1].Sites[absent] is DeclinedAnswer declined ? $"it declined, {declined.Reason}" : "it did not answer")}[/]");
            if (parsed.GetValue(to) is { } file)
                await File.WriteAllBytesAsync(file.FullName, view.Profile, cancel);
            terminal.Emit("profile", new { study = digest, reply.Run, profile = JsonNode.Parse(view.Profile) });
            return ExitCode.Success;
        });
    }
}
