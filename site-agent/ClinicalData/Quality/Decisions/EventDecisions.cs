using System.Collections.Immutable;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>What a steward decides about an event that a rule of quality has flagged. The numbers are in the site's files.</summary>
public enum DecisionAction
{
    /// <summary>It is right: the rule does not count it, and it stays.</summary>
    Keep = 1,

    /// <summary>It is wrong: it is as if it had never been.</summary>
    Exclude = 2,

    /// <summary>Its number is wrong, and the right one is known.</summary>
    Correct = 3,
}

/// <summary>An event of a store, by where it stands and what it is.</summary>
/// <param name="Origin">Where its record stands.</param>
/// <param name="Kind">What it says.</param>
/// <param name="Concept">Ordinal of its code; -1: none. A record that says one thing twice has one decision for both.</param>
public readonly record struct EventKey(EventOrigin Origin, EventKind Kind, int Concept)
{
    /// <summary>The key of an event in a timeline.</summary>
    public static EventKey Of(in TimelineEvent item) => new(item.Origin, item.Event.Kind, item.Event.Concept);
}

/// <summary>One decision.</summary>
/// <param name="Event">About which event.</param>
/// <param name="Rule">The rule that flagged it.</param>
/// <param name="Action">What was decided.</param>
/// <param name="Number">The right number, in the event's own unit; NaN: none.</param>
public sealed record EventDecision(EventKey Event, string Rule, DecisionAction Action, double Number = double.NaN);

/// <summary>
/// The decisions that hold, held against every event that is read. The last one about an event counts; that it is kept, each rule is told by
/// itself. Immutable.
/// </summary>
public sealed class EventDecisions
{
    private readonly Dictionary<EventKey, Standing> _standing = [];

    /// <summary>Puts decisions in force, in the order in which they were made.</summary>
    /// <param name="version">Number of the last batch of decisions.</param>
    /// <param name="decisions">All of them.</param>
    public EventDecisions(int version, IEnumerable<EventDecision> decisions)
    {
        ArgumentNullException.ThrowIfNull(decisions);
        Version = version;
        foreach (var decision in decisions)
        {
            var kept = decision.Action == DecisionAction.Keep ? (_standing.GetValueOrDefault(decision.Event)?.KeptFrom ?? []).Add(decision.Rule) : [];
            _standing[decision.Event] = new Standing(decision.Action, decision.Number, kept);
        }
    }

    /// <summary>Nothing was decided.</summary>
    public static EventDecisions None { get; } = new(0, []);

    /// <summary>Number of the last batch of decisions; 0: none.</summary>
    public int Version { get; }

    /// <summary>How many events something was decided about.</summary>
    public int Count => _standing.Count;

    /// <summary>Whether a steward keeps an event from a rule.</summary>
    public bool Keeps(in TimelineEvent item, string rule) => _standing.Count > 0 && _standing.TryGetValue(EventKey.Of(item), out var standing) && standing.KeptFrom.Contains(rule);

    /// <summary>Applies what was decided; false: the event is excluded.</summary>
    internal bool Apply(EventOrigin origin, ref ClinicalEvent item)
    {
        if (!_standing.TryGetValue(new EventKey(origin, item.Kind, item.Concept), out var standing))
            return true;
        if (standing.Action == DecisionAction.Correct)
            item = item with { Number = standing.Number };
        return standing.Action != DecisionAction.Exclude;
    }

    private sealed record Standing(DecisionAction Action, double Number, ImmutableHashSet<string> KeptFrom);
}
