using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Coordinator.Registry;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models export</c>: writes an entry's files and its signed manifest, and checks them.</summary>
internal static class ExportVerb
{
    public static Verb Create(TimeProvider time)
    {
        var name = ModelsCommand.ModelArgument();
        var folder = new Option<DirectoryInfo>("--out") { Description = "Folder to write to; made if it is not there.", Required = true };
        return new Verb("export", "Write a model's files (parameters, ONNX, study, round records, signed manifest) to a folder, and check them there.", "fcml models export 3f2a91 --out heart-model")
        {
            name, folder,
        }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var model = await ModelsCommand.RegisteredAsync(connection, parsed.GetRequiredValue(name), cancel);
            var target = parsed.GetRequiredValue(folder).FullName;
            await ModelFiles.FetchEntryAsync(connection, model.Summary, target, cancel);
            ModelFiles.Insist(ModelFiles.Check(target, model), $"What was written to '{target}'", terminal);
            foreach (var file in model.Summary.Files)
            {
                var path = Path.Combine(target, file.Name);
                terminal.Say($"{path.EscapeMarkup()}  {file.Length:N0} bytes, checked");
                terminal.Emit("file", new { path, file.Length, file.Digest });
            }

            terminal.Say($"{Path.Combine(target, ModelRegistry.ManifestFile).EscapeMarkup()}  signed with the key {model.Key.Fingerprint}");
            return ExitCode.Success;
        });
    }
}
