using System.Collections.Immutable;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.ClinicalData;

/// <summary>Finds a patient's rows: index events, the criteria as of each prediction, and the outcome after it.</summary>
internal sealed class CohortPlan
{
    private readonly CohortDefinition _cohort;
    private readonly EventSelector _selector;
    private readonly ClinicalClock _clock;
    private readonly SiteConcepts _concepts;
    private readonly int _index;
    private readonly int _outcome;
    private readonly int _death;
    private readonly NumericOutcome? _predicted;
    private readonly NumberReader? _numbers;
    private readonly ImmutableArray<(Criterion Criterion, int Selection, string Step, bool MustHold)> _criteria;

    public CohortPlan(CohortDefinition cohort, NumericOutcome? predicted, EventSelector selector, ClinicalClock clock, SiteConcepts concepts)
    {
        (_cohort, _predicted, _selector, _clock, _concepts) = (cohort, predicted, selector, clock, concepts);
        _index = cohort.Index is EventIndex index ? selector.Add(index.Events) : -1;
        _outcome = selector.Add(cohort.Outcome.Events);
        _numbers = cohort.Outcome.Number is NumberValue value ? new NumberReader(value, concepts) : null;
        _death = selector.Add(new EventSelection([EventType.Death], []));
        _criteria =
        [
            .. cohort.Include.Select(criterion => (criterion, Selection(criterion), FlowSteps.Included(criterion), true)),
            .. cohort.Exclude.Select(criterion => (criterion, Selection(criterion), FlowSteps.Excluded(criterion), false)),
        ];
    }

    /// <summary>The moments of a patient's predictions, by time, and the label of each: 1 or 0, or where a number is predicted the number.</summary>
    public List<(ClinicalTime Prediction, double Label)> Predictions(PatientTimeline timeline, CohortFlow flow)
    {
        var facts = PatientFacts.Of(timeline, _concepts);
        var left = Indexes(timeline, facts).Select(index => index + _cohort.PredictionAfter).ToList();
        flow.Count(FlowSteps.Indexed, left.Count);
        left.RemoveAll(prediction => Exists(timeline, _death, prediction, ClinicalTime.None, prediction));
        flow.Count(FlowSteps.Alive, left.Count);
        foreach (var (criterion, selection, step, mustHold) in _criteria)
        {
            left.RemoveAll(prediction => Holds(criterion, selection, timeline, facts, prediction) != mustHold);
            flow.Count(step, left.Count);
        }

        var rows = left.Select(prediction => (Prediction: prediction, Label: LabelOf(timeline, prediction))).ToList();
        if (_predicted is not null)
            rows.RemoveAll(row => !_predicted.IsPlausible(row.Label));
        // A measured number is there whoever is followed up; a count is whole only then.
        if (_cohort.Outcome.FollowUpRequired && _numbers is null)
            rows.RemoveAll(row => (row.Label == 0 || _cohort.Outcome.Number is CountValue) && !facts.Died && facts.Last < row.Prediction + _cohort.Outcome.Within);
        flow.Count(_cohort.Labelled, rows.Count);
        return rows;
    }

    private int Selection(Criterion criterion) => criterion is EventsCriterion events ? _selector.Add(events.Events) : -1;

    private List<ClinicalTime> Indexes(PatientTimeline timeline, PatientFacts facts)
    {
        switch (_cohort.Index)
        {
            case DateIndex date:
                return [_clock.EndOfDay(date.Date)];
            case AgeIndex age:
                return facts.Birth.IsKnown ? [_clock.EndOfDay(DateOnly.FromDateTime(_clock.ToLocal(facts.Birth)).AddYears(age.Years))] : [];
            case EventIndex index:
                var moments = new List<ClinicalTime>();
                foreach (ref readonly var item in timeline.Events)
                {
                    // Versions that were replaced make no second row. What nobody could know yet was no index: it counts from when it was known.
                    if (item.Until != ClinicalTime.Never || !item.Event.Available.IsKnown || !_selector.Of(item.Event.Kind, item.Event.Concept).Contains(_index))
                        continue;
                    var happened = index.AtEnd ? item.Event.End : item.Event.Time;
                    if (happened.IsKnown)
                        moments.Add(happened > item.Event.Available ? happened : item.Event.Available);
                }

                return Choose(moments, index);
            default:
                throw new DatasetException($"This software does not know an index of the kind {_cohort.Index.GetType().Name}.");
        }
    }

