using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models ...</c>: the registry's entries, immutable and named by their digest.</summary>
internal static class ModelsCommand
{
    public static Command Create(TimeProvider time) => new Verb("models", "List, show and export registered models.")
    {
        ListVerb.Create(time), ShowVerb.Create(time), ExportVerb.Create(time),
    };

    public static Argument<string> ModelArgument() => new("model") { Description = "The model version (digest), a prefix of it, or the run that made it." };

    /// <summary>The one entry that <paramref name="word"/> names.</summary>
    public static async Task<ModelSummary> ResolveAsync(Connection connection, string word, CancellationToken cancel)
    {
        var reply = await connection.AskAsync(admin => admin.ListModelsAsync(new ListModelsRequest(), cancellationToken: cancel), cancel);
        var found = reply.Models.Where(model => model.Run == word || model.Digest.StartsWith(word, StringComparison.Ordinal)).ToList();
        return found switch
        {
            [var one] => one,
            [] => throw new CliException(ExitCode.Refused, $"The registry has no model '{word}'; 'fcml models list' shows what it has."),
            _ => throw new CliException(ExitCode.Usage, $"'{word}' fits {found.Count} models; give more digits."),
        };
    }
}
