using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;

namespace FederatedClinicalMl.Cli.Studies;

/// <summary><c>fcml study start</c>: starts a run of a submitted study.</summary>
internal static class StartVerb
{
    public static Verb Create(TimeProvider time)
    {
        var study = new Argument<string>("study") { Description = "The study's digest, a prefix of it, or its name where only one study has it." };
        var watch = new Option<bool>("--watch") { Description = "Go on as 'fcml study watch'." };
        return new Verb("start", "Start a run of a study that its sites have approved.", "fcml study start heart-disease", "fcml study start 3f2a91 --watch")
        {
            study, watch,
        }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var digest = await ResolveAsync(connection, parsed.GetRequiredValue(study), cancel);
            var reply = await connection.AskAsync(admin => admin.StartRunAsync(new StartRunRequest { StudyDigest = digest }, cancellationToken: cancel), cancel);
            terminal.Say($"Run [bold]{reply.Run}[/] is started. Watch it with 'fcml study watch {reply.Run}'.");
            terminal.Emit("started", new { reply.Run, study = digest });
            return parsed.GetValue(watch) ? await WatchVerb.WatchAsync(connection, reply.Run, terminal, cancel) : ExitCode.Success;
        });
    }

    /// <summary>The digest of the one study that a word names.</summary>
    public static async Task<string> ResolveAsync(Connection connection, string word, CancellationToken cancel)
    {
        var reply = await connection.AskAsync(admin => admin.ListStudiesAsync(new ListStudiesRequest(), cancellationToken: cancel), cancel);
        var found = reply.Studies.Where(study => study.Name == word || study.Digest.StartsWith(word, StringComparison.Ordinal)).Select(study => study.Digest).ToList();
        return found switch
        {
            [var one] => one,
            [] => throw new CliException(ExitCode.Refused, $"No study here is named '{word}' or has a digest that begins so; 'fcml study list' shows them."),
            _ => throw new CliException(ExitCode.Usage, $"'{word}' fits {found.Count} studies ({string.Join(", ", found.Select(digest => digest[..12]))}); give more digits of the digest."),
        };
    }
}
