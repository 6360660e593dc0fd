using System.Collections.Immutable;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Who did something, when and why.</summary>
public sealed record Deed(DateTimeOffset At, string By, string Reason);

/// <summary>An alert.</summary>
/// <param name="Number">Its number, by which people call it.</param>
/// <param name="Key">Of which rule, about what.</param>
/// <param name="Signal">What was measured.</param>
/// <param name="Value">With which value it was opened.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="Group">With which alerts it is told.</param>
/// <param name="Runbook">Where it says what to do.</param>
/// <param name="Opened">When.</param>
public sealed record Alert(int Number, AlertKey Key, string Signal, double Value, Severity Severity, string Group, string Runbook, DateTimeOffset Opened)
{
    /// <summary>Who sees to it; null: nobody yet.</summary>
    public Deed? Acknowledged { get; init; }

    /// <summary>When its cause was gone; null: it is open.</summary>
    public DateTimeOffset? Resolved { get; init; }

    /// <summary>Whether it has become more severe because nobody had acknowledged it.</summary>
    public bool Escalated { get; init; }

    /// <summary>The severity that was told last; null: it was not told.</summary>
    public Severity? Told { get; init; }
}

/// <summary>A silence, until it is over.</summary>
public sealed record Silence(string Rule, Subject Where, DateTimeOffset Until, Deed Set)
{
    /// <summary>Whether it covers an alert now.</summary>
    public bool Covers(AlertKey key, DateTimeOffset now) => now < Until && (Rule.Length == 0 || Rule == key.Rule) && key.Subject.Matches(Where);
}

/// <summary>A line of an incident's timeline.</summary>
public sealed record TimelineEntry(DateTimeOffset At, string By, string Text);

/// <summary>An incident: what belongs together, until a person closes it.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Group">The group of its alerts.</param>
/// <param name="Opened">When.</param>
/// <param name="Alerts">Numbers of its alerts.</param>
/// <param name="Lines">Lines and studies that they are about: what happens to them is part of its course.</param>
/// <param name="Timeline">What happened, in order.</param>
public sealed record Incident(int Number, string Group, DateTimeOffset Opened, ImmutableArray<int> Alerts, ImmutableHashSet<string> Lines, ImmutableArray<TimelineEntry> Timeline)
{
    /// <summary>Who has closed it; null: it is open.</summary>
    public Deed? Closed { get; init; }
}

/// <summary>Where a proposal stands.</summary>
public enum ProposalState
{
    /// <summary>It waits for a person.</summary>
    Open,

    /// <summary>Its run was started.</summary>
    Approved,

    /// <summary>A person does not want it.</summary>
    Refused,

    /// <summary>It was approved, and its run is being started.</summary>
    Starting,
}

/// <summary>A proposal to train a line again.</summary>
public sealed record Proposal(int Number, string Line, string Trigger, Deed Asked)
{
    /// <summary>Where it stands.</summary>
    public ProposalState State { get; init; } = ProposalState.Open;

    /// <summary>Who has decided; null: nobody yet.</summary>
    public Deed? Decided { get; init; }

    /// <summary>Whether it is not settled yet: nothing else is proposed for the line.</summary>
    public bool IsPending => State is ProposalState.Open or ProposalState.Starting;

    /// <summary>Digest of the study that was run; empty: none was.</summary>
    public string Study { get; init; } = "";

    /// <summary>The run; empty: none.</summary>
    public string Run { get; init; } = "";
}

/// <summary>All alerts, silences, incidents and proposals: a fold over their events. Immutable.</summary>
public sealed record MonitoringBook
{
    /// <summary>So many alerts that are over are remembered; their events stay in the database until they are over age.</summary>
    public const int MostOver = 500;

    /// <summary>Nothing yet.</summary>
    public static readonly MonitoringBook Empty = new();

    /// <summary>Open alerts, by number.</summary>
    public ImmutableSortedDictionary<int, Alert> Open { get; init; } = ImmutableSortedDictionary<int, Alert>.Empty;

    /// <summary>Numbers of open alerts, by key.</summary>
    public ImmutableDictionary<AlertKey, int> Keys { get; init; } = ImmutableDictionary<AlertKey, int>.Empty;

    /// <summary>Alerts that are over, the latest last.</summary>
    public ImmutableList<Alert> Over { get; init; } = [];

    /// <summary>Silences, the latest last; those that are over go with the next one.</summary>
    public ImmutableArray<Silence> Silences { get; init; } = [];

    /// <summary>When alerts of a group were last told.</summary>
    public ImmutableDictionary<string, DateTimeOffset> Told { get; init; } = ImmutableDictionary<string, DateTimeOffset>.Empty;

    /// <summary>Incidents, by number.</summary>
    public ImmutableSortedDictionary<int, Incident> Incidents { get; init; } = ImmutableSortedDictionary<int, Incident>.Empty;

    /// <summary>Proposals, by number.</summary>
    public ImmutableSortedDictionary<int, Proposal> Proposals { get; init; } = ImmutableSortedDictionary<int, Proposal>.Empty;

    /// <summary>The greatest number of an alert so far.</summary>
    public int LastAlert { get; init; }

    /// <summary>The greatest number of an incident so far; not how many there are, for old ones are removed.</summary>
    public int LastIncident => Incidents.Keys.LastOrDefault();

    /// <summary>The greatest number of a proposal so far.</summary>
    public int LastProposal => Proposals.Keys.LastOrDefault();

