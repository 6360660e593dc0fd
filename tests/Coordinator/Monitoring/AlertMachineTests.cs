using System.Collections.Immutable;
using CsCheck;
using FederatedClinicalMl.Coordinator.Monitoring;

namespace FederatedClinicalMl.Tests.Coordinator.Monitoring;

/// <summary>The life of alerts, over random courses of what holds, time, acknowledgements and silences.</summary>
public sealed class AlertMachineTests
{
    private static readonly DateTimeOffset s_start = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly AlertRules s_rules = new(
        new[]
        {
            Rule("calm", Severity.Info, null), Rule("late", Severity.Warning, new Escalation(TimeSpan.FromMinutes(10), Severity.Critical)), Rule("grave", Severity.Critical, null),
        }.ToImmutableSortedDictionary(rule => rule.Name, rule => rule), ImmutableSortedDictionary<string, Channel>.Empty, ImmutableSortedDictionary<string, Retraining>.Empty);

    private static readonly Gen<Move[]> s_course = Gen.Select(
        Gen.Int[0, 3], Gen.Int[0, 7], Gen.Int[0, 20], (kind, which, minutes) => new Move(kind, which, TimeSpan.FromMinutes(minutes))).Array[1, 40];

    [Fact]
    public void Alert_that_holds_is_open_and_one_whose_cause_is_gone_is_not() => s_course.Sample(course => Play(course, (_, after, holding, _, _) =>
        Assert.Equal(holding.Order(Order).ToArray(), after.Keys.Keys.Order(Order).ToArray())));

    [Fact]
    public void Every_alert_that_was_ever_opened_is_open_or_over() => s_course.Sample(course =>
    {
        var last = MonitoringBook.Empty;
        Play(course, (_, after, _, _, _) => last = after);
        Assert.Equal(Enumerable.Range(1, last.LastAlert), last.Open.Keys.Concat(last.Over.Select(alert => alert.Number)).Order());
    });

    [Fact]
    public void Silenced_and_acknowledged_alerts_are_told_to_nobody_and_the_others_once_for_each_severity() => s_course.Sample(course =>
    {
        var told = new HashSet<(int, Severity)>();
        Play(course, (before, _, _, events, now) =>
        {
            foreach (var number in events.OfType<AlertsNotified>().SelectMany(one => one.Numbers))
            {
                var alert = before.Open[number];
                Assert.False(before.IsSilenced(alert.Key, now));
                Assert.Null(alert.Acknowledged);
                Assert.True(told.Add((number, alert.Severity)), $"alert {number} was told twice as {alert.Severity}");
            }
        });
    });

    [Fact]
    public void Alert_escalates_at_most_once_and_never_after_it_was_acknowledged() => s_course.Sample(course =>
    {
        var escalated = new HashSet<int>();
        Play(course, (before, _, _, events, _) =>
        {
            foreach (var it in events.OfType<AlertEscalated>())
            {
                Assert.True(escalated.Add(it.Number));
                Assert.Null(before.Open[it.Number].Acknowledged);
            }
        });
    });

    [Fact]
    public void Critical_alert_is_in_an_incident_of_its_group_and_a_group_has_one_open() => s_course.Sample(course => Play(course, (_, after, _, _, _) =>
    {
        Assert.All(after.Open.Values.Where(alert => alert.Severity == Severity.Critical), alert => Assert.Contains(after.Incidents.Values, incident => incident.Group == alert.Group && incident.Alerts.Contains(alert.Number)));
        Assert.All(after.Incidents.Values.Where(incident => incident.Closed is null).GroupBy(incident => incident.Group), group => Assert.Single(group));
    }));

    [Fact]
    public void Events_are_read_as_they_were_written() => s_course.Sample(course => Play(course, (_, _, _, events, _) =>
        Assert.All(events, happened => Assert.Equal(MonitoringEventCodec.Write(happened), MonitoringEventCodec.Write(MonitoringEventCodec.Read(MonitoringEventCodec.Write(happened)))))));

    [Fact]
    public void Silenced_alert_is_told_when_its_silence_is_over()
    {
        var key = new AlertKey("grave", Subject.None);
        var book = Apply(MonitoringBook.Empty, [new AlertsSilenced(s_start, "grave", Subject.None, s_start.AddHours(1), "admin ada", "Known"), .. AlertMachine.Observe(MonitoringBook.Empty, s_rules, Holding(key), s_start)]);

        Assert.Empty(AlertMachine.Tell(book, s_rules, s_start.AddMinutes(59)));
        Assert.Equal([1], Assert.IsType<AlertsNotified>(Assert.Single(AlertMachine.Tell(book, s_rules, s_start.AddHours(1)))).Numbers);
    }

    private static Comparer<AlertKey> Order => Comparer<AlertKey>.Create((a, b) => string.CompareOrdinal($"{a.Rule} {a.Subject.Text}", $"{b.Rule} {b.Subject.Text}"));

    private static AlertRule Rule(string name, Severity severity, Escalation? escalation) =>
        new(name, MonitoredSignal.SiteConnected, Subject.None, new Threshold(false, 1), TimeSpan.Zero, severity, escalation, "docs/x", [], name == "grave" ? "late" : name);

    private static Observation Holding(params AlertKey[] keys) => new(keys.ToDictionary(key => key, _ => 0.0), new HashSet<AlertKey>());

    private static MonitoringBook Apply(MonitoringBook book, IEnumerable<MonitoringEvent> events) => events.Aggregate(book, (so, happened) => so.Apply(happened));

    // After every move: what was there before it was told, what is there after, which keys hold, what was decided, and when.
    private static void Play(IEnumerable<Move> course, Action<MonitoringBook, MonitoringBook, IReadOnlySet<AlertKey>, IReadOnlyList<MonitoringEvent>, DateTimeOffset> check)
    {
        var keys = s_rules.Rules.Keys.SelectMany(rule => new[] { "north", "south", "west" }.Select(site => new AlertKey(rule, Subject.Of(("site", site))))).ToArray();
        var (book, now, holding) = (MonitoringBook.Empty, s_start, new HashSet<AlertKey>());
        foreach (var move in course)
        {
            now += move.Later;
            var key = keys[move.Which];
            switch (move.Kind)
            {
                case 0 when !holding.Remove(key):
                    holding.Add(key);
                    break;
                case 1 when book.Keys.TryGetValue(key, out var number) && book.Open[number].Acknowledged is null:
                    book = book.Apply(new AlertAcknowledged(now, number, "admin ada", "Seen"));
                    break;
                case 2:
                    book = book.Apply(new AlertsSilenced(now, key.Rule, key.Subject, now.AddMinutes(15), "admin ada", "Known"));
                    break;
            }

            var before = book;
            var decided = AlertMachine.Observe(book, s_rules, new Observation(holding.ToDictionary(one => one, _ => 0.0), book.Keys.Keys.Where(open => !holding.Contains(open)).ToHashSet()), now);
            book = Apply(book, decided);
            check(before, book, holding, decided, now);
            var told = AlertMachine.Tell(book, s_rules, now);
            before = book;
            book = Apply(book, told);
            check(before, book, holding, told, now);
        }
    }

    private sealed record Move(int Kind, int Which, TimeSpan Later);
}
