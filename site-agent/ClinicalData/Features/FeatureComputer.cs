using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>
/// Computes a study's features from a patient's timeline as of a moment: the one implementation, for the training matrix and for one patient
/// now. Only what had happened and was known by then counts. Not for use by several threads at once.
/// </summary>
public sealed class FeatureComputer
{
    private readonly ImmutableArray<Slot> _slots;
    private readonly EventSelector _selector;
    private readonly ImmutableArray<int>[] _slotsOfSelection;
    private readonly SiteConcepts _concepts;
    private readonly ClinicalClock _clock;

    /// <summary>Compiles features.</summary>
    /// <param name="features">Features over events.</param>
    /// <param name="concepts">What the events' ordinals stand for.</param>
    /// <param name="clock">The hospital's clock.</param>
    public FeatureComputer(ImmutableArray<Feature> features, SiteConcepts concepts, ClinicalClock clock)
        : this(features, concepts, clock, new EventSelector(concepts))
    {
    }

    internal FeatureComputer(ImmutableArray<Feature> features, SiteConcepts concepts, ClinicalClock clock, EventSelector selector)
    {
        (_concepts, _clock, _selector) = (concepts, clock, selector);
        var slots = ImmutableArray.CreateBuilder<Slot>();
        var slotsOfSelection = new List<ImmutableArray<int>>();
        foreach (var (i, feature) in features.Index())
        {
            var slot = new Slot(feature.Source?.Value ?? throw new ArgumentException($"'{feature.Name}' is no feature over events.", nameof(features)), selector, concepts);
            slots.Add(slot);
            foreach (var selection in slot.News2?.Selections ?? (slot.Events is { } events ? [selector.Add(events)] : []))
            {
                while (slotsOfSelection.Count <= selection)
                    slotsOfSelection.Add([]);
                slotsOfSelection[selection] = [i];
            }
        }

        (_slots, _slotsOfSelection) = (slots.ToImmutable(), [.. slotsOfSelection]);
        Problems = new FeatureProblems([.. features.Select(feature => feature.Name)]);
    }

    /// <summary>Number of features.</summary>
    public int Width => _slots.Length;

    /// <summary>Values that were not used, and why: counted over all that was computed.</summary>
    public FeatureProblems Problems { get; }

    /// <summary>Whether events of a kind and concept (-1: none) are of use.</summary>
    public bool Wants(EventKind kind, int concept) => kind is EventKind.Birth or EventKind.Sex || !_selector.Of(kind, concept).IsEmpty;

    /// <summary>Computes one row.</summary>
    /// <param name="timeline">The patient.</param>
    /// <param name="prediction">The moment.</param>
    /// <param name="row">[features], in their units; NaN where missing.</param>
    public void Compute(PatientTimeline timeline, ClinicalTime prediction, Span<double> row)
    {
        ArgumentNullException.ThrowIfNull(timeline);
        ArgumentOutOfRangeException.ThrowIfNotEqual(row.Length, _slots.Length);
        foreach (var slot in _slots)
            slot.Begin(prediction);
        var (birth, sex) = (ClinicalTime.None, -1);
        foreach (ref readonly var item in timeline.Events)
        {
            if (item.Event.Time > prediction)
                break; // by time: nothing after it counts
            if (!item.IsVisibleAt(prediction))
                continue;
            if (item.Event.Kind == EventKind.Birth)
                birth = item.Event.Time;
            else if (item.Event.Kind == EventKind.Sex)
                sex = item.Event.Value;
            foreach (var selection in _selector.Of(item.Event.Kind, item.Event.Concept))
            {
                if (selection >= _slotsOfSelection.Length)
                    continue; // of the cohort
                foreach (var slot in _slotsOfSelection[selection])
                {
                    if (_slots[slot].News2 is { } news2)
                        news2.Take(selection, item.Event);
                    else
                        Take(slot, item.Event);
                }
            }
        }

        for (var i = 0; i < row.Length; i++)
        {
            row[i] = _slots[i].Value switch
            {
                AgeValue => Demographics.Age(birth, prediction, _clock),
                News2Value => _slots[i].News2!.Result(Demographics.Age(birth, prediction, _clock)).Score ?? double.NaN,
                SexValue => Demographics.IsMale(sex < 0 ? [] : _concepts[sex]) switch { true => 1, false => 0, null => double.NaN },
                _ => _slots[i].Result(prediction),
            };
        }
    }