    /// <summary>Whether an alert is silenced.</summary>
    public bool IsSilenced(AlertKey key, DateTimeOffset now) => Silences.Any(silence => silence.Covers(key, now));

    /// <summary>The open incident of a group; null: none.</summary>
    public Incident? IncidentOf(string group) => Incidents.Values.LastOrDefault(incident => incident.Closed is null && incident.Group == group);

    /// <summary>The proposal of a line that is not settled; null: none.</summary>
    public Proposal? ProposalOf(string line) => Proposals.Values.LastOrDefault(proposal => proposal.IsPending && proposal.Line == line);

    /// <summary>The book after what happened.</summary>
    public MonitoringBook Apply(MonitoringEvent happened) => happened switch
    {
        AlertOpened it => this with
        {
            Open = Open.Add(it.Number, new Alert(it.Number, new AlertKey(it.Rule, it.Subject), it.Signal, it.Value, it.Severity, it.Group, it.Runbook, it.At)),
            Keys = Keys.Add(new AlertKey(it.Rule, it.Subject), it.Number), LastAlert = it.Number,
        },
        AlertEscalated it => Set(Open[it.Number] with { Severity = it.To, Escalated = true }).Note(it, it.Number, $"has become {Word(it.To)}: nobody had acknowledged it"),
        AlertResolved it => End(Open[it.Number] with { Resolved = it.At }).Note(it, it.Number, "is over: its cause is gone"),
        AlertAcknowledged it => Set(Open[it.Number] with { Acknowledged = new Deed(it.At, it.By, it.Reason) }).Note(it, it.Number, $"was acknowledged: {it.Reason}", it.By),
        AlertsSilenced it => this with { Silences = [.. Silences.Where(silence => silence.Until > it.At), new Silence(it.Rule, it.Where, it.Until, new Deed(it.At, it.By, it.Reason))] },
        AlertsNotified it => it.Numbers.Aggregate(this with { Told = Told.SetItem(it.Group, it.At) }, (book, number) => book.Set(book.Open[number] with { Told = book.Open[number].Severity })),
        IncidentOpened it => this with { Incidents = Incidents.Add(it.Number, With(new Incident(it.Number, it.Group, it.At, [], [], []), it.Alert, it.At)) },
        IncidentJoined it => this with { Incidents = Incidents.SetItem(it.Number, With(Incidents[it.Number], it.Alert, it.At)) },
        IncidentNoted it => Add(it.Number, new TimelineEntry(it.At, it.By, it.Text)),
        IncidentClosed it => Add(it.Number, new TimelineEntry(it.At, it.By, $"Closed: {it.Reason}")) is var book ? book with { Incidents = book.Incidents.SetItem(it.Number, book.Incidents[it.Number] with { Closed = new Deed(it.At, it.By, it.Reason) }) } : this,
        ProposalOpened it => this with { Proposals = Proposals.Add(it.Number, new Proposal(it.Number, it.Line, it.Trigger, new Deed(it.At, it.By, it.Reason))) },
        RetrainingChosen it => this with
        {
            Proposals = Proposals.SetItem(it.Number, Proposals[it.Number] with { State = ProposalState.Starting, Decided = new Deed(it.At, it.By, it.Reason), Study = it.Study, Run = it.Run }),
        },
        ProposalReopened it => this with { Proposals = Proposals.SetItem(it.Number, Proposals[it.Number] with { State = ProposalState.Open, Decided = null, Study = "", Run = "" }) },
        ProposalApproved it => this with
        {
            Proposals = Proposals.SetItem(it.Number, Proposals[it.Number] with { State = ProposalState.Approved, Decided = new Deed(it.At, it.By, it.Reason), Study = it.Study, Run = it.Run }),
        },
        ProposalRefused it => this with { Proposals = Proposals.SetItem(it.Number, Proposals[it.Number] with { State = ProposalState.Refused, Decided = new Deed(it.At, it.By, it.Reason) }) },
        _ => throw new InvalidOperationException($"Nobody applies a {happened.GetType().Name}."),
    };

    internal static string Word(Severity severity) => severity.ToString().ToLowerInvariant();

    private MonitoringBook Set(Alert alert) => this with { Open = Open.SetItem(alert.Number, alert) };

    private MonitoringBook End(Alert alert) => this with
    {
        Open = Open.Remove(alert.Number), Keys = Keys.Remove(alert.Key), Over = (Over.Count >= MostOver ? Over.RemoveAt(0) : Over).Add(alert),
    };

    private Incident With(Incident incident, int number, DateTimeOffset at)
    {
        var alert = Open[number];
        return incident with
        {
            Alerts = incident.Alerts.Add(number), Lines = incident.Lines.Union(new[] { alert.Key.Subject["line"], alert.Key.Subject["study"] }.OfType<string>()),
            Timeline = incident.Timeline.Add(new TimelineEntry(at, "coordinator", $"Alert {number}, {alert.Key.Rule} {alert.Key.Subject.Text}".TrimEnd())),
        };
    }

    private MonitoringBook Note(MonitoringEvent happened, int alert, string what, string by = "coordinator") => Incidents.Values.LastOrDefault(incident => incident.Closed is null && incident.Alerts.Contains(alert)) is { } incident
        ? Add(incident.Number, new TimelineEntry(happened.At, by, $"Alert {alert} {what}"))
        : this;

    private MonitoringBook Add(int incident, TimelineEntry entry) => this with { Incidents = Incidents.SetItem(incident, Incidents[incident] with { Timeline = Incidents[incident].Timeline.Add(entry) }) };
}
