using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>A rule about events of certain kinds and codes.</summary>
/// <param name="events">Which.</param>
/// <param name="tallies">What it counts.</param>
internal abstract class SelectedRule(EventSelection events, params ImmutableArray<RuleTally> tallies)
{
    public EventSelection Events => events;

    public ImmutableArray<RuleTally> Tallies => tallies;

    /// <summary>Looks at an event that is one of them.</summary>
    public abstract void Look(in TimelineEvent item, QualityPatient patient);

    /// <summary>After the last event of a patient.</summary>
    public virtual void EndPatient(QualityPatient patient)
    {
    }
}

/// <summary>Hands each event to the rules about its kind and code.</summary>
internal sealed class SelectedChecks : PatientCheck
{
    private readonly ImmutableArray<SelectedRule> _rules;
    private readonly EventSelector _selector;

    public SelectedChecks(SiteConcepts concepts, ImmutableArray<SelectedRule> rules)
    {
        (_rules, _selector) = (rules, new EventSelector(concepts));
        foreach (var rule in rules)
            _selector.Add(rule.Events);
    }

    public override IEnumerable<RuleTally> Tallies => _rules.SelectMany(rule => rule.Tallies);

    public override void Look(QualityPatient patient)
    {
        foreach (ref readonly var item in patient.Events)
        {
            foreach (var rule in _selector.Of(item.Event.Kind, item.Event.Concept))
                _rules[rule].Look(item, patient);
        }

        foreach (var rule in _rules)
            rule.EndPatient(patient);
    }
}

/// <summary>Numbers lie in a range; and, where that is asked, are in units that convert into the range's. Draws their histogram.</summary>
internal sealed class RangeRule(
    EventSelection events, RuleTally range, RuleTally? units, SiteConcepts concepts, UnitConverter converter, HistogramBuilder histogram)
    : SelectedRule(events, units is null ? [range] : [range, units])
{
    private readonly Dictionary<(int Unit, int Concept), UnitConversion?> _conversions = [];

    /// <summary>Converter into a unit.</summary>
    /// <exception cref="DatasetException">It is none that is known.</exception>
    public static UnitConverter ConverterTo(string unit, double? molarMass = null, UnitRule rule = UnitRule.None) => UcumUnit.TryParse(unit, out var target)
        ? new UnitConverter(target, (decimal?)molarMass, rule)
        : throw new DatasetException($"A rule converts into the unit '{unit}', which this software does not know. Write a unit of UCUM.");

    public override void Look(in TimelineEvent item, QualityPatient patient)
    {
        if (double.IsNaN(item.Event.Number) || item.Event.Flags.HasFlag(EventFlags.Bound))
            return;
        var key = (item.Event.Unit, item.Event.Concept);
        if (!_conversions.TryGetValue(key, out var conversion))
            _conversions[key] = conversion = converter.TryFrom(concepts.UnitOf(key.Unit, key.Concept), out var found, out _) ? found : null;
        units?.Count(conversion is null, item);
        if (conversion is null)
            return;
        var number = conversion.Apply(item.Event.Number);
        histogram.Add(number);
        range.Count(!histogram.Holds(number), item);
    }
}

/// <summary>Events that a sex cannot have.</summary>
internal sealed class SexRule(EventSelection events, RuleTally tally, bool ofMale) : SelectedRule(events, tally)
{
    public override void Look(in TimelineEvent item, QualityPatient patient)
    {
        if (patient.IsMale is { } isMale)
            Tallies[0].Count(isMale != ofMale, item);
    }
}

/// <summary>A coded value is one of a feature's levels.</summary>
internal sealed class LevelRule(CodedValue value, RuleTally tally, SiteConcepts concepts) : SelectedRule(value.Events, tally)
{
    private readonly ImmutableArray<CodeSet> _levels = [.. value.Levels.Select(level => EventSelector.CodesOf(level.Codes))];
    private readonly Dictionary<int, bool> _known = [];

    public override void Look(in TimelineEvent item, QualityPatient patient)
    {
        var ordinal = item.Event.Value;
        if (ordinal < 0)
            return;
        if (!_known.TryGetValue(ordinal, out var known))
            _known[ordinal] = known = _levels.Any(level => level.Contains(concepts[ordinal].AsSpan()));
        Tallies[0].Count(!known, item);
    }
}
