namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>When a line is proposed to be trained again. Pure, as <see cref="AlertMachine"/>. A line has at most one open proposal.</summary>
public static class RetrainingMachine
{
    /// <summary>What alerts that were opened just now, and the time, propose.</summary>
    /// <param name="book">The book, with those alerts in it.</param>
    /// <param name="rules">The rules.</param>
    /// <param name="opened">The alerts.</param>
    /// <param name="started">When the coordinator was started: what was due before is not made up for, unless a proposal by time came before it.</param>
    /// <param name="now">When.</param>
    public static IReadOnlyList<MonitoringEvent> Propose(MonitoringBook book, AlertRules rules, IEnumerable<AlertOpened> opened, DateTimeOffset started, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(book);
        ArgumentNullException.ThrowIfNull(rules);
        var events = new List<MonitoringEvent>();
        var alerts = opened.ToList();
        foreach (var retraining in rules.Retraining.Values.Where(retraining => book.ProposalOf(retraining.Line) is null))
        {
            if (alerts.Find(alert => retraining.Alerts.Contains(alert.Rule) && (alert.Subject["line"] ?? alert.Subject["study"]) == retraining.Line) is { } alert)
                events.Add(Open("alert", $"Alert {alert.Number}, {alert.Rule} {alert.Subject.Text}"));
            else if (retraining.Cron?.GetNextOccurrence(LastOf(book, retraining.Line, started).UtcDateTime) is { } due && due <= now.UtcDateTime)
                events.Add(Open("cron", $"It is time: {retraining.Cron}"));

            ProposalOpened Open(string trigger, string reason) => new(now, book.LastProposal + events.Count + 1, retraining.Line, trigger, "coordinator", reason);
        }

        return events;
    }

    // Counted from the line's last proposal, whatever it came of: what fell due while that one was open is not proposed again behind it.
    private static DateTimeOffset LastOf(MonitoringBook book, string line, DateTimeOffset started) =>
        book.Proposals.Values.Where(proposal => proposal.Line == line).Select(proposal => proposal.Decided?.At ?? proposal.Asked.At).DefaultIfEmpty(started).Max();
}
