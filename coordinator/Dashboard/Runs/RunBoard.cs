using System.Collections.Immutable;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Learning;
using FederatedClinicalMl.Studies;

namespace FederatedClinicalMl.Coordinator.Dashboard;

/// <summary>How quickly a site delivers.</summary>
/// <param name="Deliveries">How many of its releases were accepted.</param>
/// <param name="Total">From the opening of each step to its release, added up.</param>
/// <param name="Last">The latest of these times.</param>
internal readonly record struct SiteLag(int Deliveries, TimeSpan Total, TimeSpan Last)
{
    /// <summary>The mean; null before the first.</summary>
    public double? MeanSeconds => Deliveries == 0 ? null : Total.TotalSeconds / Deliveries;

    public SiteLag And(TimeSpan lag) => new(Deliveries + 1, Total + lag, lag);
}

/// <summary>What an evaluation of a round came to.</summary>
/// <param name="Scores">The metrics; undefined ones where a number is predicted.</param>
/// <param name="Errors">Where a number is predicted, its errors; null: whether something is positive is predicted.</param>
internal sealed record RoundMetrics(ClassifierMetrics Scores, RegressionMetrics? Errors)
{
    public static RoundMetrics Of(EvaluationReport evaluation) => new(evaluation.Metrics, evaluation.Number?.Metrics);
}

/// <summary>What pages show of a run: its state as its events make it, and what its evaluations came to. Immutable.</summary>
/// <param name="State">The state.</param>
/// <param name="Created">When it was created.</param>
/// <param name="LastEvent">When something last happened.</param>
/// <param name="Metrics">Pooled metrics by evaluated round.</param>
/// <param name="Sites">The sites' own metrics of the final parameters; null before, and where the study asks for none.</param>
/// <param name="Lags">How quickly sites deliver training updates.</param>
internal sealed record RunPicture(
    RunState State, DateTimeOffset Created, DateTimeOffset LastEvent, ImmutableSortedDictionary<int, RoundMetrics> Metrics, SiteMetrics? Sites, ImmutableSortedDictionary<SiteId, SiteLag> Lags);

/// <summary>Folds the events of one run, each once, however many pages look at it. What is read is durable: the journal.</summary>
internal sealed class RunBoard(RunId run, IRunJournal journal, ResultStore results)
{
    private readonly Lock _turn = new(); // one fold at a time
    private readonly Dictionary<SiteId, SiteLag> _lags = [];
    private long _sequence;
    private RunState? _state;
    private DateTimeOffset _created;
    private DateTimeOffset _opened;
    private ImmutableSortedDictionary<int, RoundMetrics> _metrics = ImmutableSortedDictionary<int, RoundMetrics>.Empty;
    private SiteMetrics? _sites;
    private RunPicture? _picture;

    /// <summary>The run as it is now; null where there is no such run.</summary>
    public RunPicture? Look()
    {
        lock (_turn)
        {
            if (_state is { Ended: true })
                return _picture; // nothing follows
            var events = journal.Read(run, _sequence);
            foreach (var happened in events)
                Apply(happened);
            if (events.Count > 0)
                _picture = new RunPicture(_state!, _created, events[^1].Event.At, _metrics, _sites, _lags.ToImmutableSortedDictionary());
            return _picture;
        }
    }

    private void Apply(JournaledEvent happened)
    {
        _sequence = happened.Sequence;
        _state = RoundMachine.Apply(_state, happened.Event);
        switch (happened.Event)
        {
            case RunCreated:
                _created = happened.Event.At;
                break;
            case StepOpened opened:
                _opened = opened.At;
                break;
            case ReleaseAccepted { Step.Kind: StepKind.Training } accepted:
                _lags[accepted.Site] = _lags.GetValueOrDefault(accepted.Site).And(accepted.At - _opened);
                break;
            case StepCommitted { Step: { Kind: StepKind.Evaluation } step } committed when results.Contains(committed.Result):
                _metrics = _metrics.SetItem(step.Round.Value, RoundMetrics.Of(EvaluationReport.Read(results.Read(committed.Result))));
                break;
            case StepCommitted { Step.Kind: StepKind.SiteMetrics } committed when results.Contains(committed.Result):
                _sites = SiteMetrics.Read(results.Read(committed.Result));
                break;
        }
    }
}
