using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Monitoring;

namespace FederatedClinicalMl.Tests.Coordinator.Monitoring;

/// <summary>Alerts from facts to messages, over a data folder.</summary>
public sealed class MonitoringDeskTests
{
    private const string Ward = """
        alerts: 1
        channels: [{name: ward, kind: webhook, url: "http://127.0.0.1:1/", secret-file: /nowhere}]
        notify: [ward]
        """;

    [Fact]
    public void Thousand_alerts_at_once_are_one_message_and_none_is_lost()
    {
        using var watched = new Watched(Ward);
        watched.Tell(1000, 0);
        watched.Time.Advance(TimeSpan.FromMinutes(15));
        watched.Tell(1000, 0);

        watched.Desk.Tick();

        Assert.Equal(1000, watched.Desk.Book.Open.Count);
        var message = Assert.Single(watched.Store.Waiting());
        Assert.Contains("\"count\":1000", message.Payload, StringComparison.Ordinal);
        Assert.True(message.Payload.Length < 8192, $"{message.Payload.Length} characters");
        Assert.Empty(watched.Audit.Entries());
    }

    [Fact]
    public void Alerts_that_were_told_are_told_to_be_over_in_one_message_and_those_of_which_nobody_heard_are_not()
    {
        using var watched = new Watched(Ward);
        watched.Tell(30, 0);
        watched.Time.Advance(TimeSpan.FromMinutes(15));
        watched.Tell(30, 0);
        watched.Tell(30, 1); // over before anybody was told
        Assert.Empty(watched.Store.Waiting());
        watched.Tell(30, 0);
        watched.Time.Advance(TimeSpan.FromMinutes(15));
        watched.Tell(30, 0);
        watched.Desk.Tick();

        watched.Tell(30, 1);
        Assert.Single(watched.Store.Waiting()); // what ends before the next tick is told together
        watched.Desk.Tick();

        Assert.Empty(watched.Desk.Book.Open);
        var message = watched.Store.Waiting()[^1].Payload;
        Assert.Equal(2, watched.Store.Waiting().Count);
        Assert.Contains("\"state\":\"over\"", message, StringComparison.Ordinal);
        Assert.Contains("\"count\":30", message, StringComparison.Ordinal);
        var (subject, text) = NotificationText.ForPeople(message);
        Assert.StartsWith("[over] ", subject, StringComparison.Ordinal);
        Assert.Contains("And 10 more", text, StringComparison.Ordinal);
        Assert.DoesNotContain("what to do", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Alert_that_escalates_is_told_to_those_whom_its_escalation_names_too_and_so_is_its_end()
    {
        using var watched = new Watched("""
            alerts: 1
            channels:
              - {name: ward, kind: webhook, url: "http://127.0.0.1:1/", secret-file: /nowhere}
              - {name: head, kind: webhook, url: "http://127.0.0.1:2/", secret-file: /nowhere}
            rules: [{name: away, signal: site-connected, below: 1, escalate: {after: 1h, to: critical, notify: [head]}, runbook: docs/away.md, notify: [ward]}]
            """);
        watched.Tell(1, 0);
        watched.Desk.Tick();
        Assert.Equal(["ward"], watched.Store.Waiting().Select(message => message.Channel));

        watched.Time.Advance(TimeSpan.FromHours(1));
        watched.Desk.Tick();
        Assert.Equal(["ward", "head", "ward"], watched.Store.Waiting().Select(message => message.Channel));
        watched.Tell(1, 1);
        watched.Desk.Tick();
        Assert.Equal(["ward", "head", "ward", "head", "ward"], watched.Store.Waiting().Select(message => message.Channel));
        Assert.Contains("critical after 1 h, and told to head too", RuleWords.Of(watched.Desk.Rules.Rules["away"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "docs/how-to/runbooks.md#disk-full")]
    [InlineData("https://127.0.0.1:8443", "docs/how-to/runbooks.md#disk-full")] // nobody else gets there
    [InlineData("https://coordinator.example.org:8443", "https://coordinator.example.org:8443/runbooks#disk-full")]
    public void Message_names_the_address_of_the_runbook_where_other_machines_find_the_dashboard(string? pages, string runbook)
    {
        using var watched = new Watched(Ward);
        watched.Desk.Pages = pages is null ? null : new Uri(pages);
        watched.Desk.Observe(board => board.Take(new Fact(MonitoredSignal.DiskFree, Subject.None, watched.Time.GetUtcNow(), 0.5)));
        watched.Desk.Tick();

        Assert.Contains($"what to do: {runbook}\n", NotificationText.ForPeople(Assert.Single(watched.Store.Waiting()).Payload).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Restart_keeps_alerts_silences_incidents_proposals_and_what_waits()
    {
        using var watched = new Watched(Ward + "\nretraining: {heart: {alerts: [model-withdrawn]}}");
        Withdraw(watched);
        watched.Desk.Tick();
        watched.Desk.Acknowledge(1, "Seen", Watched.Ada);
        watched.Desk.Silence("site-silent", "site=north", TimeSpan.FromHours(2), "A move", Watched.Ada);
        watched.Desk.NoteIncident(1, "Called the ward", Watched.Ada);
        var (before, waiting) = (watched.Desk.Book, watched.Store.Waiting());

        watched.Restart();
        watched.Desk.Tick();

        var after = watched.Desk.Book;
        Assert.Equal(before.Open.Values, after.Open.Values);
        Assert.Equal(before.Silences, after.Silences);
        Assert.Equal(before.Incidents[1].Timeline, after.Incidents[1].Timeline);
        Assert.Equal(before.Proposals.Values, after.Proposals.Values);
        Assert.Equal(waiting, watched.Store.Waiting());
        Assert.Single(waiting);
        Assert.Equal(["alert-acknowledged", "alerts-silenced", "incident-noted"], watched.Audit.Entries().Select(entry => entry.Kind));
    }

    [Fact]
    public void Withdrawal_opens_an_incident_and_one_proposal_and_ends_when_it_is_taken_back()
    {
        using var watched = new Watched(Ward + "\nretraining: {heart: {alerts: [model-withdrawn]}}");
        Withdraw(watched);
        Withdraw(watched, site: "south");

        var book = watched.Desk.Book;
        Assert.Equal([1, 2], Assert.Single(book.Incidents.Values).Alerts);
        Assert.Equal(("heart", "alert", ProposalState.Open), Assert.Single(book.Proposals.Values) is var only ? (only.Line, only.Trigger, only.State) : default);

        Withdraw(watched, number: 0);
        watched.Desk.Note("heart", "In production: 1.0.0, before 1.0.1");
        Assert.Equal([2], watched.Desk.Book.Open.Keys);
        Assert.Contains(watched.Desk.Book.Incidents[1].Timeline, entry => entry.Text.StartsWith("In production", StringComparison.Ordinal));
        watched.Desk.CloseIncident(1, "Taken back", Watched.Ada);
        Assert.Throws<FaultException>(() => watched.Desk.NoteIncident(1, "Late", Watched.Ada));
    }

    [Fact]
    public void Proposal_by_time_comes_when_it_is_due_and_not_behind_an_open_one()
    {
        using var watched = new Watched("alerts: 1\nretraining: {heart: {cron: '0 6 1 * *'}}");
        watched.Desk.Tick();
        Assert.Equal("cron", Assert.Single(TickAt(TimeSpan.FromHours(6))).Trigger);
        Assert.Single(TickAt(TimeSpan.FromDays(40)));
        watched.Desk.RefuseProposal(1, "Not now", Watched.Ada);
        Assert.Single(TickAt(TimeSpan.FromDays(1)));
        Assert.Equal(2, TickAt(TimeSpan.FromDays(20)).Count);

        IReadOnlyCollection<Proposal> TickAt(TimeSpan later)
        {
            watched.Time.Advance(later);
            watched.Desk.Tick();
            return [.. watched.Desk.Book.Proposals.Values];
        }
    }

    [Fact]
    public void File_with_faults_is_an_alert_and_the_rules_before_it_go_on()
    {
        using var watched = new Watched(Ward);
        watched.Write("alerts: 1\nnotify: [nobody]");
        watched.Desk.Tick();

        Assert.Equal("rules-faulty", Assert.Single(watched.Desk.Book.Open.Values).Key.Rule);
        Assert.StartsWith("alerts.yaml:2:", Assert.Single(watched.Desk.Faults), StringComparison.Ordinal);
        Assert.Contains("ward", watched.Desk.Rules.Channels.Keys);

        watched.Write("alerts: 1\noff: [disk-low]");
        watched.Desk.Tick();
        Assert.Empty(watched.Desk.Book.Open);
        Assert.DoesNotContain("disk-low", watched.Desk.Rules.Rules.Keys);
    }

    [Fact]
    public void Alert_of_a_rule_that_was_switched_off_is_over()
    {
        using var watched = new Watched();
        Withdraw(watched);
        watched.Write("alerts: 1\noff: [model-withdrawn]");

        watched.Desk.Tick();

        Assert.Empty(watched.Desk.Book.Open);
    }

    [Theory]
    [InlineData("", "", 1, "nobody silences everything")]
    [InlineData("none", "", 1, "no rule of that name")]
    [InlineData("run-failed", "study", 1, "label=value")]
    [InlineData("run-failed", "", 0, "at least an hour")]
    [InlineData("run-failed", "", 721, "at most 30 days")]
    public void Silence_without_bounds_is_refused(string rule, string where, int hours, string why)
    {
        using var watched = new Watched();

        Assert.Contains(why, Assert.Throws<FaultException>(() => watched.Desk.Silence(rule, where, TimeSpan.FromHours(hours), "Why", Watched.Ada)).Message, StringComparison.Ordinal);
        Assert.Empty(watched.Audit.Entries());
    }

    [Fact]
    public void What_is_done_needs_a_reason_and_something_that_is_open()
    {
        using var watched = new Watched();
        Withdraw(watched);

        Assert.Throws<FaultException>(() => watched.Desk.Acknowledge(1, " ", Watched.Ada));
        Assert.Throws<FaultException>(() => watched.Desk.Acknowledge(2, "Seen", Watched.Ada));
        watched.Desk.Acknowledge(1, "Seen", Watched.Ada);
        Assert.Throws<FaultException>(() => watched.Desk.Acknowledge(1, "Seen", Watched.Ada));
        Assert.Throws<FaultException>(() => watched.Desk.RefuseProposal(1, "No", Watched.Ada));
        Assert.Single(watched.Audit.Entries());
    }

    private static void Withdraw(Watched watched, string site = "north", double number = 1) => watched.Desk.Observe(board => board.Take(new Fact(
        MonitoredSignal.ModelWithdrawn, Subject.Of(("line", "heart"), ("site", site), ("version", "1.0.1"), ("reason", "calibration")), watched.Time.GetUtcNow(), number)));
}