    private static List<ClinicalTime> Choose(List<ClinicalTime> moments, EventIndex index)
    {
        moments.Sort();
        if (moments.Count == 0 || index.Occurrence == Occurrence.First)
            return moments[..Math.Min(1, moments.Count)];
        if (index.Occurrence == Occurrence.Last)
            return moments[^1..];
        var chosen = new List<ClinicalTime> { moments[0] };
        foreach (var moment in moments)
        {
            if (moment > chosen[^1] && moment >= chosen[^1] + index.Gap)
                chosen.Add(moment);
        }

        return chosen;
    }

    private bool Holds(Criterion criterion, int selection, PatientTimeline timeline, PatientFacts facts, ClinicalTime prediction) => criterion switch
    {
        AgeCriterion age => Demographics.Age(facts.Birth, prediction, _clock) is var years && years >= age.From && years < age.Below,
        SexCriterion sex => facts.IsMale == sex.Male,
        HistoryCriterion history => timeline.FirstKnown.IsKnown && timeline.FirstKnown <= prediction - history.AtLeast,
        EventsCriterion events => Exists(
            timeline, selection, prediction, events.Window.From is { } from ? prediction - from : ClinicalTime.None, prediction - events.Window.To),
        _ => throw new DatasetException($"This software does not know a criterion of the kind {criterion.GetType().Name}."),
    };

    private bool Exists(PatientTimeline timeline, int selection, ClinicalTime prediction, ClinicalTime after, ClinicalTime upTo)
    {
        foreach (ref readonly var item in timeline.Events)
        {
            if (item.Event.Time > upTo)
                return false;
            if (item.Event.Time > after && item.IsVisibleAt(prediction) && _selector.Of(item.Event.Kind, item.Event.Concept).Contains(selection))
                return true;
        }

        return false;
    }

    // By hindsight, as it must be: when the outcome became known does not matter, and what was entered in error is gone.
    private double LabelOf(PatientTimeline timeline, ClinicalTime prediction)
    {
        var (after, upTo) = (prediction + _cohort.Outcome.After, prediction + _cohort.Outcome.Within);
        var (count, numbers) = (0, new List<(long Time, double Value)>());
        foreach (ref readonly var item in timeline.Events)
        {
            if (item.Event.Time > upTo)
                break;
            if (item.Event.Time <= after || item.Until != ClinicalTime.Never || !_selector.Of(item.Event.Kind, item.Event.Concept).Contains(_outcome))
                continue;
            count++;
            if (_numbers?.Read(item.Event) is (var number, null))
                numbers.Add((item.Event.Time.Microseconds, number));
        }

        return _cohort.Outcome.Number switch
        {
            null => count > 0 ? 1 : 0,
            NumberValue value => Aggregates.Of(value.Aggregate, numbers),
            _ => count,
        };
    }

    /// <summary>What does not depend on the prediction.</summary>
    private readonly record struct PatientFacts(ClinicalTime Birth, bool? IsMale, bool Died, ClinicalTime Last)
    {
        public static PatientFacts Of(PatientTimeline timeline, SiteConcepts concepts)
        {
            var facts = new PatientFacts(ClinicalTime.None, null, false, timeline.Last);
            foreach (ref readonly var item in timeline.Events)
            {
                if (item.Until != ClinicalTime.Never)
                    continue;
                facts = item.Event.Kind switch
                {
                    EventKind.Birth => facts with { Birth = item.Event.Time },
                    EventKind.Sex when item.Event.Value >= 0 => facts with { IsMale = Demographics.IsMale(concepts[item.Event.Value]) },
                    EventKind.Death => facts with { Died = true },
                    _ => facts,
                };
            }

            return facts;
        }
    }
}
