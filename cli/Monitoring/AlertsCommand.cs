using System.CommandLine;
using FederatedClinicalMl.Cli.Connections;
using FederatedClinicalMl.Protos.Federation;
using Spectre.Console;

namespace FederatedClinicalMl.Cli.Monitoring;

/// <summary><c>fcml alerts list|acknowledge|silence|rules</c>.</summary>
internal static class AlertsCommand
{
    public static Command Create(TimeProvider time) => new Verb("alerts", "See what rules say of the federation now; see to alerts, silence them.") { List(time), Acknowledge(time), Silence(time), Rules(time) };

    /// <summary>Why; others read it.</summary>
    public static Option<string> Reason() => new("--reason") { Description = "Why; others read it.", Required = true };

    /// <summary>The number of an alert, incident or proposal.</summary>
    public static Argument<uint> Number() => new("number") { Description = "Its number." };

    /// <summary>A moment.</summary>
    public static string At(long unixSeconds) => DateTimeOffset.FromUnixTimeSeconds(unixSeconds).ToString("u");

    private static Verb List(TimeProvider time)
    {
        var over = new Option<bool>("--over") { Description = "Also those that are over." };
        return new Verb("list", "List open alerts, silences, and how each channel is doing.", "fcml alerts list", "fcml alerts list --over --json") { over }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var reply = await connection.AskAsync(connection.Monitoring.ListAlertsAsync(new ListAlertsRequest { Over = parsed.GetValue(over) }, cancellationToken: cancel), cancel);
            var table = new Table().AddColumns("number", "severity", "rule", "about", "value", "since", "who sees to it", "what to do");
            foreach (var alert in reply.Alerts)
            {
                var who = alert.ResolvedUnixSeconds > 0 ? $"over since {At(alert.ResolvedUnixSeconds)}" : alert.Acknowledged is { } deed ? $"{deed.By}: {deed.Reason}" : alert.Silenced ? "silenced" : "nobody yet";
                table.AddRow([.. new[] { $"{alert.Number}", alert.Severity, alert.Rule, alert.Subject, $"{alert.Signal} {alert.Value:0.###}", At(alert.OpenedUnixSeconds), who, alert.Runbook }.Select(cell => cell.EscapeMarkup())]);
                terminal.Emit("alert", alert);
            }

            terminal.Show(table);
            foreach (var silence in reply.Silences)
                terminal.Say($"Silenced until {At(silence.UntilUnixSeconds)}: {$"{silence.Rule} {silence.Where}".Trim().EscapeMarkup()} ({silence.Set.By.EscapeMarkup()}: {silence.Set.Reason.EscapeMarkup()})");
            foreach (var channel in reply.Channels)
            {
                terminal.Say($"{channel.Name} ({channel.Kind}): {channel.Waiting} waiting, {channel.GivenUp} given up{(channel.Fault.Length > 0 ? $"; [red]{channel.Fault.EscapeMarkup()}[/]" : "")}");
                terminal.Emit("channel", channel);
            }

            return ExitCode.Success;
        });
    }

    private static Verb Acknowledge(TimeProvider time)
    {
        var (number, reason) = (Number(), Reason());
        return new Verb("acknowledge", "Say that you see to an alert: nobody is told of it any more, and it does not escalate.", "fcml alerts acknowledge 12 --reason \"Calling the site\"") { number, reason }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var alert = await connection.AskAsync(connection.Monitoring.AcknowledgeAlertAsync(new AcknowledgeAlertRequest { Number = parsed.GetRequiredValue(number), Reason = parsed.GetRequiredValue(reason) }, cancellationToken: cancel), cancel);
            terminal.Say($"You see to alert {alert.Number}, {alert.Rule} {alert.Subject.EscapeMarkup()}");
            terminal.Emit("acknowledged", new { alert.Number });
            return ExitCode.Success;
        });
    }

    private static Verb Silence(TimeProvider time)
    {
        var rule = new Option<string?>("--rule") { Description = "Alerts of which rule; without it: of any." };
        var where = new Option<string?>("--where") { Description = "Alerts about what: label=value, with spaces between them." };
        var hours = new Option<uint>("--hours") { Description = "For how long, at most 720.", Required = true };
        var reason = Reason();
        return new Verb("silence", "Have nobody told of alerts that match, for a while.", "fcml alerts silence --rule site-silent --where site=north --hours 8 --reason \"The site moves its servers\"") { rule, where, hours, reason }.Does(async (parsed, terminal, cancel) =>
        {
            using var connection = Connection.Open(parsed, time);
            var request = new SilenceAlertsRequest { Rule = parsed.GetValue(rule) ?? "", Where = parsed.GetValue(where) ?? "", Hours = parsed.GetValue(hours), Reason = parsed.GetRequiredValue(reason) };
            await connection.AskAsync(connection.Monitoring.SilenceAlertsAsync(request, cancellationToken: cancel), cancel);
            terminal.Say($"Silenced for {request.Hours} hours: {$"{request.Rule} {request.Where}".Trim().EscapeMarkup()}");
            terminal.Emit("silenced", new { request.Rule, request.Where, request.Hours });
            return ExitCode.Success;
        });
    }

    private static Verb Rules(TimeProvider time) => new Verb("rules", "List the rules that hold, and what is wrong with alerts.yaml.", "fcml alerts rules").Does(async (parsed, terminal, cancel) =>
    {
        using var connection = Connection.Open(parsed, time);
        var reply = await connection.AskAsync(connection.Monitoring.ListAlertsAsync(new ListAlertsRequest(), cancellationToken: cancel), cancel);
        var table = new Table().AddColumns("rule", "signal", "about", "holds", "severity", "tells");
        foreach (var rule in reply.Rules)
        {
            table.AddRow([.. new[] { rule.Name, rule.Signal, rule.Where, rule.Condition, rule.Severity, string.Join(", ", rule.Notify) }.Select(cell => cell.EscapeMarkup())]);
            terminal.Emit("rule", rule);
        }

        terminal.Show(table);
        foreach (var fault in reply.Faults)
            terminal.Say($"[red]{fault.EscapeMarkup()}[/]");
        return reply.Faults.Count == 0 ? ExitCode.Success : ExitCode.InvalidInput;
    });
}
