using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>What a message says: names, numbers and where it says what to do. Of many alerts the first are named and the others counted.</summary>
public static class NotificationText
{
    private const int MostNamed = 20;
    private const string Over = "over";

    /// <summary>The message about alerts of one group, as canonical JSON.</summary>
    /// <param name="group">The group.</param>
    /// <param name="alerts">The alerts, at least one.</param>
    /// <param name="isOver">Whether they are over; else they are open.</param>
    /// <param name="coordinator">Who says it.</param>
    /// <param name="pages">Where other machines find the dashboard; null: nowhere, and runbooks are named as the rules name them.</param>
    public static string Of(string group, IReadOnlyCollection<Alert> alerts, bool isOver, string coordinator, Uri? pages)
    {
        ArgumentNullException.ThrowIfNull(alerts);
        return Encoding.UTF8.GetString(CanonicalJson.Write(new JsonObject
        {
            ["format"] = 1, ["coordinator"] = coordinator, ["group"] = group, ["state"] = isOver ? Over : "open", ["severity"] = MonitoringBook.Word(alerts.Max(alert => alert.Severity)), ["count"] = alerts.Count,
            ["alerts"] = new JsonArray([.. alerts.Take(MostNamed).Select(alert => Describe(alert, pages))]),
        }));
    }

    /// <summary>Whether a message says that something critical is open.</summary>
    public static bool IsCritical(string payload) =>
        JsonNode.Parse(payload)!.AsObject() is var message && (string?)message["severity"] == MonitoringBook.Word(Severity.Critical) && (string?)message["state"] != Over;

    /// <summary>The same for people: a subject and a text.</summary>
    public static (string Subject, string Text) ForPeople(string payload)
    {
        var message = JsonNode.Parse(payload)!;
        var count = message["count"]!.GetValue<double>();
        var (named, isOver) = (message["alerts"]!.AsArray(), (string?)message["state"] == Over);
        var text = new StringBuilder();
        foreach (var alert in named)
        {
            text.Append(CultureInfo.InvariantCulture, $"{(isOver ? Over : alert!["severity"])}: alert {alert!["number"]}, {alert["rule"]} {alert["subject"]}\n  {alert["signal"]} {(isOver ? "was" : "=")} {alert["value"]}, since {alert["opened"]}\n");
            text.Append(isOver ? "\n" : $"  what to do: {alert["runbook"]}\n\n");
        }

        if (count > named.Count)
            text.Append(CultureInfo.InvariantCulture, $"And {count - named.Count} more: fcml alerts list{(isOver ? " --over" : "")}\n");
        return (string.Create(CultureInfo.InvariantCulture, $"[{(isOver ? Over : message["severity"])}] {message["group"]}: {(count == 1 ? "1 alert" : $"{count} alerts")}"), text.ToString());
    }

    private static JsonObject Describe(Alert alert, Uri? pages) => new()
    {
        ["number"] = alert.Number, ["rule"] = alert.Key.Rule, ["subject"] = alert.Key.Subject.Text, ["signal"] = alert.Signal, ["value"] = double.IsFinite(alert.Value) ? Math.Round(alert.Value, 6) : null,
        ["severity"] = MonitoringBook.Word(alert.Severity), ["opened"] = CanonicalTime.Write(alert.Opened), ["runbook"] = pages is not null && PagePath.Of(alert.Runbook) is { } path ? new Uri(pages, path).AbsoluteUri : alert.Runbook,
    };
}
