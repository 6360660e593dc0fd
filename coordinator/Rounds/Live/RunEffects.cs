using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Audit;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;

namespace FederatedClinicalMl.Coordinator.Rounds;

/// <summary>The live side of runs (<see cref="IRunEffects"/>): sessions, timers, the work queue, watchers and the audit trail. Never blocks on a peer.</summary>
public sealed partial class RunEffects(
    SessionHub sessions, RunWorkQueue queue, RunFeed feed, RoundTraces traces, AuditTrail audit, IGrainFactory grains, TimeProvider time, ILogger<RunEffects> log)
    : IDisposable
{
    private static readonly TimeSpan WakeAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(40); // timers take at most 49 days

    private readonly ConcurrentDictionary<RunId, ITimer> _deadlines = new();
    private readonly SessionHub _sessions = sessions;
    private readonly RunWorkQueue _queue = queue;
    private readonly RoundTraces _traces = traces;

    /// <summary>The effects of one run.</summary>
    public IRunEffects For(RunId run) => new Bound(this, run);

    /// <summary>Wakes a run whose activation was given up.</summary>
    public void WakeLater(RunId run) => Arm(run, WakeAfter, () => grains.GetGrain<IRunGrain>(run.Value).Wake());

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var timer in _deadlines.Values)
            timer.Dispose();
    }

    private void ArmDeadline(StepId step, DateTimeOffset at)
    {
        var due = at - time.GetUtcNow();
        due = due < TimeSpan.Zero ? TimeSpan.Zero : due > LongestTimer ? LongestTimer : due;
        Arm(step.Run, due, () => time.GetUtcNow() < at ? Rearm(step, at) : Send(step.Run, new DeadlineReached(time.GetUtcNow(), step)));
    }

    private void Happened(RunId run, JournaledEvent journaled)
    {
        if (journaled.Event.Ends)
        {
            audit.Record("run-ended", null, new JsonObject { ["run"] = run.Value, ["how"] = journaled.Event.GetType().Name, ["sequence"] = journaled.Sequence });
            if (_deadlines.TryRemove(run, out var timer))
                timer.Dispose();
        }

        _traces.Happened(run, journaled.Event);
        LogHappened(run, journaled.Sequence, journaled.Event.GetType().Name);
        feed.Happened(run);
    }

    private Task Rearm(StepId step, DateTimeOffset at)
    {
        ArmDeadline(step, at);
        return Task.CompletedTask;
    }

    private Task Send(RunId run, RunCommand command) => grains.GetGrain<IRunGrain>(run.Value).Handle(new Immutable<RunCommand>(command));

    private void Arm(RunId run, TimeSpan due, Func<Task> act)
    {
        var timer = time.CreateTimer(_ => _ = ActAsync(run, act), null, due, Timeout.InfiniteTimeSpan);
        _deadlines.AddOrUpdate(run, timer, (_, old) =>
        {
            old.Dispose();
            return timer;
        });
    }

    private async Task ActAsync(RunId run, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception error)
        {
            // The grain has said so too, and is woken again; here it is the timer's only witness.
            LogTimer(error, run);
        }
    }

    private sealed class Bound(RunEffects all, RunId run) : IRunEffects
    {
        public void Offer(SiteId site, StepInvitation invitation) => all._sessions.Send(site, Messages.Offer(invitation, all._traces.ParentOf(invitation.Step)));

        public void Settle(SiteId site, StepId step, Settlement settlement) => all._sessions.Send(site, Messages.Settled(step, settlement));

        public void ArmDeadline(StepId step, DateTimeOffset at) => all.ArmDeadline(step, at);

        public void Start(RunWork work) => all._queue.Add(run, work, command => all.Send(run, command));

        public void Happened(RunId ofRun, JournaledEvent journaled) => all.Happened(ofRun, journaled);
    }

    [LoggerMessage(1320, LogLevel.Information, "Run {Run}, event {Sequence}: {Event}")]
    private partial void LogHappened(RunId run, long sequence, string @event);

    [LoggerMessage(1321, LogLevel.Error, "Run {Run}: a timer's command failed")]
    private partial void LogTimer(Exception error, RunId run);
}
