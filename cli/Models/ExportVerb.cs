using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models export</c>: writes an entry's files, each held against its digest.</summary>
internal static class ExportVerb
{
    public static Verb Create(TimeProvider time)
    {
        var name = ModelsCommand.ModelArgument();
        var folder = new Option<DirectoryInfo>("--out") { Description = "Folder to write to; made if it is not there.", Required = true };
        return new Verb("export", "Write a model's files (parameters, ONNX, study, round records) to a folder, each checked against its digest.", "fcml models export 3f2a91 --out heart-model")
        {
            name, folder,
        }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var model = await ModelsCommand.ResolveAsync(connection, parsed.GetRequiredValue(name), cancel);
            var target = parsed.GetRequiredValue(folder);
            target.Create();
            foreach (var file in model.Files)
            {
                if (Path.GetFileName(file.Name) != file.Name)
                    throw new CliException(ExitCode.NotVerified, $"The entry names a file '{file.Name}' that is no plain file name; nothing was written for it. Tell the coordinator's admin.");
                var path = Path.Combine(target.FullName, file.Name);
                await File.WriteAllBytesAsync(path, await ModelFiles.FetchVerifiedAsync(connection, model, file, cancel), cancel);
                terminal.Say($"{path.EscapeMarkup()}  {file.Length:N0} bytes, digest checked");
                terminal.Emit("file", new { path, file.Length, file.Digest });
            }

            return ExitCode.Success;
        });
    }
}
