using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Replay;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Protos.Federation;
using FederatedClinicalMl.Studies;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models.Mlflow;

/// <summary><c>fcml models mlflow</c>: tells an MLflow tracking server of a registered model.</summary>
internal static class MlflowVerb
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    public static Verb Create(TimeProvider time)
    {
        var name = ModelsCommand.ModelArgument();
        name.Arity = ArgumentArity.ZeroOrOne;
        var (folder, key) = (VerifyVerb.FolderOption(), VerifyVerb.KeyOption());
        var server = new Option<Uri>("--server")
        {
            Description = "Address of the tracking server, as its pages have it.",
            Required = true,
            CustomParser = result =>
            {
                if (Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
                    return address;
                result.AddError($"'{result.Tokens[0].Value}' is no address of a server; it begins with http:// or https://.");
                return null;
            },
        };
        var experiment = new Option<string?>("--experiment") { Description = "Experiment that the run goes into; made if it is not there. Without it: the study's name." };
        var verb = new Verb(
            "mlflow", "Tell an MLflow tracking server of a model: a run with parameters, metrics of each round, the entry's files and the card, and a version of a registered model. Telling it again changes nothing.",
            "fcml models mlflow 3f2a91 --server https://mlflow.example.org", "fcml models mlflow --folder heart-model --server http://127.0.0.1:5000 --experiment sepsis")
        {
            name, folder, key, server, experiment,
        };
        ModelsCommand.NeedsOne(verb, name, folder);
        return verb.Does(async (parsed, terminal, cancel) =>
        {
            if (parsed.GetValue(folder) is { } exported)
                return await TellAsync(ModelFiles.Check(exported, parsed.GetValue(key)), exported.FullName, version: null, RoundSource.Of(exported.FullName), card: null);
            using var connection = Connection.Open(parsed, time);
            var model = await ModelsCommand.RegisteredAsync(connection, parsed.GetRequiredValue(name)!, cancel);
            var version = await CardVerb.VersionAsync(connection, model.Summary.Digest, cancel);
            var scratch = Directory.CreateTempSubdirectory("fcml-mlflow-").FullName;
            try
            {
                await ModelFiles.FetchEntryAsync(connection, model.Summary, scratch, cancel);
                return await TellAsync(ModelFiles.Check(scratch, model), scratch, version, RoundSource.Of(connection, model.Summary.Digest), name => ModelFiles.FetchAsync(connection, model.Summary.Digest, name, cancel));
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }

            async Task<ExitCode> TellAsync(ModelCheck check, string entry, (ModelVersion Version, string Stage)? version, Func<Sha256Digest, CancellationToken, Task<byte[]>> evaluation, Func<string, Task<byte[]>>? card)
            {
                ModelFiles.Insist(check, entry, terminal);
                var export = await MlflowExport.OfAsync(check, entry, version, evaluation, cancel);
                card ??= CardVerb.OfEntry(check, entry, ModelCard.Of);
                using var mlflow = new MlflowServer(parsed.GetRequiredValue(server), Environment.GetEnvironmentVariable, s_patience);
                var (run, number, known) = await PublishAsync(mlflow, export, parsed.GetValue(experiment) ?? export.Line, [.. check.Entry!.Files.Select(file => file.Name), ModelFileNames.Manifest], entry, card, cancel);
                terminal.Say($"{(known ? "The server had it already: run" : "Run")} {run.Id.EscapeMarkup()}, {export.Parameters.Length} parameters, {export.Metrics.Length} values; version {number.EscapeMarkup()} of {export.Line.EscapeMarkup()}");
                terminal.Emit("mlflow", new { run = run.Id, version = number, name = export.Line, parameters = export.Parameters.Length, metrics = export.Metrics.Length, known });
                return ExitCode.Success;
            }
        });
    }

    // A run is finished once it has everything; one that is not was broken off, and is made again.
    private static async Task<(MlflowRun Run, string Version, bool Known)> PublishAsync(MlflowServer mlflow, MlflowExport export, string experiment, IEnumerable<string> files, string entry, Func<string, Task<byte[]>> card, CancellationToken cancel)
    {
        var into = await mlflow.ExperimentAsync(experiment, cancel);
        var found = await mlflow.FindAsync(into, MlflowExport.ModelTag, export.Tags.Single(tag => tag.Key == MlflowExport.ModelTag).Value, cancel);
        if (found is { Finished: false })
            await mlflow.DeleteAsync(found, cancel);
        if (found is not { Finished: true })
            found = await FillAsync(into);
        return (found, await mlflow.RegisterAsync(export.Line, found, export.Description, export.Tags.Where(tag => tag.Key.StartsWith("fcml.", StringComparison.Ordinal)), cancel), found.Finished);

        async Task<MlflowRun> FillAsync(string into)
        {
            var run = await mlflow.BeginAsync(into, export.Name, export.Begun, export.Tags, cancel);
            await mlflow.LogAsync(run, export.Metrics, export.Parameters, cancel);
            foreach (var file in files)
            {
                await using var content = File.OpenRead(Path.Combine(entry, file));
                await mlflow.UploadAsync(run, file, content, cancel);
            }

            foreach (var file in (string[])["card.html", "card.md"])
            {
                using var content = new MemoryStream(await card(file));
                await mlflow.UploadAsync(run, file, content, cancel);
            }

            await mlflow.FinishAsync(run, export.Ended, cancel);
            return run;
        }
    }
}
