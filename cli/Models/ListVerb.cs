using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Models;

/// <summary><c>fcml models list</c></summary>
internal static class ListVerb
{
    public static Verb Create(TimeProvider time) => new Verb("list", "List registered models.", "fcml models list", "fcml models list --json").Does(async (parsed, terminal, cancel) =>
    {
        using var connection = Connection.Open(parsed, time);
        var reply = await connection.AskAsync(admin => admin.ListModelsAsync(new ListModelsRequest(), cancellationToken: cancel), cancel);
        var table = new Table().AddColumns("model", "study", "run", "registered", "study digest");
        foreach (var model in reply.Models)
        {
            var registered = DateTimeOffset.FromUnixTimeSeconds(model.RegisteredUnixSeconds);
            table.AddRow(model.Digest[..12], model.Name.EscapeMarkup(), model.Run, registered.ToString("u"), model.StudyDigest[..12]);
            terminal.Emit("model", new { model.Digest, model.Name, model.Run, model.StudyDigest, registered });
        }

        terminal.Show(table);
        foreach (var damaged in reply.Damaged)
        {
            terminal.Say($"[red]{damaged.What.EscapeMarkup()}[/]");
            terminal.Emit("damaged", new { damaged.Digest, damaged.What });
        }

        return reply.Damaged.Count == 0 ? ExitCode.Success : ExitCode.NotVerified;
    });
}
