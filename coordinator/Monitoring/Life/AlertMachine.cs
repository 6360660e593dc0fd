namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>
/// What becomes of alerts: open, acknowledged, resolved; silenced until; told in groups; critical ones in incidents. Pure: it reads no clock, and what it decides is
/// <see cref="MonitoringEvent"/>s, which <see cref="MonitoringBook.Apply"/> takes.
/// </summary>
public static class AlertMachine
{
    /// <summary>Alerts of one group are told at most so often: a thousand within it are one message.</summary>
    public static readonly TimeSpan TellEvery = TimeSpan.FromMinutes(1);

    /// <summary>What rules say now: what opens, escalates, resolves.</summary>
    public static IReadOnlyList<MonitoringEvent> Observe(MonitoringBook book, AlertRules rules, Observation observation, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(book);
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(observation);
        var events = new List<MonitoringEvent>();
        events.AddRange(book.Open.Values.Where(alert => observation.Over.Contains(alert.Key)).Select(alert => new AlertResolved(now, alert.Number)));
        var number = book.LastAlert;
        var critical = new List<(int Alert, string Group)>();
        foreach (var (key, value) in observation.Holding.Where(holding => !book.Keys.ContainsKey(holding.Key)).OrderBy(holding => holding.Key.Rule, StringComparer.Ordinal).ThenBy(holding => holding.Key.Subject.Text, StringComparer.Ordinal))
        {
            var rule = rules.Rules[key.Rule];
            events.Add(new AlertOpened(now, ++number, key.Rule, key.Subject, rule.Signal.Name, value, rule.Severity, rule.Group, rule.Runbook));
            if (rule.Severity == Severity.Critical)
                critical.Add((number, rule.Group));
        }

        foreach (var alert in book.Open.Values.Where(alert => !observation.Over.Contains(alert.Key) && IsLate(book, rules, alert, now)))
        {
            var to = rules.Rules[alert.Key.Rule].Escalation!.To;
            events.Add(new AlertEscalated(now, alert.Number, to));
            if (to == Severity.Critical)
                critical.Add((alert.Number, alert.Group));
        }

        events.AddRange(Incidents(book, critical, now));
        return events;
    }

    /// <summary>Who is told of what, now: alerts that nobody has acknowledged, that no silence covers, and that were not told as severe as they are.</summary>
    public static IReadOnlyList<MonitoringEvent> Tell(MonitoringBook book, AlertRules rules, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(book);
        ArgumentNullException.ThrowIfNull(rules);
        return [.. book.Open.Values
            .Where(alert => alert.Acknowledged is null && alert.Told != alert.Severity && !book.IsSilenced(alert.Key, now))
            .GroupBy(alert => alert.Group)
            .Where(group => !book.Told.TryGetValue(group.Key, out var told) || now - told >= TellEvery)
            .Select(group => new AlertsNotified(
                now, group.Key, [.. group.Select(alert => alert.Number)], group.Max(alert => alert.Severity),
                [.. group.SelectMany(alert => rules.Rules.TryGetValue(alert.Key.Rule, out var rule) ? rule.ToldOf(alert) : []).Distinct().Order(StringComparer.Ordinal)]))];
    }

    private static bool IsLate(MonitoringBook book, AlertRules rules, Alert alert, DateTimeOffset now) =>
        alert is { Escalated: false, Acknowledged: null } && rules.Rules.TryGetValue(alert.Key.Rule, out var rule) && rule.Escalation is { } escalation && escalation.To > alert.Severity
        && now - alert.Opened >= escalation.After && !book.IsSilenced(alert.Key, now);

    private static IEnumerable<MonitoringEvent> Incidents(MonitoringBook book, IEnumerable<(int Alert, string Group)> critical, DateTimeOffset now)
    {
        var next = book.LastIncident;
        foreach (var group in critical.GroupBy(one => one.Group))
        {
            var incident = book.IncidentOf(group.Key)?.Number;
            foreach (var (alert, _) in group)
            {
                yield return incident is { } known ? new IncidentJoined(now, known, alert) : new IncidentOpened(now, ++next, group.Key, alert);
                incident ??= next;
            }
        }
    }
}
