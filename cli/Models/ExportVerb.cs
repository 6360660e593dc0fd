using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Learning;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models export</c>: writes an entry's files and its signed manifest, and with <c>--rounds</c> the sums and parameters of its rounds, and checks them.</summary>
internal static class ExportVerb
{
    public static Verb Create(TimeProvider time)
    {
        var name = ModelsCommand.ModelArgument();
        var folder = new Option<DirectoryInfo>("--out") { Description = "Folder to write to; made if it is not there.", Required = true };
        var rounds = new Option<bool>("--rounds") { Description = "Also write each round's parameters and the sum that they were made of, for 'fcml replay --folder': 12 bytes for each parameter and round." };
        return new Verb(
            "export", "Write a model's files (parameters, ONNX, study, round records, signed manifest) to a folder, and check them there.",
            "fcml models export 3f2a91 --out heart-model", "fcml models export 3f2a91 --out heart-model --rounds")
        {
            name, folder, rounds,
        }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var model = await ModelsCommand.RegisteredAsync(connection, parsed.GetRequiredValue(name), cancel);
            var target = parsed.GetRequiredValue(folder).FullName;
            await ModelFiles.FetchEntryAsync(connection, model.Summary, target, cancel);
            var check = Check();
            if (parsed.GetValue(rounds))
            {
                await ModelFiles.FetchResultsAsync(connection, check, target, cancel);
                Check();
            }

            foreach (var file in model.Summary.Files)
            {
                var path = Path.Combine(target, file.Name);
                terminal.Say($"{path.EscapeMarkup()}  {file.Length:N0} bytes, checked");
                terminal.Emit("file", new { path, file.Length, file.Digest });
            }

            if (parsed.GetValue(rounds))
            {
                var (path, count) = (Path.Combine(target, RoundResults.Folder), RoundResults.Of(check.Study!, check.Rounds).Count());
                terminal.Say($"{path.EscapeMarkup()}  {count} sums and parameters of {check.Study!.Federation.Rounds} rounds, checked");
                terminal.Emit("results", new { path, count });
            }

            terminal.Say($"{Path.Combine(target, ModelFileNames.Manifest).EscapeMarkup()}  signed with the key {model.Key.Fingerprint}");
            return ExitCode.Success;

            ModelCheck Check()
            {
                var check = ModelFiles.Check(target, model);
                ModelFiles.Insist(check, $"What was written to '{target}'", terminal);
                return check;
            }
        });
    }
}
