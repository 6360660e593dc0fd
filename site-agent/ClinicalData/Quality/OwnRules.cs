using System.Collections.Frozen;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Rules that a study or a site adds.</summary>
internal static class OwnRules
{
    /// <summary>A rule, ready to look.</summary>
    /// <param name="owner">Who added it: <c>study</c> or <c>site</c>; begins its id.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="concepts">What ordinals stand for.</param>
    /// <param name="tally">Makes its tally.</param>
    /// <param name="histograms">Takes the histogram of a range.</param>
    public static SelectedRule Compile(string owner, QualityRule rule, SiteConcepts concepts, Func<QualityRuleInfo, RuleTally> tally, List<HistogramBuilder> histograms)
    {
        var (sentence, of, isReviewed) = rule.Test switch
        {
            InRange range => (FormattableString.Invariant($"Numbers lie between {range.Minimum} and {range.Maximum} {range.Unit}."), QualityUnit.Numbers, true),
            IsRecorded => ("Every patient has such an event.", QualityUnit.Patients, false),
            HasValue => ("An event has a number or a coded value.", QualityUnit.Events, false),
            HasUnit units => ($"A number is in {string.Join(" or ", units.Units)}.", QualityUnit.Numbers, false),
            _ => throw new DatasetException($"This software does not know a rule of the kind {rule.Test.GetType().Name}."),
        };
        var counts = tally(new QualityRuleInfo($"{owner}-{rule.Name}", rule.Dimension, rule.Severity, sentence, of, rule.MaximumShare, isReviewed));
        switch (rule.Test)
        {
            case InRange range:
                var histogram = new HistogramBuilder(rule.Name, range.Unit, range.Minimum, range.Maximum);
                histograms.Add(histogram);
                return new RangeRule(rule.Events, counts, null, concepts, RangeRule.ConverterTo(range.Unit), histogram);
            case HasUnit units:
                var allowed = units.Units.ToFrozenSet(StringComparer.Ordinal);
                return new ValueRule(rule.Events, counts, (in item) => double.IsNaN(item.Event.Number) ? null
                    : concepts.UnitOf(item.Event.Unit, item.Event.Concept) is var unit && !(unit.System == CodeSystems.Ucum && allowed.Contains(unit.Code)));
            case IsRecorded:
                return new RecordedRule(rule.Events, counts);
            default:
                return new ValueRule(rule.Events, counts, (in item) => double.IsNaN(item.Event.Number) && item.Event.Value < 0);
        }
    }

    private delegate bool? ValueTest(in TimelineEvent item);

    private sealed class ValueRule(EventSelection events, RuleTally counts, ValueTest test) : SelectedRule(events, counts)
    {
        public override void Look(in TimelineEvent item, QualityPatient patient)
        {
            if (test(item) is { } fails)
                Tallies[0].Count(fails, item);
        }
    }

    private sealed class RecordedRule(EventSelection events, RuleTally counts) : SelectedRule(events, counts)
    {
        private bool _recorded;

        public override void Look(in TimelineEvent item, QualityPatient patient) => _recorded = true;

        public override void EndPatient(QualityPatient patient)
        {
            Tallies[0].Count(!_recorded);
            _recorded = false;
        }
    }
}
