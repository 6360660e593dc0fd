using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using Grpc.Core;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Monitoring;

/// <summary><c>fcml incidents list|note|close</c>.</summary>
internal static class IncidentsCommand
{
    public static Command Create(TimeProvider time) => new Verb("incidents", "See incidents and their timelines; note what you do, close them.")
    {
        new Verb("list", "List incidents with their timelines.", "fcml incidents list").Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var reply = await connection.AskAsync(connection.Monitoring.ListIncidentsAsync(new ListIncidentsRequest(), cancellationToken: cancel), cancel);
            foreach (var incident in reply.Incidents)
                Show(terminal, incident);
            return ExitCode.Success;
        }),
        Say(time, "note", "Note something in an incident's timeline.", (calls, request, cancel) => calls.NoteIncidentAsync(request, cancellationToken: cancel)),
        Say(time, "close", "Close an incident.", (calls, request, cancel) => calls.CloseIncidentAsync(request, cancellationToken: cancel)),
    };

    private static Verb Say(TimeProvider time, string verb, string what, Func<Protos.Federation.Monitoring.MonitoringClient, IncidentRequest, CancellationToken, AsyncUnaryCall<IncidentSummary>> call)
    {
        var (number, reason) = (AlertsCommand.Number(), AlertsCommand.Reason());
        return new Verb(verb, what, $"fcml incidents {verb} 3 --reason \"Rolled back; the site has a new analyser\"") { number, reason }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            Show(terminal, await connection.AskAsync(call(connection.Monitoring, new IncidentRequest { Number = parsed.GetRequiredValue(number), Text = parsed.GetRequiredValue(reason) }, cancel), cancel));
            return ExitCode.Success;
        });
    }

    private static void Show(Terminal terminal, IncidentSummary incident)
    {
        terminal.Say($"[bold]Incident {incident.Number}[/], {incident.Group}: {(incident.Closed is { } closed ? $"closed by {closed.By.EscapeMarkup()}" : "open")}");
        foreach (var entry in incident.Timeline)
            terminal.Say($"  {AlertsCommand.At(entry.AtUnixSeconds)} {entry.By.EscapeMarkup()}: {entry.Text.EscapeMarkup()}");
        terminal.Emit("incident", incident);
    }
}
