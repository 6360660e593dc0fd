using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Dashboard;

/// <summary><c>fcml dashboard</c>: a link that opens the coordinator's pages, once.</summary>
internal static class DashboardCommand
{
    public static Command Create(TimeProvider time) => new Verb(
        "dashboard",
        "Get a link that signs you in to the coordinator's pages: it serves once, within two minutes.",
        "fcml dashboard", "fcml dashboard --identity ~/.fcml/heart-consortium").Does(async (parsed, terminal, cancel) =>
    {
        using var connection = Connection.Open(parsed, time);
        var reply = await connection.AskAsync(admin => admin.SignInAsync(new SignInRequest(), cancellationToken: cancel), cancel);
        var expires = DateTimeOffset.FromUnixTimeSeconds(reply.ExpiresUnixSeconds);
        terminal.Say($"Open this in a browser, once, before {expires:u}. Whoever opens it is {connection.Identity.Subject.EscapeMarkup()} there:");
        terminal.Say(reply.Link.EscapeMarkup());
        terminal.Emit("dashboard", new { reply.Link, expires });
        return ExitCode.Success;
    });
}
