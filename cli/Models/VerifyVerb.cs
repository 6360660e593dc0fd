using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Coordinator.Registry;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models verify</c>: holds an entry against its digests and signatures, and says which file or record differs.</summary>
internal static class VerifyVerb
{
    public static Verb Create(TimeProvider time)
    {
        var name = ModelsCommand.ModelArgument();
        name.Arity = ArgumentArity.ZeroOrOne;
        var folder = FolderOption();
        var key = KeyOption();
        var verb = new Verb(
            "verify", "Check every digest and signature of a model: parameters, ONNX file, study, constants, round records.",
            "fcml models verify 3f2a91", "fcml models verify --folder heart-model", "fcml models verify --folder heart-model --key 9c41...")
        {
            name, folder, key,
        };
        ModelsCommand.NeedsOne(verb, name, folder);
        return verb.Does(async (parsed, terminal, cancel) =>
        {
            if (parsed.GetValue(folder) is { } exported)
                return Report(ModelFiles.Check(exported, parsed.GetValue(key)), exported.FullName, known: parsed.GetValue(key) is not null, terminal);

            using var connection = Connection.Open(parsed, time);
            var model = await ModelsCommand.RegisteredAsync(connection, parsed.GetRequiredValue(name), cancel);
            var scratch = Directory.CreateTempSubdirectory("fcml-verify-").FullName;
            try
            {
                await ModelFiles.FetchEntryAsync(connection, model.Summary, scratch, cancel);
                return Report(ModelFiles.Check(scratch, model), $"Model {model.Summary.Digest}", known: true, terminal);
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }
        });
    }

    public static Option<DirectoryInfo?> FolderOption() => new("--folder") { Description = "A folder that 'fcml models export' or 'fcml simulate --out' wrote, instead of asking the coordinator." };

    public static Option<string?> KeyOption() => new("--key") { Description = "With --folder: fingerprint of the coordinator's key, as 'fcml models verify MODEL' prints it. Without it the folder is held against the key that it names itself." };

    private static ExitCode Report(ModelCheck check, string what, bool known, Terminal terminal)
    {
        ModelFiles.Insist(check, what, terminal);
        var (entry, key) = (check.Entry!, check.Key!.Fingerprint.ToString());
        terminal.Say($"{what.EscapeMarkup()}: [green]verified[/]. {entry.Files.Count} files, {check.Rounds.Length} round records; signed with the key {key}");
        if (!known)
            terminal.Say("[yellow]The folder was held against the key that it names itself: whoever made it chose that key. Compare it with the coordinator's ('fcml models verify MODEL' prints it), and give it with --key.[/]");
        terminal.Emit("verified", new { model = check.Model.ToString(), files = entry.Files.Select(file => file.Name), rounds = check.Rounds.Length, key, keyGiven = known });
        return ExitCode.Success;
    }
}
