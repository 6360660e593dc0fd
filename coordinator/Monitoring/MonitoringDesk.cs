using System.Collections.Immutable;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Coordinator.Enrolment;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Storage;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>
/// Alerts, incidents and proposals, for whoever tells facts and for whoever asks over gRPC or on a page. What happens is kept before it takes effect, together with the messages that it causes; what people do is
/// in the audit log before that. Roles were checked before. Refusals are <see cref="FaultException"/>s: REQUEST_INVALID, MONITORING_REFUSED.
/// </summary>
public sealed class MonitoringDesk
{
    /// <summary>Longest silence.</summary>
    public static readonly TimeSpan LongestSilence = TimeSpan.FromDays(30);

    private readonly Lock _turn = new(); // one change at a time: store first, then memory
    private readonly MonitoringStore _store;
    private readonly RulesFile _file;
    private readonly AuditTrail _audit;
    private readonly CoordinatorIdentity _identity;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _started;
    private readonly FactBoard _board = new();
    private readonly RuleWatch _watch;
    private readonly Signal _changed = new();
    private readonly List<Alert> _over = []; // told, over, and not yet told to be over
    private MonitoringBook _book;

    /// <summary>Takes up what the store holds.</summary>
    /// <exception cref="FormatException">It holds an event of another version of this software.</exception>
    public MonitoringDesk(MonitoringStore store, RulesFile file, AuditTrail audit, CoordinatorIdentity identity, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(time);
        (_store, _file, _audit, _identity, _time, _started) = (store, file, audit, identity, time, time.GetUtcNow());
        _watch = new RuleWatch(_started);
        _book = store.Events().Aggregate(MonitoringBook.Empty, (book, happened) => book.Apply(happened));
    }

    /// <summary>Everything, as it is now.</summary>
    public MonitoringBook Book => Volatile.Read(ref _book);

    /// <summary>The rules that hold.</summary>
    public AlertRules Rules => _file.Rules;

    /// <summary>Where the dashboard is, which messages name for runbooks unless it is for this machine alone; null: nowhere.</summary>
    public Uri? Pages { get; set; }

    /// <summary>What is wrong with the file of rules as it is now.</summary>
    public IReadOnlyList<string> Faults => _file.Faults;

    /// <summary>Completes at the next change. Ask before looking.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>Changes the board of facts, and holds the rules against it.</summary>
    /// <exception cref="IOException">What follows cannot be kept: nothing has happened, and the next look finds it again.</exception>
    public void Observe(Action<FactBoard> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        lock (_turn)
        {
            change(_board);
            Look(tell: false);
        }
    }

    /// <summary>Reads the rules if they have changed, holds them against the facts and the time, and tells who is to be told. Called every few seconds: what opens in between is told together.</summary>
    /// <exception cref="IOException">As <see cref="Observe"/>.</exception>
    public void Tick()
    {
        lock (_turn)
        {
            _file.Refresh();
            _board.Take(new Fact(MonitoredSignal.RulesFaulty, Subject.None, _time.GetUtcNow(), _file.Faults.Count > 0 ? 1 : 0));
            Look(tell: true);
            TellOver();
        }
    }

    /// <summary>Notes what happened to a line in the incidents that are about it.</summary>
    public void Note(string line, string text)
    {
        lock (_turn)
        {
            var now = Now();
            Commit([.. _book.Incidents.Values.Where(incident => incident.Closed is null && incident.Lines.Contains(line)).Select(incident => new IncidentNoted(now, incident.Number, "coordinator", text))]);
        }
    }

    /// <summary>Sees to an alert.</summary>
    public void Acknowledge(int number, string reason, Member person) => Do("alert-acknowledged", person, new JsonObject { ["alert"] = number, ["reason"] = Reason(reason) }, (book, now, by) =>
        !book.Open.TryGetValue(number, out var alert) ? throw Refuse($"There is no open alert {number}.")
        : alert.Acknowledged is { } before ? throw Refuse($"{before.By} has acknowledged alert {number}.")
        : new AlertAcknowledged(now, number, by, reason));

    /// <summary>Sees to all open alerts of a rule that nobody has acknowledged.</summary>
    public void AcknowledgeRule(string rule, string reason, Member person) =>
        AcknowledgeAll(book => book.Open.Values.Where(alert => alert.Key.Rule == rule), "of that rule", new JsonObject { ["rule"] = rule, ["reason"] = Reason(reason) }, reason, person);

