namespace FederatedClinicalMl.ClinicalData;

/// <summary>Counts what one rule looked at, and keeps the first findings. Of an event that a steward keeps, nothing is counted against the rule.</summary>
/// <param name="rule">The rule.</param>
/// <param name="decisions">What was decided.</param>
/// <param name="kept">Most findings that are kept.</param>
internal sealed class RuleTally(QualityRuleInfo rule, EventDecisions decisions, int kept)
{
    // The farthest come first; at the same distance the first that was found.
    private readonly PriorityQueue<QualityFinding, (double Distance, long Order)> _findings = new(Comparer<(double Distance, long Order)>.Create(
        (one, other) => one.Distance == other.Distance ? other.Order.CompareTo(one.Order) : one.Distance.CompareTo(other.Distance)));

    private long _looked;
    private long _failed;
    private long _keptBySteward;
    private long _flagged;
    private int _oldest = int.MaxValue; // import of which an event is flagged

    public QualityRuleInfo Rule => rule;

    /// <summary>What waits for a steward.</summary>
    public QualityQueue Queue => new(rule.Id, _flagged, _oldest);

    /// <summary>Findings that are kept, the farthest first, else as they were found.</summary>
    public IEnumerable<QualityFinding> Findings => _findings.UnorderedItems.OrderByDescending(item => item.Priority.Distance).ThenBy(item => item.Priority.Order).Select(item => item.Element);

    /// <summary>How many findings were not kept.</summary>
    public long More => _flagged - _findings.Count;

    public QualityResult Result => new(rule, _looked, _failed, _keptBySteward);

    /// <summary>Counts what is no event.</summary>
    public void Count(bool fails)
    {
        _looked++;
        if (fails)
            _failed++;
    }

    /// <summary>Counts an event.</summary>
    public void Count(bool fails, in TimelineEvent item)
    {
        _looked++;
        if (!fails || IsKept(item))
            return;
        _failed++;
        if (rule.IsReviewed)
            Flag(item);
    }

    /// <summary>Whether a steward keeps an event from the rule; counts it where it is so.</summary>
    public bool IsKept(in TimelineEvent item)
    {
        if (!decisions.Keeps(item, rule.Id))
            return false;
        _keptBySteward++;
        return true;
    }

    /// <summary>Puts an event before the steward, unless one has decided to keep it.</summary>
    /// <param name="item">The event.</param>
    /// <param name="distance">How far off it is, in the rule's own measure: where not all are kept, the farthest are.</param>
    public void Flag(in TimelineEvent item, double distance = 0)
    {
        if (decisions.Keeps(item, rule.Id))
            return;
        var priority = (distance, _flagged++);
        _oldest = Math.Min(_oldest, item.Origin.Import);
        if (_findings.Count < kept)
            _findings.Enqueue(new QualityFinding(rule.Id, item.Event, item.Origin), priority);
        else if (kept > 0)
            _findings.EnqueueDequeue(new QualityFinding(rule.Id, item.Event, item.Origin), priority);
    }
}
