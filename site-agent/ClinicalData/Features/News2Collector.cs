using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Gathers a patient's latest value of each component of NEWS2 in a window.</summary>
internal sealed class News2Collector
{
    private readonly EventWindow _window;
    private readonly SiteConcepts _concepts;
    private readonly Dictionary<int, (News2Source Source, UnitConverter? Converter, ImmutableArray<(double Level, CodeSet Codes)> Levels)> _sources = [];
    private readonly int _scale1;
    private readonly int _scale2;
    private readonly int _pregnancy;
    private News2Vitals _vitals = new();
    private ClinicalTime _prediction;
    private bool _isPregnant;

    public News2Collector(EventWindow window, EventSelector selector, SiteConcepts concepts)
    {
        (_window, _concepts) = (window, concepts);
        foreach (var source in News2.Components)
        {
            _sources.Add(selector.Add(source.Events), (source, FeatureUnits.ConverterOf(source), [.. source.Levels.Select(level => (level.Level, EventSelector.CodesOf(level.Codes)))]));
        }

        (_scale1, _scale2, _pregnancy) = (selector.Add(News2.Scale1), selector.Add(News2.Scale2), selector.Add(News2.Pregnancy));
    }

    /// <summary>Numbers of the selections whose events it takes.</summary>
    public IEnumerable<int> Selections => [.. _sources.Keys, _scale1, _scale2, _pregnancy];

    public void Begin(ClinicalTime prediction) => (_vitals, _prediction, _isPregnant) = (new News2Vitals(), prediction, false);

    /// <summary>Takes an event that was visible at the prediction; they come by time, so that the latest counts.</summary>
    public void Take(int selection, in ClinicalEvent item)
    {
        if (selection == _pregnancy)
        {
            _isPregnant |= item.Time > _prediction - News2.LongestPregnancy && (!item.End.IsKnown || item.End > _prediction);
            return;
        }

        if (item.Time <= (_window.From is { } from ? _prediction - from : ClinicalTime.None) || item.Time > _prediction - _window.To)
            return;
        if (selection == _scale1 || selection == _scale2)
            _vitals = _vitals with { Scale2 = selection == _scale2 };
        else if (_sources.TryGetValue(selection, out var source) && ValueOf(source.Source, source.Converter, source.Levels, item) is { } value)
            _vitals = _vitals.With(source.Source.Component, value);
    }

    public News2Result Result(double age) => News2.Score(_vitals, double.IsNaN(age) ? null : (int)age, _isPregnant);

    private double? ValueOf(News2Source source, UnitConverter? converter, ImmutableArray<(double Level, CodeSet Codes)> levels, in ClinicalEvent item)
    {
        if (!double.IsNaN(item.Number))
        {
            if (item.Flags.HasFlag(EventFlags.Bound) || converter is null || !converter.TryFrom(_concepts.UnitOf(item.Unit, item.Concept), out var conversion, out _))
                return null;
            var number = conversion.Apply(item.Number);
            return source.Above is { } above ? (number > above ? 1 : 0) : number;
        }

        if (item.Value < 0)
            return source.Finding;
        var value = _concepts[item.Value];
        return levels.Where(level => level.Codes.Contains(value.AsSpan())).Select(level => (double?)level.Level).FirstOrDefault();
    }
}
