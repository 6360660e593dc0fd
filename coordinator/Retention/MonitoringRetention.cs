using FederatedClinicalMl.Coordinator.Monitoring;

namespace FederatedClinicalMl.Coordinator.Retention;

/// <summary>
/// How many of the oldest events of monitoring may go. State is a fold over them, so they go from the beginning, up to a moment at which nothing was open that a later one could be about: no alert, no incident, no proposal, no silence. The newest
/// alert, incident and proposal stay, so that no number is ever given twice.
/// </summary>
public static class MonitoringRetention
{
    /// <summary>How many.</summary>
    /// <param name="events">All, in order.</param>
    /// <param name="happenedBefore">Of those that happened before this.</param>
    public static int Over(IReadOnlyList<MonitoringEvent> events, DateTimeOffset happenedBefore)
    {
        ArgumentNullException.ThrowIfNull(events);
        var last = new[] { LastOf<AlertOpened>(events), LastOf<IncidentOpened>(events), LastOf<ProposalOpened>(events) }.Where(at => at >= 0).DefaultIfEmpty(events.Count).Min();
        var (book, over) = (MonitoringBook.Empty, 0);
        for (var i = 0; i < last && events[i].At < happenedBefore; i++)
        {
            book = book.Apply(events[i]);
            if (book.Open.IsEmpty && book.Incidents.Values.All(incident => incident.Closed is not null) && book.Proposals.Values.All(proposal => !proposal.IsPending)
                && book.Silences.All(silence => silence.Until < happenedBefore))
                over = i + 1;
        }

        return over;
    }

    private static int LastOf<T>(IReadOnlyList<MonitoringEvent> events) => events.Index().LastOrDefault(at => at.Item is T, (Index: -1, Item: null!)).Index;
}
