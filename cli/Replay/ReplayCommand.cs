using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Cli.Models;
using FederatedClinicalMl.Cli.Simulation;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Cli.Replay;

/// <summary><c>fcml replay</c>: makes a registered run again and compares digests: all of it from the same data, or what can be made again without any.</summary>
internal static class ReplayCommand
{
    public static Command Create(TimeProvider time)
    {
        var name = ModelsCommand.ModelArgument();
        name.Arity = ArgumentArity.ZeroOrOne;
        var data = new Option<DirectoryInfo?>("--data") { Description = SimulateCommand.DataHelp + " Without it, each round's parameters are made again from the sum that the coordinator kept." };
        var statements = new Option<DirectoryInfo?>("--statements") { Description = "Without --data: a folder with the statements (*.json) in which each site's worker says which of its releases it made again." };
        var folder = VerifyVerb.FolderOption();
        var key = VerifyVerb.KeyOption();
        var verb = new Verb(
            "replay", "Make a registered run again from its records, with the same data or in parts without any, and compare every digest.",
            "fcml replay 3f2a91 --data hospitals/", "fcml replay --folder heart-model --data hospitals/", "fcml replay 3f2a91", "fcml replay 3f2a91 --statements statements/")
        {
            name, data, statements, folder, key,
        };
        ModelsCommand.NeedsOne(verb, name, folder);
        verb.Validators.Add(result =>
        {
            if (result.GetValue(data) is not null && result.GetValue(statements) is not null)
                result.AddError("--statements is for a replay without --data: whoever has all rows makes every release again.");
        });
        return verb.Does(async (parsed, terminal, cancel) =>
        {
            if (parsed.GetValue(folder) is { } exported)
                return await RunAsync(ModelFiles.Check(exported, parsed.GetValue(key)), exported.FullName, RoundSource.Of(exported.FullName));

            using var connection = Connection.Open(parsed, time);
            var model = await ModelsCommand.RegisteredAsync(connection, parsed.GetRequiredValue(name)!, cancel);
            var fetched = Directory.CreateTempSubdirectory("fcml-replay-").FullName;
            try
            {
                await ModelFiles.FetchEntryAsync(connection, model.Summary, fetched, cancel);
                return await RunAsync(ModelFiles.Check(fetched, model), fetched, RoundSource.Of(connection, model.Summary.Digest));
            }
            finally
            {
                Directory.Delete(fetched, recursive: true);
            }

            async Task<ExitCode> RunAsync(ModelCheck check, string entry, Func<Sha256Digest, CancellationToken, Task<byte[]>> resultOf)
            {
                ModelFiles.Insist(check, entry, terminal);
                var record = RecordedRun.Of(check, entry);
                if (parsed.GetValue(data) is { } rows)
                    return new WholeReplay(record, check.Model!.Value, terminal).Run(rows.FullName, time, cancel);
                var stated = parsed.GetValue(statements) is { } said ? SiteStatements.Read(said, record) : null;
                return await new PartsReplay(record, check.Model!.Value, stated, terminal).RunAsync(resultOf, cancel);
            }
        });
    }
}
