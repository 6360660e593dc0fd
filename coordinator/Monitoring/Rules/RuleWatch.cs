namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Which alert: of which rule, about what.</summary>
/// <param name="Rule">The rule's name.</param>
/// <param name="Subject">The subject.</param>
public readonly record struct AlertKey(string Rule, Subject Subject);

/// <summary>What rules say now.</summary>
/// <param name="Holding">Alerts for which a rule has held for as long as it must, with the value.</param>
/// <param name="Over">Of the alerts asked about, those whose cause is known to be gone. What nothing is known of is in neither.</param>
public sealed record Observation(IReadOnlyDictionary<AlertKey, double> Holding, IReadOnlySet<AlertKey> Over);

/// <summary>Holds rules against facts. What it keeps is since when each condition holds; after a start it begins anew. Not for several threads at once.</summary>
/// <param name="started">When the coordinator was started: since when something of which nothing was told is absent.</param>
public sealed class RuleWatch(DateTimeOffset started)
{
    private Dictionary<AlertKey, DateTimeOffset> _since = [];

    /// <summary>Looks.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="board">The facts.</param>
    /// <param name="open">Alerts that are open.</param>
    /// <param name="now">When.</param>
    public Observation Look(AlertRules rules, FactBoard board, IEnumerable<AlertKey> open, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(board);
        ArgumentNullException.ThrowIfNull(open);
        var (since, holding) = (new Dictionary<AlertKey, DateTimeOffset>(), new Dictionary<AlertKey, double>());
        foreach (var rule in rules.Rules.Values)
        {
            foreach (var (subject, value) in Found(rule, board, now))
            {
                var key = new AlertKey(rule.Name, subject);
                since[key] = _since.GetValueOrDefault(key, now);
                if (now - since[key] >= rule.For)
                    holding[key] = value;
            }
        }

        _since = since;
        return new Observation(holding, open.Where(key => !since.ContainsKey(key) && IsKnown(key, rules, board)).ToHashSet());
    }

    private IEnumerable<(Subject Subject, double Value)> Found(AlertRule rule, FactBoard board, DateTimeOffset now)
    {
        var series = board.Of(rule.Signal.Name).Where(one => one.Last.Subject.Matches(rule.Where));
        switch (rule.Condition)
        {
            case Absence absence:
                // A fact is dated by its event, so that a restart is no word of it; of what nothing was ever told only the time since the start is known.
                var silent = series.Where(one => one.IsExpected).Select(one => (one.Last.Subject, Silent: now - one.Last.At));
                return (series.Any() ? silent : [(rule.Where, now - started)]).Where(one => one.Silent >= absence.Longer).Select(one => (one.Item1, one.Item2.TotalHours));
            case Threshold threshold:
                return series.Select(one => (one.Last.Subject, Value: one.Last.ValueAt(now))).Where(one => threshold.Above ? one.Value > threshold.Bound : one.Value < threshold.Bound);
            case Change change:
                return series.Where(one => Moved(one, change, now) >= change.By).Select(one => (one.Last.Subject, one.Last.Number));
            default:
                throw new InvalidOperationException($"Nobody looks for a {rule.Condition.GetType().Name}.");
        }
    }

    private static double Moved(Series series, Change change, DateTimeOffset now)
    {
        var levels = series.Since(now - change.Within).ToList();
        return levels.Count == 0 ? 0 : change.Rise ? series.Last.Number - levels.Min() : levels.Max() - series.Last.Number;
    }

    // A rule that is no more has no alerts; of a subject that is not on the board nothing is known.
    private static bool IsKnown(AlertKey key, AlertRules rules, FactBoard board) =>
        !rules.Rules.TryGetValue(key.Rule, out var rule) || (rule.Condition is Absence && key.Subject == rule.Where) || !key.Subject.Matches(rule.Where) || board.Of(rule.Signal.Name, key.Subject) is not null;
}