    /// <summary>Sees to all open alerts of an incident that nobody has acknowledged.</summary>
    public void AcknowledgeIncident(int number, string reason, Member person) =>
        AcknowledgeAll(
            book => book.Incidents[OpenIncident(book, number)].Alerts.Where(book.Open.ContainsKey).Select(alert => book.Open[alert]), "of that incident",
            new JsonObject { ["incident"] = number, ["reason"] = Reason(reason) }, reason, person);

    /// <summary>Silences alerts.</summary>
    /// <param name="rule">Of which rule; empty: of any.</param>
    /// <param name="where">About which subjects, as label=value.</param>
    /// <param name="length">For how long.</param>
    /// <param name="reason">Why.</param>
    /// <param name="person">Who.</param>
    public void Silence(string rule, string where, TimeSpan length, string reason, Member person)
    {
        if (rule.Length > 0 && !Rules.Rules.ContainsKey(rule))
            throw new FaultException(Fault.RequestInvalid, "There is no rule of that name. See `fcml alerts rules`.");
        if (length <= TimeSpan.Zero || length > LongestSilence)
            throw new FaultException(Fault.RequestInvalid, $"A silence lasts at least an hour and at most {LongestSilence.TotalDays} days.");
        Subject about;
        try
        {
            about = Subject.Parse(where);
        }
        catch (FormatException malformed)
        {
            throw new FaultException(Fault.RequestInvalid, malformed.Message);
        }

        if (rule.Length == 0 && !about.Labels.Any())
            throw new FaultException(Fault.RequestInvalid, "A silence names a rule, labels, or both: nobody silences everything.");
        Do("alerts-silenced", person, new JsonObject { ["rule"] = rule, ["where"] = about.Text, ["hours"] = length.TotalHours, ["reason"] = Reason(reason) }, (_, now, by) => new AlertsSilenced(now, rule, about, now + length, by, reason));
    }

    /// <summary>Notes something in an incident's timeline.</summary>
    public void NoteIncident(int number, string text, Member person) => Do("incident-noted", person, new JsonObject { ["incident"] = number, ["text"] = Reason(text) }, (book, now, by) => new IncidentNoted(now, OpenIncident(book, number), by, text));

    /// <summary>Closes an incident.</summary>
    public void CloseIncident(int number, string reason, Member person) => Do("incident-closed", person, new JsonObject { ["incident"] = number, ["reason"] = Reason(reason) }, (book, now, by) => new IncidentClosed(now, OpenIncident(book, number), by, reason));

    /// <summary>Proposes to train a line again.</summary>
    public void Propose(string line, string reason, Member person) => Do("retraining-proposed", person, new JsonObject { ["line"] = line, ["reason"] = Reason(reason) }, (book, now, by) =>
        book.ProposalOf(line) is { } open ? throw Refuse($"Proposal {open.Number} for {line} is open; decide on that one first.") : new ProposalOpened(now, book.LastProposal + 1, line, "manual", by, reason));

    /// <summary>Refuses a proposal.</summary>
    public void RefuseProposal(int number, string reason, Member person) => Do("retraining-refused", person, new JsonObject { ["proposal"] = number, ["reason"] = Reason(reason) }, (book, now, by) => new ProposalRefused(now, OpenProposal(book, number).Number, by, reason));

    /// <summary>Keeps that a proposal was approved, and which run is to come of it, before that is started.</summary>
    /// <param name="number">The proposal.</param>
    /// <param name="reason">Why.</param>
    /// <param name="study">Digest of the study.</param>
    /// <param name="run">The run.</param>
    /// <param name="person">Who; null: it may start by itself.</param>
    internal void Choose(int number, string reason, string study, string run, Member? person) => Do(
        "retraining-approved", person, new JsonObject { ["proposal"] = number, ["study"] = study, ["run"] = run, ["reason"] = Reason(reason) },
        (book, now, by) => new RetrainingChosen(now, OpenProposal(book, number).Number, by, reason, study, run));

    /// <summary>Keeps that the run of a proposal was started; or else that there is none, and the proposal waits again.</summary>
    internal void Settle(int number, bool isStarted)
    {
        lock (_turn)
        {
            if (_book.Proposals[number] is { State: ProposalState.Starting, Decided: { } decided } proposal)
                Commit([isStarted ? new ProposalApproved(decided.At, number, decided.By, decided.Reason, proposal.Study, proposal.Run) : new ProposalReopened(Now(), number)]);
        }
    }

    /// <summary>A reason that others will read.</summary>
    /// <exception cref="FaultException">REQUEST_INVALID: it is none.</exception>
    internal static string Reason(string reason) => !string.IsNullOrWhiteSpace(reason) && reason.Length <= StageEntries.LongestReason
        ? reason
        : throw new FaultException(Fault.RequestInvalid, $"A reason of at most {StageEntries.LongestReason} characters is needed.");

