namespace FederatedClinicalMl.ClinicalData;

/// <summary>Counts what one rule looked at, and keeps the first findings. Of an event that a steward keeps, nothing is counted against the rule.</summary>
/// <param name="rule">The rule.</param>
/// <param name="decisions">What was decided.</param>
/// <param name="kept">Most findings that are kept.</param>
internal sealed class RuleTally(QualityRuleInfo rule, EventDecisions decisions, int kept)
{
    private readonly List<QualityFinding> _findings = [];
    private long _looked;
    private long _failed;
    private long _keptBySteward;

    public QualityRuleInfo Rule => rule;

    public IReadOnlyList<QualityFinding> Findings => _findings;

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
        if (!fails)
            return;
        if (decisions.Keeps(item, rule.Id))
        {
            _keptBySteward++;
            return;
        }

        _failed++;
        if (rule.IsReviewed && _findings.Count < kept)
            _findings.Add(new QualityFinding(rule.Id, item.Event, item.Origin));
    }
}
