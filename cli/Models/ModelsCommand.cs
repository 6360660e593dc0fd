using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Models.Mlflow;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models ...</c>: the registry's entries, immutable and named by their digest.</summary>
internal static class ModelsCommand
{
    public static Command Create(TimeProvider time)
    {
        var models = new Verb("models", "List, show, compare, export and verify registered models; give them versions, promote them and take them back.")
        {
            ListVerb.Create(time), ShowVerb.Create(time), ExportVerb.Create(time), VerifyVerb.Create(time), CardVerb.Create(time), CardVerb.CreateReport(time), CompareVerb.Create(time), CompareAtSitesVerb.Create(time), MonitoringVerbs.CreateObserve(time), MonitoringVerbs.CreateMonitoring(time), MlflowVerb.Create(time),
        };
        foreach (var verb in StageVerbs.Create(time))
            models.Add(verb);
        models.Add(Monitoring.ProposalsCommand.Retrain(time));
        return models;
    }

    public static Argument<string> ModelArgument() => new("model") { Description = "The model version (digest), a prefix of it, or the run that made it." };

    /// <summary>Has a verb take a model by its name, or a folder: one of the two.</summary>
    public static void NeedsOne(Verb verb, Argument<string> name, Option<DirectoryInfo?> folder) => verb.Validators.Add(result =>
    {
        if (result.GetValue(name) is null == result.GetValue(folder) is null)
            result.AddError("Name a registered model, or give --folder FOLDER with an exported one; one of the two.");
    });

    /// <summary>The one entry that <paramref name="word"/> names.</summary>
    public static async Task<ModelSummary> ResolveAsync(Connection connection, string word, CancellationToken cancel) =>
        (await RegisteredAsync(connection, word, cancel)).Summary;

    /// <summary>The one entry that <paramref name="word"/> names, and the key that must have signed it.</summary>
    public static async Task<Registered> RegisteredAsync(Connection connection, string word, CancellationToken cancel)
    {
        var reply = await connection.AskAsync(admin => admin.ListModelsAsync(new ListModelsRequest(), cancellationToken: cancel), cancel);
        if (reply.Damaged.FirstOrDefault(model => model.Digest.StartsWith(word, StringComparison.Ordinal)) is { } damaged)
            throw new CliException(ExitCode.NotVerified, damaged.What);
        var found = reply.Models.Where(model => model.Run == word || model.Digest.StartsWith(word, StringComparison.Ordinal)).ToList();
        return found switch
        {
            [var one] => new Registered(one, new VerifyingKey(reply.SigningKey.ToByteArray())),
            [] => throw new CliException(ExitCode.Refused, $"The registry has no model '{word}'; 'fcml models list' shows what it has."),
            _ => throw new CliException(ExitCode.Usage, $"'{word}' fits {found.Count} models; give more digits."),
        };
    }
}
