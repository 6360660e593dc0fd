using System.Globalization;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Rules that come from a study's feature definitions.</summary>
internal static class FeatureChecks
{
    /// <summary>Rules about the events of each definition: one for all steps of a grid.</summary>
    public static IEnumerable<SelectedRule> Events(StudyData data, SiteConcepts concepts, Func<QualityRuleInfo, RuleTally> tally, List<HistogramBuilder> histograms)
    {
        foreach (var (definition, value) in data.Features.Select(feature => feature.Source!.Value).DistinctBy(source => source.Definition))
        {
            var name = definition[..definition.IndexOf('@', StringComparison.Ordinal)];
            if (value is NumberValue number)
            {
                var range = string.Create(CultureInfo.InvariantCulture, $"{number.Minimum} to {number.Maximum} {number.Unit}");
                var histogram = new HistogramBuilder(name, number.Unit, number.Minimum, number.Maximum);
                histograms.Add(histogram);
                yield return new RangeRule(
                    number.Events, tally(BuiltInRules.FeaturePlausible(name, range)), tally(BuiltInRules.FeatureUnit(name, number.Unit)), concepts,
                    RangeRule.ConverterTo(number.Unit, number.MolarMass, number.Conversion is null ? UnitRule.None : UnitRules.ByName[number.Conversion]), histogram);
            }
            else if (value is CodedValue coded)
            {
                yield return new LevelRule(coded, tally(BuiltInRules.FeatureLevel(name)), concepts);
            }
        }
    }
}

/// <summary>Which share of the cohort's rows has a usable value of each feature. Sees the timeline itself: features count what was visible, older versions included.</summary>
internal sealed class FeatureCoverage
{
    private readonly FeatureComputer _features;
    private readonly CohortPlan _plan;
    private readonly CohortFlow _flow;
    private readonly RuleTally[] _tallies;
    private readonly double[] _row;

    public FeatureCoverage(StudyData data, ClinicalSource source, Func<QualityRuleInfo, RuleTally> tally)
    {
        var selector = new EventSelector(source.Concepts);
        _features = new FeatureComputer(data.Features, source.Concepts, source.Clock, selector);
        _plan = new CohortPlan(data.Cohort!, data.Label.Number, selector, source.Clock, source.Concepts);
        _flow = new CohortFlow(data.Cohort!);
        _tallies = [.. data.Features.Select(feature => tally(BuiltInRules.FeatureCoverage(feature.Name, feature.Missing == MissingRule.ExcludeRow)))];
        _row = new double[data.Features.Length];
    }

    public IEnumerable<RuleTally> Tallies => _tallies;

    public void Look(PatientTimeline timeline)
    {
        foreach (var (prediction, _) in _plan.Predictions(timeline, _flow))
        {
            _features.Compute(timeline, prediction, _row);
            for (var i = 0; i < _row.Length; i++)
                _tallies[i].Count(double.IsNaN(_row[i]));
        }
    }
}