    /// <summary>An open proposal.</summary>
    /// <exception cref="FaultException">MONITORING_REFUSED: it is not open, or there is none.</exception>
    internal static Proposal OpenProposal(MonitoringBook book, int number) =>
        book.Proposals.TryGetValue(number, out var proposal) && proposal.State == ProposalState.Open ? proposal : throw Refuse($"There is no open proposal {number}.");

    private static int OpenIncident(MonitoringBook book, int number) => book.Incidents.TryGetValue(number, out var incident) && incident.Closed is null ? number : throw Refuse($"There is no open incident {number}.");

    private static FaultException Refuse(string why) => new(Fault.MonitoringRefused, why);

    // Events keep milliseconds; so does what is decided from them, before and after a restart.
    private DateTimeOffset Now() => DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());

    // One entry of the audit log, which names them: a storm of alerts is one deed.
    private void AcknowledgeAll(Func<MonitoringBook, IEnumerable<Alert>> which, string of, JsonObject body, string reason, Member person) => Do("alerts-acknowledged", person, body, (book, now, by) =>
    {
        var alerts = which(book).Where(alert => alert.Acknowledged is null).Select(alert => alert.Number).ToList();
        if (alerts.Count == 0)
            throw Refuse($"There is no open alert {of} that nobody has acknowledged.");
        body["alerts"] = new JsonArray([.. alerts.Select(number => JsonValue.Create(number))]);
        return (IReadOnlyList<MonitoringEvent>)[.. alerts.Select(number => new AlertAcknowledged(now, number, by, reason))];
    });

    private void Do(string kind, Member? person, JsonObject body, Func<MonitoringBook, DateTimeOffset, string, MonitoringEvent> decide) => Do(kind, person, body, (book, now, by) => [decide(book, now, by)]);

    private void Do(string kind, Member? person, JsonObject body, Func<MonitoringBook, DateTimeOffset, string, IReadOnlyList<MonitoringEvent>> decide)
    {
        lock (_turn)
        {
            var happened = decide(_book, Now(), person?.ToString() ?? "coordinator");
            _audit.Record(kind, person, body);
            Commit(happened);
        }
    }

    private void Look(bool tell)
    {
        var (rules, now) = (Rules, Now());
        var events = AlertMachine.Observe(_book, rules, _watch.Look(rules, _board, _book.Keys.Keys, now), now);
        var book = events.Aggregate(_book, (so, happened) => so.Apply(happened));
        IReadOnlyList<MonitoringEvent> proposals = RetrainingMachine.Propose(book, rules, events.OfType<AlertOpened>(), _started, now);
        IReadOnlyList<MonitoringEvent> told = tell ? AlertMachine.Tell(book, rules, now) : [];
        Commit([.. events, .. proposals, .. told]);
    }

    // All that ended since the last tick, as one message for each group: fifty sites that come back one after the other are not fifty messages.
    private void TellOver()
    {
        var messages = _over.Where(alert => !_book.IsSilenced(alert.Key, Now())).GroupBy(alert => alert.Group).SelectMany(group => Messages(
            group.SelectMany(alert => Rules.Rules.TryGetValue(alert.Key.Rule, out var rule) ? rule.ToldOf(alert) : []).Distinct().Order(StringComparer.Ordinal), group.Key, [.. group], isOver: true)).ToList();
        if (messages.Count > 0)
            _store.Append([], messages, Now());
        _over.Clear();
    }

    private IEnumerable<(string Channel, string Payload)> Messages(IEnumerable<string> channels, string group, IReadOnlyCollection<Alert> alerts, bool isOver) =>
        channels.Select(channel => (channel, NotificationText.Of(group, alerts, isOver, _identity.Id, Pages is { IsLoopback: false } ? Pages : null)));

    private void Commit(IReadOnlyList<MonitoringEvent> events)
    {
        if (events.Count == 0)
            return;
        var messages = new List<(string Channel, string Payload)>();
        var (book, over) = (_book, new List<Alert>());
        foreach (var happened in events)
        {
            if (happened is AlertResolved resolved && book.Open[resolved.Number] is { Told: not null } ended)
                over.Add(ended);
            book = book.Apply(happened);
            if (happened is AlertsNotified told)
                messages.AddRange(Messages(told.Channels, told.Group, [.. told.Numbers.Select(number => book.Open[number])], isOver: false));
        }

        _store.Append(events, messages, Now());
        Volatile.Write(ref _book, book);
        _over.AddRange(over);
        _changed.Raise();
    }
}
