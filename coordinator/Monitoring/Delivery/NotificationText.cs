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

    /// <summary>The message about alerts of one group, as canonical JSON.</summary>
    public static string Of(AlertsNotified told, MonitoringBook book, string coordinator)
    {
        ArgumentNullException.ThrowIfNull(told);
        ArgumentNullException.ThrowIfNull(book);
        return Encoding.UTF8.GetString(CanonicalJson.Write(new JsonObject
        {
            ["format"] = 1, ["coordinator"] = coordinator, ["group"] = told.Group, ["severity"] = MonitoringBook.Word(told.Severity), ["count"] = told.Numbers.Length,
            ["alerts"] = new JsonArray([.. told.Numbers.Take(MostNamed).Select(number => Describe(book.Open[number]))]),
        }));
    }

    /// <summary>The same for people: a subject and a text.</summary>
    public static (string Subject, string Text) ForPeople(string payload)
    {
        var message = JsonNode.Parse(payload)!;
        var count = message["count"]!.GetValue<double>();
        var named = message["alerts"]!.AsArray();
        var text = new StringBuilder();
        foreach (var alert in named)
        {
            text.Append(CultureInfo.InvariantCulture, $"{alert!["severity"]}: alert {alert["number"]}, {alert["rule"]} {alert["subject"]}\n  {alert["signal"]} = {alert["value"]}, since {alert["opened"]}\n  what to do: {alert["runbook"]}\n\n");
        }

        if (count > named.Count)
            text.Append(CultureInfo.InvariantCulture, $"And {count - named.Count} more: fcml alerts list\n");
        return (string.Create(CultureInfo.InvariantCulture, $"[{message["severity"]}] {message["group"]}: {(count == 1 ? "1 alert" : $"{count} alerts")}"), text.ToString());
    }

    private static JsonObject Describe(Alert alert) => new()
    {
        ["number"] = alert.Number, ["rule"] = alert.Key.Rule, ["subject"] = alert.Key.Subject.Text, ["signal"] = alert.Signal, ["value"] = double.IsFinite(alert.Value) ? Math.Round(alert.Value, 6) : null,
        ["severity"] = MonitoringBook.Word(alert.Severity), ["opened"] = CanonicalTime.Write(alert.Opened), ["runbook"] = alert.Runbook,
    };
}
