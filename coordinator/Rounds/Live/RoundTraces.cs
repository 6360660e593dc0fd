using System.Collections.Concurrent;
using System.Diagnostics;
using FederatedClinicalMl.Studies;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>
/// One trace for each round, made of what the journal says has happened: the round, in it each attempt at a step, in that the uploads of its sites and its fold. In memory only: after a restart the rest of a round
/// is another trace. Where nobody collects spans, only how long steps take is kept.
/// </summary>
public sealed class RoundTraces : IDisposable
{
    private readonly ConcurrentDictionary<RunId, Open> _open = new();

    /// <summary>An event of a run is in the journal. Of one run on one thread at a time.</summary>
    public void Happened(RunId run, RunEvent happened)
    {
        // Spans of a round outlive the request or the turn in which they begin: they neither hang below what is current here, nor become it.
        var current = Activity.Current;
        Activity.Current = null;
        Follow(run, happened);
        Activity.Current = current;
    }

    private void Follow(RunId run, RunEvent happened)
    {
        switch (happened)
        {
            case StepOpened opened:
                var open = _open.GetOrAdd(run, _ => new Open());
                open.EndStep(null);
                if (open.Round is null || open.Number != opened.Step.Round)
                {
                    open.EndRound();
                    (open.Round, open.Number) = (Telemetry.Spans.StartActivity("round", ActivityKind.Internal, default(ActivityContext), [new Tag("run", run.Value), new Tag("round", opened.Step.Round.Value)]), opened.Step.Round);
                }

                (open.Id, open.Since) = (opened.Step, Stopwatch.GetTimestamp());
                open.Step = Start("step", open.Round, [new Tag("kind", Word(opened.Step)), new Tag("attempt", opened.Step.Attempt)]);
                break;
            case StepClosed when _open.TryGetValue(run, out var closed):
                closed.Fold = Start("fold", closed.Step);
                break;
            case StepCommitted when _open.TryGetValue(run, out var committed):
                committed.EndStep("committed");
                break;
            case StepAbandoned when _open.TryGetValue(run, out var abandoned):
                abandoned.EndStep("abandoned");
                break;
        }

        if (happened.Ends && _open.TryRemove(run, out var ended))
            ended.Dispose();
        if (happened.Ends)
            Telemetry.RunsEnded.Add(1, new Tag("how", happened.GetType().Name));
    }

    /// <summary>The span of an open step, as it travels (W3C Trace Context, <c>traceparent</c>); empty where nobody collects spans.</summary>
    public string ParentOf(StepId step) => StepOf(step)?.Id ?? "";

    /// <summary>Begins the span of a site's upload; null where nobody collects spans.</summary>
    public Activity? Upload(StepId step) => StepOf(step) is { } parent ? Start("upload", parent) : null;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var open in _open.Values)
            open.Dispose();
    }

    private Activity? StepOf(StepId step) => _open.TryGetValue(step.Run, out var open) && open.Id == step ? open.Step : null;

    private static Activity? Start(string name, Activity? parent, Tag[]? tags = null) => parent is null ? null : Telemetry.Spans.StartActivity(name, ActivityKind.Internal, parent.Context, tags);

    private static string Word(StepId step) => step.Kind.ToString().ToLowerInvariant();

    private sealed class Open : IDisposable
    {
        public Activity? Round { get; set; }

        public RoundNumber Number { get; set; }

        public StepId Id { get; set; }

        public long Since { get; set; }

        public Activity? Step { get; set; }

        public Activity? Fold { get; set; }

        public void EndStep(string? outcome)
        {
            if (outcome is not null)
                Telemetry.StepDuration.Record(Stopwatch.GetElapsedTime(Since).TotalSeconds, new Tag("kind", Word(Id)), new Tag("outcome", outcome));
            Fold?.Dispose();
            Step?.Dispose();
            (Fold, Step, Id) = (null, null, default);
        }

        public void EndRound()
        {
            Round?.Dispose();
            Round = null;
        }

        public void Dispose()
        {
            EndStep(null);
            EndRound();
        }
    }
}
