using System.Globalization;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Rules in words.</summary>
public static class RuleWords
{
    /// <summary>When a rule holds.</summary>
    public static string Of(AlertRule rule)
    {
        ArgumentNullException.ThrowIfNull(rule);
        var condition = rule.Condition switch
        {
            Threshold threshold => $"{(threshold.Above ? "above" : "below")} {Number(threshold.Bound)}",
            Change change => $"{(change.Rise ? "risen" : "fallen")} by {Number(change.By)} within {Of(change.Within)}",
            Absence absence => $"nothing for {Of(absence.Longer)}",
            _ => "",
        };
        return condition + (rule.For > TimeSpan.Zero ? $", for {Of(rule.For)}" : "") + (rule.Escalation is { } escalation ? $"; {MonitoringBook.Word(escalation.To)} after {Of(escalation.After)}{(escalation.Notify.IsEmpty ? "" : $", and told to {string.Join(", ", escalation.Notify)} too")}" : "");
    }

    private static string Number(double number) => number.ToString("0.######", CultureInfo.InvariantCulture);

    private static string Of(TimeSpan span) => span.TotalHours >= 1 ? $"{Number(span.TotalHours)} h" : span.TotalMinutes >= 1 ? $"{Number(span.TotalMinutes)} min" : $"{Number(span.TotalSeconds)} s";
}