    private void Take(int index, in ClinicalEvent item)
    {
        var slot = _slots[index];
        if (!slot.IsInWindow(item.Time))
            return;
        switch (slot.Value)
        {
            case NumberValue:
                if (slot.Reader!.Read(item) is var (number, problem) && problem is null)
                    slot.Numbers.Add((item.Time.Microseconds, number));
                else
                    Problems.Add(index, problem!.Value, problem is FeatureProblem.UnitNotUnderstood ? item.Unit : -1);
                break;
            case CodedValue:
                var level = item.Value < 0 ? null : slot.LevelOf(item.Value, _concepts);
                if (level is { } known)
                    slot.Numbers.Add((item.Time.Microseconds, known));
                else
                    Problems.Add(index, FeatureProblem.ValueNotALevel, item.Value);
                break;
            default:
                slot.Numbers.Add((item.Time.Microseconds, 1));
                break;
        }
    }

    /// <summary>One feature, and what was gathered for it.</summary>
    private sealed class Slot
    {
        private readonly EventWindow? _window;
        private readonly ImmutableArray<(double Level, CodeSet Codes)> _levels = [];
        private readonly Dictionary<int, double?> _levelOf = [];
        private ClinicalTime _from;
        private ClinicalTime _to;

        public Slot(FeatureValue value, EventSelector selector, SiteConcepts concepts)
        {
            Value = value;
            News2 = value is News2Value score ? new News2Collector(score.Window, selector, concepts) : null;
            (Events, _window) = value switch
            {
                NumberValue number => (number.Events, number.Window),
                CountValue count => (count.Events, count.Window),
                EverValue ever => (ever.Events, ever.Window),
                TimeSinceValue since => (since.Events, since.Window),
                CodedValue coded => (coded.Events, coded.Window),
                _ => ((EventSelection?)null, (EventWindow?)null),
            };
            if (value is NumberValue asked)
                Reader = new NumberReader(asked, concepts);
            if (value is CodedValue { } levels)
                _levels = [.. levels.Levels.Select(level => (level.Level, EventSelector.CodesOf(level.Codes)))];
        }

        public FeatureValue Value { get; }

        public EventSelection? Events { get; }

        public News2Collector? News2 { get; }

        public NumberReader? Reader { get; }

        public List<(long Time, double Value)> Numbers { get; } = [];

        public void Begin(ClinicalTime prediction)
        {
            Numbers.Clear();
            News2?.Begin(prediction);
            if (_window is { } window)
                (_from, _to) = (window.From is { } from ? prediction - from : ClinicalTime.None, prediction - window.To);
        }

        public bool IsInWindow(ClinicalTime time) => time > _from && time <= _to;

        public double? LevelOf(int value, SiteConcepts concepts)
        {
            if (!_levelOf.TryGetValue(value, out var level))
                _levelOf[value] = level = _levels.Where(one => one.Codes.Contains(concepts[value].AsSpan())).Select(one => (double?)one.Level).FirstOrDefault();
            return level;
        }

        public double Result(ClinicalTime prediction) => Value switch
        {
            NumberValue number => Aggregates.Of(number.Aggregate, Numbers),
            CodedValue => Aggregates.Of(Aggregate.Last, Numbers),
            CountValue => Numbers.Count,
            EverValue => Numbers.Count > 0 ? 1 : 0,
            TimeSinceValue => Numbers.Count > 0 ? (prediction.Microseconds - Numbers[^1].Time) / 86_400_000_000.0 : double.NaN,
            _ => throw new DatasetException($"This software cannot compute a feature of the kind {Value.GetType().Name}."),
        };
    }
}
