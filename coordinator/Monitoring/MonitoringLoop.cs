using System.Collections.Concurrent;
using System.Data.Common;
using FederatedClinicalMl.Coordinator.Api;
using FederatedClinicalMl.Coordinator.Api.Sessions;
using FederatedClinicalMl.Coordinator.Registry;
using FederatedClinicalMl.Coordinator.Rounds;
using FederatedClinicalMl.Coordinator.Storage;
using FederatedClinicalMl.Studies;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FederatedClinicalMl.Coordinator.Monitoring;

/// <summary>Turns what the coordinator's parts say has changed into facts, looks at the clock every few seconds, and hands out what is to be delivered. Nobody waits for it: a round's turn only leaves a run's id here.</summary>
public sealed partial class MonitoringLoop : IHostedService, IDisposable
{
    /// <summary>Between two looks at the clock.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private const double Gigabyte = 1e9;

    private readonly MonitoringDesk _desk;
    private readonly RetrainingDesk _retraining;
    private readonly ObservationDesk _observations;
    private readonly Outbox _outbox;
    private readonly RunSignals _runs;
    private readonly StandingSignals _standing;
    private readonly ServedSignals _served;
    private readonly SessionHub _sessions;
    private readonly MemberStore _members;
    private readonly ModelLines _lines;
    private readonly SiteReports _reports;
    private readonly string _root;
    private readonly TimeProvider _time;
    private readonly ILogger<MonitoringLoop> _log;
    private readonly ConcurrentQueue<RunId> _happened = new();
    private readonly Signal _wake = new();
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>The loop of a coordinator.</summary>
    public MonitoringLoop(
        MonitoringDesk desk, RetrainingDesk retraining, ObservationDesk observations, Outbox outbox, RunFeed feed, IRunJournal journal, ResultStore results, SessionHub sessions, MemberStore members, ModelLines lines, SiteReports reports, SiteMonitorings told,
        ModelRegistry models, DataFolder folder, TimeProvider time, ILogger<MonitoringLoop> log)
    {
        ArgumentNullException.ThrowIfNull(feed);
        ArgumentNullException.ThrowIfNull(folder);
        (_desk, _retraining, _observations, _outbox, _sessions, _members, _lines, _reports, _root, _time, _log) = (desk, retraining, observations, outbox, sessions, members, lines, reports, folder.Disk.Root, time, log);
        _served = new ServedSignals(told, models, reports);
        (_runs, _standing) = (new RunSignals(journal, results, _served), new StandingSignals(members, sessions, lines, reports, time));
        feed.EventOf += run =>
        {
            _happened.Enqueue(run);
            _wake.Raise();
        };
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _loop = RunAsync();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _loop;
    }

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();

    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // the first look reads every run's journal: no start waits for it
        var stop = _stop.Token;
        var (tick, members, areMembersRead) = (Task.CompletedTask, Task.CompletedTask, false);
        while (!stop.IsCancellationRequested)
        {
            if (members.IsCompleted)
                (members, areMembersRead) = (_members.NextChange, false); // before they are read
            var changes = new[] { _wake.Next, members, _sessions.NextChange, _lines.NextChange, _reports.NextChange }; // before looking
            var isTick = tick.IsCompleted;
            if (isTick)
                tick = Task.Delay(Every, _time, stop);
            try
            {
                if (isTick)
                    _lines.PassLastDays();
            }
            catch (IOException disk)
            {
                LogDisk(disk, Every); // and people are told of what happens nevertheless
            }

            try
            {
                if (!areMembersRead)
                    _standing.ReadMembers();
                areMembersRead = true; // not before: a read that failed is made again at the next look
                Look(isTick);
                _outbox.Start(stop); // before what can fail: nothing else keeps people from being told
                await _retraining.FinishAsync();
                await _retraining.StartWhatStartsByItselfAsync();
                if (isTick)
                    await _observations.AskWhenDueAsync(_desk.Rules.AskSites);
            }
            catch (Exception disk) when (disk is IOException or DbException)
            {
                LogDisk(disk, Every); // nothing has happened; the next look finds it again
            }
            catch (Exception error)
            {
                LogBroken(error); // a fault in this program: one look that fails must not mute every other alert
            }

            await Task.WhenAny([tick, .. changes]);
        }
    }

    private void Look(bool isTick)
    {
        IReadOnlyList<(string Line, string Text)> happened = [];
        _desk.Observe(board =>
        {
            LookAtRuns(board);
            _standing.LookAtMembers(board);
            _standing.LookAtReports(board);
            happened = _standing.LookAtLines(board);
            LookAtServed(board);
            if (isTick)
                board.Take(new Fact(MonitoredSignal.DiskFree, Subject.None, _time.GetUtcNow(), new DriveInfo(_root).AvailableFreeSpace / Gigabyte));
        });
        foreach (var (line, text) in happened)
            _desk.Note(line, text);
        if (isTick)
            _desk.Tick();
    }

    private void LookAtRuns(FactBoard board)
    {
        var unread = new List<RunId>(); // looked at again next time, for nobody says a second time that they changed
        while (_happened.TryDequeue(out var run))
        {
            try
            {
                _runs.Look(run, board);
            }
            catch (Exception damaged) when (damaged is IOException or FormatException or DbException)
            {
                unread.Add(run);
                LogRunDamaged(damaged, run.Value); // of one run: every other goes on
            }
        }

        unread.ForEach(_happened.Enqueue);
    }

    private void LookAtServed(FactBoard board)
    {
        try
        {
            _served.Look(_lines.All, _standing.Gone, _time.GetUtcNow(), board);
        }
        catch (Exception damaged) when (damaged is IOException or FormatException)
        {
            LogDamaged(damaged); // of what sites told: every other alert goes on
        }
    }

    [LoggerMessage(1620, LogLevel.Error, "Alerts cannot be kept, or what they are about cannot be read; looked at again in {Again}")]
    private partial void LogDisk(Exception error, TimeSpan again);

    [LoggerMessage(1622, LogLevel.Error, "What sites have told of versions cannot be read; it is tried again")]
    private partial void LogDamaged(Exception error);

    [LoggerMessage(1623, LogLevel.Error, "What happened to run {Run} cannot be read; it is tried again")]
    private partial void LogRunDamaged(Exception error, string run);

    [LoggerMessage(1621, LogLevel.Critical, "A look at what alerts are about failed, by a fault in this program; it is tried again. Report this")]
    private partial void LogBroken(Exception error);
}
